"""An address for every question, made from the list of questions."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from accord_client.api import QuestionAnswer, Questions, QuestionView
from accord_ledger.domain.questions.question import Question, questions
from accord_node.http.questions.answering import answer
from accord_node.http.routes import Call, Handler, Nothing, Parameters, Route
from accord_node.http.site import Site

Flag = Annotated[int, Meta(ge=0, le=1, description="1: with proof of everything that was read")]
At = Annotated[
    str, Meta(max_length=16, description="As of a date (its 00:00 UTC) or a height; now if absent")
]
After = Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{2})*\Z", description="`next` of the page before")]


def query_of(question: Question) -> type[Parameters]:
    """The query struct: the question's parameters, and what every question takes."""
    fields: list[tuple[str, Any, Any]] = [
        (one.name, one.type, one.default) for one in msgspec.structs.fields(question.asked)
    ]
    fields.append(("at", At, ""))
    if question.paged:
        fields.append(("after", After, ""))
    if question.provable:
        fields.append(("proof", Flag, 0))
    words = question.name.title().replace("-", "")
    made: Any = msgspec.defstruct(
        f"{words}Query", fields, bases=(Parameters,), module=__name__, frozen=True, kw_only=True
    )
    query: type[Parameters] = made
    return query


def _handler(question: Question) -> Handler:
    names = [one.name for one in msgspec.structs.fields(question.asked)]

    async def handler(site: Site, call: Call[Nothing, Parameters]) -> QuestionAnswer:
        query: Any = call.query
        asked = question.asked(**{name: getattr(query, name) for name in names})
        return await answer(
            site, question, asked, at=getattr(query, "at", ""),
            after=bytes.fromhex(getattr(query, "after", "")), proof=bool(getattr(query, "proof", 0)),
        )  # fmt: skip

    return handler


async def catalogue(_: Site, __: Call[Nothing, Nothing]) -> Questions:
    """Every question there is."""
    return Questions(
        questions=[
            QuestionView(
                name=one.name, row=one.row, summary=one.summary,
                parameters=[field.name for field in msgspec.structs.fields(one.asked)],
                provable=one.provable, dated=one.dated,
            )
            for one in questions().values()
        ]
    )  # fmt: skip


_PROBLEMS: Final = (
    "OBJECT_UNKNOWN",
    "QUESTION_VALUE",
    "QUESTION_AT",
    "PAST_UNKNOWN",
    "QUESTION_TOO_LARGE",
    "QUERY_TOO_LONG",
)

ROUTES: Final = (
    Route("GET", "/v1/questions", catalogue, "Every question and its parameters", Questions),
    *(
        Route(
            "GET", f"/v1/questions/{one.name}", _handler(one), f"{one.summary} ({one.row})", QuestionAnswer, query=query_of(one),
            value=one.answer, many=one.many,
            problems=(*_PROBLEMS, *(("PROOF_NOT_READY",) if one.provable else ())),
        )
        for one in questions().values()
    ),
)  # fmt: skip
