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
from fractions import Fraction
from html import escape
from typing import Any, Final

from accord_client.badges import in_language
from accord_client.bundle import MEDIA_TYPE, Bundle
from accord_client.documents.export_facts import Exported, Loss, decimal_text
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
    "out_of_dates": ("outside its period of validity", "不在有效期内"),
    "as_of": ("as of", "截至"),
    "check": (
        "This page shows what the attached file proves. To check it yourself, save the file and run:",
        "本页内容以所附文件为证。如需自行核验，请保存文件并运行：",
    ),
    "now": ("Its status may have changed since.", "状态此后可能变化。"),
    "save": ("Save the file for verification", "保存核验文件"),
    "link": ("Look up its status now", "查询当前状态"),
    "test": ("From a test network: its time is made up.", "来自测试网络：时间为虚拟。"),
}
"""English and Chinese."""

FILE_NAME: Final = "credential.accord.json"
"""What the attached file is saved as."""

STYLE: Final = (
    ":root{color-scheme:light dark;--bad:#b00020;--focus:#06c}"
    "@media(prefers-color-scheme:dark){:root{--bad:#ff8a80;--focus:#8cf}}"
    "body{font:1.0625rem/1.6 system-ui,sans-serif;max-width:38rem;margin:0 auto;padding:1rem}main>p:first-child{margin:0}"
    "h1{font-size:1.6rem;line-height:1.3;margin:.25rem 0 1rem;overflow-wrap:anywhere}"
    "dl{margin:0}dt{font-weight:700}dd{margin:0 0 .75rem;overflow-wrap:anywhere}dd:last-child{margin:0}"
    ".bad,.test{border:3px solid var(--bad);padding:.75rem}.test{border-style:dashed}"
    ".bad dd:first-of-type{color:var(--bad);font-size:1.25rem;font-weight:700}"
    "footer{border-top:1px solid #8888;margin-top:1.5rem;padding-top:.25rem}"
    "code{display:inline-block;font-family:ui-monospace,monospace;overflow-wrap:anywhere}"
    "a{display:inline-block;overflow-wrap:anywhere}a:focus-visible{outline:3px solid var(--focus);outline-offset:2px}"
    "a[download]{border:2px solid;border-radius:.4rem;padding:.4rem .8rem}"
    "@media(min-width:36rem){dl{display:grid;grid-template-columns:max-content 1fr;gap:.5rem 1.5rem}dd{margin:0}}"
    "@media print{a[download]{display:none}}"
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
    outside = report.checks["dates"].outcome == "failed"
    page = _Page(language, report.facts, link, test, outside).render(_disclosed(package, choice), package)
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


def _plain(rational: str) -> str:
    """A number as people write it: 5/2 is 2.5, and 1/3 stays what it is."""
    number = Fraction(rational)
    return decimal_text(number) if 1000 % number.denominator == 0 else rational


@dataclass(frozen=True, slots=True)
class _Page:
    language: str
    facts: Mapping[str, Any]
    link: str | None
    test: bool
    outside: bool
    """Its dates do not hold: too early or too late."""

    def say(self, name: str) -> str:
        """A text of ours in the page's language."""
        return self.pick(*TEXTS[name])

    def pick(self, english: str, chinese: str) -> str:
        """The one of the page's language."""
        return (english, chinese)[LANGUAGES.index(self.language)]

    def aside(self, text: object, more: str) -> str:
        """A text with more in brackets, which Chinese sets full width."""
        return f"{text}{self.pick(f' ({more})', f'（{more}）')}"

    @property
    def bad(self) -> bool:
        """Nobody may rely on it, by its status or by its dates."""
        return self.outside or self.facts["status"] != "valid"

    def status(self) -> str:
        """What people must not overlook: also that a credential in force is past its dates."""
        found = str(self.facts["status"])
        name = "out_of_dates" if self.outside and found == "valid" else found
        text = self.say(name) if name in TEXTS else name
        return self.aside(text, f"{self.say('as_of')} {stamp_text(self.facts['as_of'])[:10]}")

    def rows(self, disclosed: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """What is shown, in the order people ask."""
        facts, language = self.facts, self.language
        unit = in_language(facts["unit"], language)
        rows = [
            (self.say("status"), self.status()),
            (
                self.say("issuer"),
                self.pick(", ", "、").join(in_language(item["name"], language) for item in facts["issuers"]),
            ),
        ]
        if facts["level"] is not None:
            rows.append((self.say("level"), self.aside(facts["level"], str(facts["framework"]).upper())))
        rows += [
            (self.say("credits"), f"{_plain(str(facts['credits']))} {unit}"),
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
        bad = ' class="bad"' if self.bad else ""
        link = (
            ""
            if self.link is None
            else f'<p><a href="{escape(self.link)}">{escape(self.say("link"))}</a></p>'
        )
        test = f'<p class="test">{escape(self.say("test"))}</p>' if self.test else ""
        return (
            f'<!doctype html><html lang="{self.pick("en", "zh-Hans")}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
            'base-uri \'none\'; form-action \'none\'"><meta name="referrer" content="no-referrer">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style></head><body><main{bad}>"
            f"<p>{escape(self.say('heading'))}</p><h1{self.title_language}>{escape(self.title)}</h1>{test}<dl>{items}</dl></main>"
            f"<footer><p>{escape(self.say('now'))}</p>{link}"
            f"<p>{escape(self.say('check'))} <code>accord verify {FILE_NAME}</code></p>"
            f'<p><a download="{FILE_NAME}" href="data:{MEDIA_TYPE};base64,{data}">'
            f"{escape(self.say('save'))}</a></p></footer></body></html>\n"
        )

    @property
    def title(self) -> str:
        """Title of the programme."""
        return in_language(self.facts["title"], self.language)

    @property
    def title_language(self) -> str:
        """The attribute that says so when the title is in another language than the page."""
        texts = self.facts["title"]
        other = next((tag for tag in (self.language, "en", *texts) if texts.get(tag)), self.language)
        return "" if other == self.language else f' lang="{escape(other)}"'
