"""Proof of the write-back: random work under faults and `kill -9`, and the PSA's own log compared afterwards.

`python -m tests.torture --help` is the long form; `test_torture.py` the short one.
"""
