"""What the exceptions come to: hours, money, shares. Figures of this shop's own tickets, never an industry's."""
