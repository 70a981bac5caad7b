"""Questions by name: parameters, answer, and the function between them.

    @question("coverage", "Q-B2", "Mutual recognition against the 80 % goal", proved=False)
    def coverage(read: Reading, asked: CoverageAsked) -> Coverage: ...

Parameters and answer are read off the function. Interfaces (addresses, SDK, command line, documentation)
are made from this list, so a question that is here is everywhere.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

from msgspec import Meta

from accord_ledger import calendar
from accord_ledger.codec import Wire
from accord_ledger.domain.questions.reading import QuestionError, Reading
from accord_ledger.errors import Rejection
from accord_ledger.fields import Slug

HexId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
"""A 16-byte id in hex."""

HexKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""A 32-byte id in hex."""

Reference = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}(?:@[1-9][0-9]{0,6})?\Z")]
"""``uu-ds@1``: an id and a version; without one, the version in force."""


class Asked(Wire):
    """Base of parameters: text and whole numbers, so that an address can hold them."""


F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Question:
    """One question."""

    name: str
    row: str
    """Of DOMAIN.md section 5, or the row of section 1 that asks for the report."""
    summary: str
    read: Callable[[Reading, Any], Any]
    asked: type[Asked]
    answer: type[Wire]
    """The struct of the answer, or of each item."""
    many: bool
    """The answer is a list of them."""
    provable: bool
    """It reads state by key and rows by name only, so a client can repeat it on proved values."""
    dated: bool
    """What it reads carries its times, so that its answer for an earlier moment can be computed from the newest
    state, and be proved; the answer's notes say what that does not tell. Any question answers for an earlier
    moment over the state of then."""
    paged: bool
    report: tuple[str, str] | None
    """Heading of a report, in Chinese and English; None for a question that is none."""

    def run(self, read: Reading, asked: Asked) -> Any:
        """The answer.

        Raises:
            QuestionError: ``OBJECT_UNKNOWN``, ``QUESTION_VALUE`` or ``QUESTION_AT``.
        """
        if read.at > read.ctx.time:
            raise QuestionError("QUESTION_AT", f"expected a moment up to {read.ctx.time}", path="at")
        if read.past and not self.dated:
            detail = "expected the state of that moment: the newest does not tell what this asks"
            raise QuestionError("QUESTION_AT", detail, path="at")
        try:
            return self.read(read, asked)
        except Rejection as rejection:
            # a name that leads nowhere, or a date that does not exist, in the words of the rules
            raise QuestionError(
                "OBJECT_UNKNOWN" if rejection.code == "E_UNKNOWN_REF" else "QUESTION_VALUE",
                f"{rejection.code}: {rejection.detail}",
                path=rejection.path,
            ) from rejection


_found: dict[str, Question] = {}
_PACKAGE: Final = "accord_ledger.domain.questions"


def question(
    name: str,
    row: str,
    summary: str,
    *,
    provable: bool = True,
    dated: bool = True,
    paged: bool = False,
    report: tuple[str, str] | None = None,
) -> Callable[[F], F]:
    """Decorator that puts a function on the list; see :class:`Question` for the arguments."""

    def register(read: F) -> F:
        hints = get_type_hints(read)
        answer = hints["return"]
        many = get_origin(answer) is list
        if name in _found:
            raise ValueError(f"question {name} is declared twice")
        _found[name] = Question(
            name=name, row=row, summary=summary, read=read, asked=hints["asked"],
            answer=get_args(answer)[0] if many else answer, many=many, provable=provable,
            dated=dated, paged=paged, report=report,
        )  # fmt: skip
        return read

    return register


@lru_cache(maxsize=1)
def questions() -> Mapping[str, Question]:
    """Every question by name."""
    package = importlib.import_module(_PACKAGE)
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{_PACKAGE}.{module}")
    return dict(sorted(_found.items()))


def moment_of(text: str) -> int | None:
    """UTC seconds of a date (its midnight, DOMAIN.md 2.2); None for anything that is no date.

    Raises:
        QuestionError: ``QUESTION_AT``: a date that does not exist.
    """
    if len(text) != len("YYYY-MM-DD") or "-" not in text:
        return None
    try:
        return calendar.midnight(calendar.parse_date(text))
    except Rejection as rejection:
        raise QuestionError("QUESTION_AT", rejection.detail, path="at") from rejection


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment a question is about, as it is asked: a date, a height, or neither (now)."""

    date: int | None = None
    """UTC seconds of its midnight: the ledger after the last block up to then, judged at that midnight."""
    height: int | None = None
    """The ledger after that block, at its time."""

    @classmethod
    def read(cls, text: str) -> Moment:
        """From a date or a height; empty: now.

        Raises:
            QuestionError: ``QUESTION_AT``.
        """
        if not text:
            return cls()
        date = moment_of(text)
        if date is None and not (text.isdecimal() and len(text) < 16 and str(int(text) or "") == text):
            raise QuestionError("QUESTION_AT", "expected a date YYYY-MM-DD or a height from 1 on", path="at")
        return cls(date, None if date is not None else int(text))

    @property
    def given(self) -> bool:
        """Whether an earlier moment was asked about."""
        return self.date is not None or self.height is not None


def split_reference(text: Reference) -> tuple[Slug, int | None]:
    """Id and version; None: the version in force."""
    name, _, version = text.partition("@")
    return name, int(version) if version else None
