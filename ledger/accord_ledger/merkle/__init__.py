"""RFC 6962 Merkle trees: roots, inclusion and consistency proofs, and C2SP tiles.

Nothing here knows what a leaf means. Proofs are made by ``*_proof`` and judged by ``check_*``; what is
judged may come from anyone.
"""
