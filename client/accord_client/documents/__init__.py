"""The documents learners hold: JSON forms, keys in documents, proofs, Open Badges.

Nothing here knows of nodes or sockets, and nothing is ever fetched: what is needed to judge a document
is an argument.
"""
