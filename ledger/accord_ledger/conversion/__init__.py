"""What a recognition grants: exact amounts, one rounding, caps and minimums (DOMAIN.md 2.3).

Every rule kind first gives an *exact* amount (:mod:`accord_ledger.conversion.ratio`,
:mod:`accord_ledger.conversion.whole`); :func:`accord_ledger.conversion.grant.grant` then rounds it down
once, to the quantum of the target framework. Caps round down and minimum thresholds round up
(:mod:`accord_ledger.conversion.caps`). All functions are pure and take and give fractions.
"""
