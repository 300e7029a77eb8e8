"""What is counted from the journal and the cache: hours, money, shares, times; for the report and the screen.

Figures of this shop's own tickets, never an industry's.
"""
