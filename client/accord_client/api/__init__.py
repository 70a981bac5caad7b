"""The wire shapes of the HTTP interface, shared by node and client (the OpenAPI schema is made of them).

Answers are JSON. What the ledger holds (``value``, ``seal``, ``body``) is shown whole, defaults included,
with every byte string in lowercase hex; canonical bytes that someone verifies (entries, proofs,
certificates) are base64. Every answer that states a fact of the ledger carries the position it was read
at. Requests may also be MessagePack, where bytes are bytes.
"""

from __future__ import annotations

from accord_client.api.base import Position, Shape
from accord_client.api.proofs import (
    MAX_PROVED_KEYS,
    ConsistencyProof,
    InclusionProof,
    ProvedValue,
    StateProof,
    StateProofs,
    StateProofsRequest,
)
from accord_client.api.questions import (
    AnswerProof,
    AskedAt,
    DryRunRequest,
    QuestionAnswer,
    Questions,
    QuestionView,
    Trusted,
)
from accord_client.api.reading import (
    BlockView,
    CredentialFact,
    CredentialView,
    EvidenceListing,
    Fact,
    FinalBlock,
    Listing,
    NodeStatus,
    Problem,
    RecordAnswer,
    RecordListing,
    RecordView,
    Row,
)
from accord_client.api.submission import (
    MAX_BULK,
    MAX_JSON_BYTES,
    MAX_REQUEST_BYTES,
    ClockRequest,
    ClockState,
    SignedRejection,
    SubmitRequest,
    SubmitResponse,
    SubmitResult,
)

__all__ = [
    "MAX_BULK",
    "MAX_JSON_BYTES",
    "MAX_PROVED_KEYS",
    "MAX_REQUEST_BYTES",
    "AnswerProof",
    "AskedAt",
    "BlockView",
    "ClockRequest",
    "ClockState",
    "ConsistencyProof",
    "CredentialFact",
    "CredentialView",
    "DryRunRequest",
    "EvidenceListing",
    "Fact",
    "FinalBlock",
    "InclusionProof",
    "Listing",
    "NodeStatus",
    "Position",
    "Problem",
    "ProvedValue",
    "QuestionAnswer",
    "QuestionView",
    "Questions",
    "RecordAnswer",
    "RecordListing",
    "RecordView",
    "Row",
    "Shape",
    "SignedRejection",
    "StateProof",
    "StateProofs",
    "StateProofsRequest",
    "SubmitRequest",
    "SubmitResponse",
    "SubmitResult",
    "Trusted",
]
