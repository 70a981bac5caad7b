"""The authenticated map of the ledger's state: one root for all keys, proofs of presence and absence."""

from accord_ledger.authmap.map import AuthMap, diff
from accord_ledger.authmap.proof import (
    MapProof,
    check_absence,
    check_path_absence,
    check_path_presence,
    check_presence,
)
from accord_ledger.authmap.subtree import EMPTY_ROOT, path_of, value_digest

__all__ = [
    "EMPTY_ROOT",
    "AuthMap",
    "MapProof",
    "check_absence",
    "check_path_absence",
    "check_path_presence",
    "check_presence",
    "diff",
    "path_of",
    "value_digest",
]
