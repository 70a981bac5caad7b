"""The invariants of DOMAIN.md 2.11, watched block by block over what replay wrote.

Nothing here asks the rules whether they hold: sums, spends, caps and cycles are worked out again from the
rows that the blocks left behind.
"""
