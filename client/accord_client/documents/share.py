"""The file a learner gives to an employer: one HTML page that needs no network and no scripts.

It shows what the ledger says - title, issuer, status, level, credits, validity - and, of the learner's own
documents, only those the learner chose; the others are in it as commitments. The share package itself is
attached, so whoever reads the page can judge it (``accord verify``); the page alone proves nothing, and
says so. Everything from outside is escaped, and the page forbids itself to load anything.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from accord_client.badges import in_language
from accord_client.bundle import MEDIA_TYPE, Bundle
from accord_client.documents.export_facts import Exported, Loss
from accord_client.documents.timestamps import stamp_text
from accord_client.verify import Report
from accord_ledger.errors import DecodeError

LANGUAGES: Final = ("en", "zh")

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "heading": ("A micro-credential", "微证书"),
    "status": ("Status", "状态"),
    "issuer": ("Issuer", "颁发机构"),
    "level": ("Level", "等级"),
    "credits": ("Credits", "学分"),
    "issued": ("Issued", "颁发日期"),
    "until": ("Valid until", "有效期至"),
    "no_end": ("no end", "长期有效"),
    "name": ("Awarded to", "获得者"),
    "grade": ("Grade", "成绩"),
    "valid": ("valid", "有效"),
    "suspended": ("suspended", "已暂停"),
    "revoked": ("REVOKED", "已撤销"),
    "replaced": ("REPLACED by another credential", "已被替换"),
    "needs_confirmation": ("waits for the issuer's confirmation", "待颁发机构确认"),
    "as_of": ("as of", "截至"),
    "check": (
        "This page shows what the attached file proves. To check it yourself, save the file and run: accord verify FILE",
        "本页内容以所附文件为证。如需自行核验，请保存文件并运行：accord verify 文件",
    ),
    "now": ("Its status may have changed since.", "状态此后可能变化。"),
    "save": ("Save the file for verification", "保存核验文件"),
    "link": ("Look up its status now", "查询当前状态"),
    "test": ("From a test network: its time is made up.", "来自测试网络：时间为虚拟。"),
}
"""English and Chinese."""

STYLE: Final = (
    ":root{color-scheme:light dark}body{font:1.0625rem/1.6 system-ui,sans-serif;max-width:38rem;margin:0 auto;padding:1rem}"
    "h1{font-size:1.5rem;line-height:1.3;overflow-wrap:anywhere}dt{font-weight:600}dd{margin:0 0 .75rem;overflow-wrap:anywhere}"
    ".bad{border:3px solid #c00;padding:.5rem .75rem}.note{border-top:1px solid #8886;padding-top:1rem}"
    "a{overflow-wrap:anywhere}a:focus-visible{outline:3px solid #06c}"
)


@dataclass(frozen=True, slots=True)
class ShareChoice:
    """What the learner wants shown besides what the ledger says."""

    documents: tuple[int, ...] = ()
    """Positions of the documents to open; the others stay closed."""
    name: bool = False
    """Show the learner's name, out of an opened badge."""
    grade: bool = False
    """Show the grade, out of an opened badge."""


def export_share(
    bundle: Bundle,
    report: Report,
    choice: ShareChoice,
    *,
    language: str = "en",
    link: str | None = None,
    test: bool = False,
) -> Exported:
    """The page.

    Args:
        bundle: the learner's own, whole.
        report: what the verification of the *whole* bundle found; it must not be invalid.
        choice: what the learner discloses.
        language: ``en`` or ``zh``.
        link: a share link, for the status of later days.
        test: the network's clock is a scripted one.

    Raises:
        DecodeError: ``SHARE_INVALID`` (a bundle that does not verify has no page), ``SHARE_CHOICE``
            (a document that is not there, or a name out of one that stays closed) or ``SHARE_LANGUAGE``.
    """
    if language not in LANGUAGES:
        raise DecodeError("SHARE_LANGUAGE", f"expected one of {', '.join(LANGUAGES)}, got {language[:20]!r}")
    if not report.facts or any(
        check.outcome == "failed" and check.name not in ("status", "dates")
        for check in report.checks.values()
    ):
        raise DecodeError("SHARE_INVALID", "expected a bundle whose evidence verifies")
    package = _package(bundle, choice)
    page = _Page(language, report.facts, link, test).render(_disclosed(package, choice), package)
    return Exported("text/html", ".share.html", page.encode(), _losses(package))


def _package(bundle: Bundle, choice: ShareChoice) -> Bundle:
    if any(not 0 <= place < len(bundle.documents) for place in choice.documents):
        raise DecodeError(
            "SHARE_CHOICE", f"expected positions below {len(bundle.documents)}", path="documents"
        )
    return bundle.share(choice.documents)


def _disclosed(package: Bundle, choice: ShareChoice) -> list[tuple[str, str]]:
    """What people chose to show, taken from a document that the package opens."""
    subjects = [
        document.content["credentialSubject"]
        for document in package.documents
        if document.opened and isinstance(document.content, dict) and "credentialSubject" in document.content
    ]
    shown = []
    for name, wanted, read in (("name", choice.name, _name), ("grade", choice.grade, _grade)):
        found = next((text for text in map(read, subjects) if text), None) if wanted else None
        if wanted and found is None:
            raise DecodeError("SHARE_CHOICE", "expected an opened badge that states it", path=name)
        if found is not None:
            shown.append((name, found))
    return shown


def _name(subject: dict[str, Any]) -> str | None:
    return next(
        (str(item["identityHash"]) for item in _items(subject, "identifier") if item.get("hashed") is False),
        None,
    )


def _grade(subject: dict[str, Any]) -> str | None:
    return next((str(item["value"]) for item in _items(subject, "result") if "value" in item), None)


def _items(holder: dict[str, Any], name: str) -> list[dict[str, Any]]:
    given = holder.get(name, [])
    return [item for item in (given if isinstance(given, list) else [given]) if isinstance(item, dict)]


def _losses(package: Bundle) -> tuple[Loss, ...]:
    closed = sum(not document.opened for document in package.documents)
    return (
        (Loss("documents", f"{closed} of {len(package.documents)} stay closed, as chosen"),) if closed else ()
    )


@dataclass(frozen=True, slots=True)
class _Page:
    language: str
    facts: Mapping[str, Any]
    link: str | None
    test: bool

    def say(self, name: str) -> str:
        """A text of ours in the page's language."""
        return TEXTS[name][LANGUAGES.index(self.language)]

    def rows(self, disclosed: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """What is shown, in the order people ask."""
        facts, language = self.facts, self.language
        status = TEXTS.get(str(facts["status"]), (facts["status"],) * 2)[LANGUAGES.index(language)]
        unit = in_language(facts["unit"], language)
        rows = [
            (self.say("status"), f"{status} ({self.say('as_of')} {stamp_text(facts['as_of'])[:10]})"),
            (self.say("issuer"), ", ".join(in_language(item["name"], language) for item in facts["issuers"])),
        ]
        if facts["level"] is not None:
            rows.append((self.say("level"), f"{facts['level']} ({str(facts['framework']).upper()})"))
        rows += [
            (self.say("credits"), f"{str(facts['credits']).removesuffix('/1')} {unit}"),
            (self.say("issued"), stamp_text(facts["issued_at"])[:10]),
            (self.say("until"), facts["valid_until"] or self.say("no_end")),
        ]
        return [*rows, *((self.say(name), text) for name, text in disclosed)]

    def render(self, disclosed: list[tuple[str, str]], package: Bundle) -> str:
        """The HTML."""
        items = "".join(
            f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in self.rows(disclosed)
        )
        data = base64.b64encode(package.to_json()).decode()
        bad = "" if self.facts["status"] == "valid" else ' class="bad"'
        link = (
            ""
            if self.link is None
            else f'<p><a href="{escape(self.link)}">{escape(self.say("link"))}</a></p>'
        )
        test = f'<p class="bad">{escape(self.say("test"))}</p>' if self.test else ""
        return (
            f'<!doctype html><html lang="{self.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
            'base-uri \'none\'; form-action \'none\'"><meta name="referrer" content="no-referrer">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style></head><body><main{bad}>"
            f"<p>{escape(self.say('heading'))}</p><h1>{escape(self.title)}</h1>{test}<dl>{items}</dl></main>"
            f'<footer class="note"><p>{escape(self.say("check"))}</p><p>{escape(self.say("now"))}</p>{link}'
            f'<p><a download="credential.accord.json" href="data:{MEDIA_TYPE};base64,{data}">'
            f"{escape(self.say('save'))}</a></p></footer></body></html>\n"
        )

    @property
    def title(self) -> str:
        """Title of the programme."""
        return in_language(self.facts["title"], self.language)
