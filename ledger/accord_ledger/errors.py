"""Every error of the core, by whose fault it is.

    AccordError
    ├── DecodeError      bytes that are not what they claim to be      (their data is bad)
    ├── ProofError       a proof or signature that does not verify     (their claim is false)
    ├── Rejection        a record that breaks a rule of the ledger     (their request is refused)
    └── FatalError       our own state contradicts a certified one     (stop; nothing in memory is trusted)

Misuse by our own programmer is a ``ValueError`` or ``RuntimeError`` and never part of this tree.
Every error carries a stable ``code`` that callers may compare; the words beside it may change.
"""

from __future__ import annotations

from collections.abc import Mapping


class AccordError(Exception):
    """A failure with a stable code.

    Attributes:
        code: stable identifier, upper case; the only part callers may compare.
        detail: what was expected and what came, for people.
        path: where in the input it was found (``body.items[0].path``), or empty.
    """

    def __init__(self, code: str, detail: str = "", *, path: str = "") -> None:
        self.code = code
        self.detail = detail
        self.path = path
        super().__init__(code, detail, path)

    def __str__(self) -> str:
        place = f" at {self.path}" if self.path else ""
        return f"{self.code}{place}: {self.detail}" if self.detail else f"{self.code}{place}"


class DecodeError(AccordError):
    """Bytes that are truncated, oversized, not canonical, too deep or of the wrong type."""


class ProofError(AccordError):
    """A Merkle proof, map proof, signature or certificate that does not verify."""


class Rejection(AccordError):  # noqa: N818 - the domain's word for it (DOMAIN.md 2.9)
    """A record that breaks a rule; the code is one of DOMAIN.md 2.9 and no state has changed.

    Attributes:
        facts: the numbers behind the refusal by name (``have``, ``asked``, ``cap`` ...), as exact
            rationals; for whoever asks before submitting (DOMAIN.md section 5, Q-R1), never for rules.
    """

    def __init__(
        self, code: str, detail: str = "", *, path: str = "", facts: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code, detail, path=path)
        self.facts: Mapping[str, str] = facts or {}


class FatalError(AccordError):
    """A contradiction after which the process stops rather than guess at its state."""
