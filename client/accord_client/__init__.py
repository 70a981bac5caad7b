"""Working with an Accord ledger from outside: SDK, proofs, bundles, offline verification, command line.

Nothing a node says is believed unchecked: :mod:`accord_client.trust` is the pin everything is judged by.
"""
