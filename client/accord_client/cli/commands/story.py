"""``accord story``: everything that ever happened to one credential, each step proved before it is printed."""

from __future__ import annotations

import os

import click
from rich.console import Console

from accord_client.cli.connection import OBJECT_ID, Link, connected
from accord_client.cli.output import clean, emit, facts
from accord_client.codes.catalogue import language_of_locale
from accord_client.documents.timestamps import stamp_text
from accord_client.story.model import Step, StepSigner, Story
from accord_client.story.words import FACTS, STEPS, WORDS, Language, said

EXIT_NOT_PROVED = 1


@click.command()
@click.argument("batch", type=OBJECT_ID)
@click.argument("index", type=click.IntRange(0, 2**17 - 1))
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Of the text; that of the locale if not said.")
@connected
@click.pass_context
def command(ctx: click.Context, link: Link, batch: bytes, index: int, lang: Language | None) -> None:
    """Tell what became of a credential, from the approval of its programme to today.

    Who was authorised then, under which agreement it was recognised, what it gave and what rounding took,
    and what happened later. Every step names its record and was proved against your pin; what could not be
    proved is only named, as "not proved". Exit code: 0 all of it proved, 1 not all.
    """
    with link.client() as client:
        story = client.story(batch, index)
    language = lang or language_of_locale(
        *(os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    )
    emit(story.to_plain(), lambda out: show(out, story, language))
    ctx.exit(0 if story.complete else EXIT_NOT_PROVED)


def show(out: Console, story: Story, language: Language) -> None:
    """Print a story for people."""
    title = story.title.get(language) or next(iter(story.title.values()), "")
    name = f"{said(WORDS, 'title', language)} {story.batch_id.hex()}/{story.index}"
    out.print(f"{name}: {clean(title)}", style="bold", markup=False, soft_wrap=True)
    for step in story.steps:
        _show_step(out, step, language)
    for one in story.unproved:
        out.print()
        text = f"{said(WORDS, 'not_proved', language)}: {clean(one.name)}"
        out.print(text, style="bold red", markup=False, soft_wrap=True)
        facts(out, [(one.code, clean(one.detail))])
    out.print()
    _show_now(out, story, language)


def _show_step(out: Console, step: Step, language: Language) -> None:
    out.print()
    head = f"{stamp_text(step.time)}  {said(STEPS, step.name, language)}"
    out.print(head, style="bold", markup=False, soft_wrap=True)
    rows = [
        (said(FACTS, name, language), _value(value, language)) for name, value in step.facts.items() if value
    ]
    if step.place is None:
        rows.append((said(WORDS, "evidence", language), said(WORDS, step.evidence, language)))
    else:
        place = step.place
        block, index = said(WORDS, "block", language), said(WORDS, "index", language)
        rows += [(said(WORDS, "by", language), step.author)]
        rows += [(said(WORDS, "signed", language), _signer(signer, language)) for signer in step.signers]
        rows += [
            (
                said(WORDS, "record", language),
                f"{place.tx_id.hex()}, {index} {place.index}, {block} {place.height}",
            )
        ]
    facts(out, rows)


def _value(value: str, language: Language) -> str:
    return said(WORDS, value, language) if value in ("yes", "no") else clean(value)


def _signer(signer: StepSigner, language: Language) -> str:
    who = f"{signer.party} {', '.join(signer.purposes)}" if signer.party else said(WORDS, "holder", language)
    since = signer.compromised_since
    later = "" if since is None else f"; {said(WORDS, 'compromised', language)}: {stamp_text(since)}"
    return f"{who} ({signer.key_id.hex()[:16]}){later}"


def _show_now(out: Console, story: Story, language: Language) -> None:
    block = said(WORDS, "block", language)
    facts(
        out,
        [
            (said(WORDS, "now", language), story.status),
            (said(WORDS, "live", language), ", ".join(story.live) or said(WORDS, "none", language)),
            (said(WORDS, "erased", language), said(WORDS, "yes" if story.erased else "no", language)),
            (said(WORDS, "proved_at", language), f"{block} {story.height}, {stamp_text(story.time)}"),
            ("", f"{len(story.steps)} {said(WORDS, 'steps', language)}"),
        ],
    )
