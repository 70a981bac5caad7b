"""``accord errors``: what a code means and what to do about it."""

from __future__ import annotations

import click
from rich.console import Console

from accord_client.cli import output
from accord_client.cli.output import emit, facts, json_option, table
from accord_client.codes.catalogue import LANGUAGES, CodeText, Language, catalogue, text_of
from accord_client.codes.kinds import COMMON, kinds_giving
from accord_client.errors import NotFoundError


@click.command("errors")
@click.argument("code", required=False)
@click.option("--language", type=click.Choice(LANGUAGES), help="Instead of the locale's.")
@json_option
def command(code: str | None, language: Language | None) -> None:
    """What CODE means, what to do about it, and which transactions give it; without CODE: all of them."""
    chosen = language or output.language()
    if code is None:
        texts = list(catalogue().values())
        rows = [(text.code, text.meaning(chosen)) for text in texts]
        emit([_value(text, chosen) for text in texts], lambda out: table(out, ("code", "meaning"), rows))
        return
    text = text_of(code.strip().split("(")[0].upper())
    if text is None:
        raise NotFoundError("CODE_UNKNOWN", f"expected a code of this release, got {code[:60]}")
    value = _value(text, chosen)
    emit(value, lambda out: _show(out, value))


def _value(text: CodeText, language: Language) -> dict[str, str | list[str]]:
    own = [kind.name for kind in kinds_giving(text.code)]
    return {
        "code": text.code,
        "family": text.family.titles[language],
        "meaning": text.meaning(language),
        "advice": text.advice(language),
        "kinds": ["*"] if text.code in COMMON else own,
    }


def _show(out: Console, value: dict[str, str | list[str]]) -> None:
    shown = [(name, " ".join(text) if isinstance(text, list) else text) for name, text in value.items()]
    facts(out, [(name, text) for name, text in shown if text])
