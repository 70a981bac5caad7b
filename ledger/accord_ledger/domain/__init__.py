"""The rules: what every transaction kind may say, who signs it, what is checked and what it writes.

One file in ``kinds/`` per family of transactions; adding a kind is adding one class there. Shared state
shapes live in ``model/``; the order of checks every kind goes through lives in ``pipeline``.
"""
