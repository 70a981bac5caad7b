"""``docs/errors.md``, ``docs/errors.zh.md`` and ``docs/transactions.md``, made of the software itself.

    python -m accord_client.codes [FOLDER]     writes the three pages (``make docs``)

A test compares the committed pages with what is made here.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final

import msgspec

from accord_client.codes.catalogue import CodeText, Language, catalogue
from accord_client.codes.kinds import COMMON, kinds_giving, kinds_in_order
from accord_ledger.domain.kind import Body, TransactionKind

_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "title": "Codes",
        "head": (
            "Every stable code that the software gives, what it means and what the sender should do. Only the\n"
            "code is for programs; the words beside it may change. The same texts are shown by `accord errors CODE`\n"
            "and in the HTTP interface's problem documents (`Accept-Language: en` or `zh`). The codes of the ledger's\n"
            "rules come first: a record that breaks one is refused as a whole and changes nothing. (中文版：\n"
            "[errors.zh.md](errors.zh.md))"
        ),
        "code": "Code", "meaning": "Meaning", "advice": "What to do", "kinds": "Given by",
        "all": "every kind", "none": "receipts", "made": "Made by `make docs`; do not edit.",
    },
    "zh": {
        "title": "代码表",
        "head": (
            "本软件给出的全部稳定代码、其含义以及提交方应如何处理。程序只应比较代码本身，旁边的文字可能改动。\n"
            "同样的文字也见于 `accord errors CODE` 和 HTTP 接口的问题文档（`Accept-Language: en` 或 `zh`）。\n"
            "账本规则的代码在最前：违反规则的记录整条被拒，账本不作任何改变。（English: [errors.md](errors.md)）"
        ),
        "code": "代码", "meaning": "含义", "advice": "如何处理", "kinds": "由何种交易给出",
        "all": "所有交易", "none": "回执", "made": "由 `make docs` 生成，请勿手工修改。",
    },
}  # fmt: skip

_WEIGHTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("T16",), "16 + 2 x required courses + 8 x live spends inherited"),
    **dict.fromkeys(("T17",), "8 + 2 x ranges + 8 x (live spends hit + awards resting on them)"),
    **dict.fromkeys(("T22", "T24"), "16 + parties + 2 x rules"),
    "T47": "16 + 2 x rules",
    **dict.fromkeys(
        ("T23", "T25"), "16; on activation or join + 2 x rules + nodes and edges of the ratio graph"
    ),
    **dict.fromkeys(("T27", "T29"), "16 + 12 x items + 2 x targets"),
    **dict.fromkeys(("T28", "T31"), "8 + 4 x items of the recognition; restacking as T30, revoking as T17"),
    "T30": "24 + 12 x components + 2 x live recognitions",
    "T32": "8 + programmes",
    "T33": "24",
}
"""Rows of DOMAIN.md 2.12 whose kinds only refer to it; all others weigh 8."""


def errors_page(language: Language) -> str:
    """The catalogue of codes in one language."""
    words = _WORDS[language]
    return "\n".join([f"# {words['title']}", "", words["head"], "", words["made"], *_families(language), ""])


def _families(language: Language) -> Iterator[str]:
    words = _WORDS[language]
    for family, texts in groupby(catalogue().values(), key=lambda text: text.family):
        domain = family.area == "domain"
        columns = [words["code"], words["meaning"], words["advice"], *[words["kinds"]] * domain]
        yield f"\n## {family.titles[language]}\n"
        yield f"| {' | '.join(columns)} |"
        yield "|---" * len(columns) + "|"
        for text in texts:
            cells = [
                f"`{text.code}{'...' * text.code.endswith('_')}`",
                text.meaning(language),
                text.advice(language),
            ]
            yield f"| {' | '.join([*cells, *[_given_by(text, words)] * domain])} |"


def _given_by(text: CodeText, words: Mapping[str, str]) -> str:
    if text.code in COMMON:
        return words["all"]
    rows = dict.fromkeys(kind.row for kind in kinds_giving(text.code))
    return ", ".join(rows) or (words["none"] if text.code.startswith("W_") else "–")


def transactions_page() -> str:
    """The catalogue of transaction kinds."""
    return "\n".join([_TRANSACTIONS, *(line for kind in kinds_in_order() for line in _kind(kind)), ""])


_TRANSACTIONS: Final = f"""# Transaction kinds

Every kind the ledger knows, by its row in DOMAIN.md 2.4: who signs, what it weighs besides 10 for each
signature, which codes of its own it can be refused with ([errors.md](errors.md) explains them), and the fields
of its body. Every kind can also give {", ".join(f"`{code}`" for code in sorted(COMMON))}.
Fields marked * may be left out. Every body also has `sign_by`*: until when (UTC seconds) signatures over the
body alone count.

Made by `make docs`; do not edit."""


def _kind(kind: TransactionKind[Any, Any]) -> Iterator[str]:
    yield f"\n## {kind.row} `{kind.name}`\n"
    if kind.in_genesis:
        yield (
            "- A genesis document may hold it."
            if kind.as_transaction
            else "- Only a genesis document holds it."
        )
    yield f"- Signed by: {_first_line(type(kind).signers)}"
    yield f"- Weight: {_weight(kind)}"
    yield f"- Own codes: {', '.join(f'`{code}`' for code in dict.fromkeys(kind.errors)) or 'none'}"
    yield f"- Body: {', '.join(_fields(kind.body))}"


def _first_line(method: Any) -> str:
    text = (inspect.getdoc(method) or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")
    return text.replace(":meth:", "").strip()


def _weight(kind: TransactionKind[Any, Any]) -> str:
    said = _first_line(type(kind).weight)
    return f"{_WEIGHTS.get(kind.row, '8')}." if "DOMAIN.md" in said else said


def _fields(body: type[Body]) -> Iterator[str]:
    for field in msgspec.structs.fields(body):
        if field.name != "sign_by":
            yield f"`{field.encode_name}`" + "*" * (not field.required)
