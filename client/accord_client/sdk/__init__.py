"""The Python SDK: one client for several nodes, async first, with a synchronous facade.

    async with AccordClient(urls, Trust.from_genesis(file)) as client:
        receipt = await client.submit(author.sign(open_enrolment(...)))
        programme = await client.programme("uu-ds")

Answers that matter come with proofs and are checked against the pin before they are returned; nodes are
interchangeable, so whatever one of them fails at is asked of the next.
"""

from __future__ import annotations

from accord_client.sdk.answers import Answer, Receipt
from accord_client.sdk.client import AccordClient
from accord_client.sdk.sync import AccordClientSync
from accord_client.sdk.transport import Transport

__all__ = ["AccordClient", "AccordClientSync", "Answer", "Receipt", "Transport"]
