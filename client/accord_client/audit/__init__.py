"""Auditing a ledger: everything a node's log claims, checked again by somebody who trusts only genesis."""
