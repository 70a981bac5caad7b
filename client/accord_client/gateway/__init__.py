"""The gateway an institution runs beside its own keys: standard protocols in, signed documents out.

W3C VC-API, OpenID4VCI 1.0 and OpenID4VP 1.0 (FORMATS.md section 6). It never runs on a node's host, because
it holds institution keys (DESIGN.md section 3); it needs no node. What it signs is a document by the
institution; that a credential stands on the ledger is said by a bundle and judged by ``accord verify``.
"""
