"""The questions of DOMAIN.md section 5 and the reports for auditors: pure computation over what the ledger says.

A question is a function from a :class:`~accord_ledger.domain.questions.reading.Reading` and its parameters
to an answer. A node runs it over its database; a client runs the very same function again over the values
that the node proved, and believes only what comes out the same.
"""
