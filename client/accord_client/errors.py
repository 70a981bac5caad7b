"""What can go wrong between a client and the nodes, by whose fault it is.

AccordError
├── ProofError
│   └── TrustError          an answer that the pin does not support        (do not believe it)
│       └── ForkError       two believed checkpoints that contradict       (evidence; tell everyone)
└── ClientError
    ├── NodeError           no node gave a usable answer                   (try again later)
    │   └── StaleError      every answer was older than the caller allows
    ├── NotFoundError       a node says there is no such thing
    ├── RefusedError        a node refuses the request                     (fix it)
    │   └── RejectedError   the ledger's rules refuse the record
    ├── NotFinalError       a record is accepted and not final yet         (ask again, same bytes)
    └── ExpiredError        a record did not become final in its lifetime  (make a new one)
"""

from __future__ import annotations

from accord_client.api import SignedRejection, SubmitResult
from accord_ledger.errors import AccordError, ProofError


class TrustError(ProofError):
    """An answer that the verifier's own pin does not support."""


class ForkError(TrustError):
    """Two checkpoints of one size with different roots, both with a quorum: more than f members lied.

    Attributes:
        believed: the note that was believed before.
        conflicting: the note that contradicts it.
    """

    def __init__(self, detail: str, *, believed: bytes, conflicting: bytes) -> None:
        super().__init__("TRUST_FORK", detail)
        self.believed = believed
        self.conflicting = conflicting


class ClientError(AccordError):
    """A request that did not succeed."""


class NodeError(ClientError):
    """No node gave an answer that can be used.

    Attributes:
        failures: what each node did, in the order they were asked: (URL, why).
    """

    def __init__(self, code: str, detail: str, *, failures: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(code, detail)
        self.failures = failures


class StaleError(NodeError):
    """The newest state that any node could prove is older than the caller allows."""


class NotFoundError(ClientError):
    """A node says that there is no such thing; only a proof of absence makes that certain."""


class RefusedError(ClientError):
    """A node refuses the request as it is; another node would too."""


class RejectedError(RefusedError):
    """The rules of the ledger refuse a record; ``code`` is one of DOMAIN.md 2.9.

    Attributes:
        rejection: the node's signed word, if it gave one.
    """

    def __init__(
        self, code: str, detail: str = "", *, path: str = "", rejection: SignedRejection | None = None
    ) -> None:
        super().__init__(code, detail, path=path)
        self.rejection = rejection

    @classmethod
    def of(cls, result: SubmitResult) -> RejectedError:
        """The error for a rejected record."""
        return cls(result.code, result.detail, path=result.path, rejection=result.rejection)


class ExpiredError(ClientError):
    """A record whose ``expires`` passed before it became final: it never will; make a new one."""


class NotFinalError(ClientError):
    """A record that was accepted and did not become final in the time the caller gave."""
