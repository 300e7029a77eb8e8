"""Tickets in which every kind is planted, with near misses: `python -m tests.corpus` says what is found of them."""
