"""What a learner gives to an employer: a file that shows what was chosen and nothing else, and links."""

from __future__ import annotations

import base64
import re
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_client.badges import programme_facts
from accord_client.bundle import Bundle, parse_bundle
from accord_client.documents.open_badge_facts import ResultScale
from accord_client.documents.share import ShareChoice, export_share
from accord_client.documents.share_link import SharedCredential, parse_share_link, share_link
from accord_client.verify import Report, verify_bundle
from accord_ledger.domain.kinds.status import StatusBody
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_ledger.errors import AccordError
from client_ledger import ISSUE_TIME, ClientLedger, issued

AT = ISSUE_TIME + 100


def held() -> tuple[Bundle, Report]:
    ledger, batch, record = issued()
    bundle = ledger.export(batch, 3, record)
    return bundle, verify_bundle(bundle, ledger.trust, at=AT)


class Page(HTMLParser):
    """What a reader without scripts sees, and every address in the page."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("href", "src", "action", "srcset")
        ]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def attached(page: Page) -> Bundle:
    [data] = [address for address in page.addresses if address.startswith("data:")]
    return parse_bundle(base64.b64decode(data.partition("base64,")[2]))


def learner_of(bundle: Bundle) -> str:
    [name] = [
        item["identityHash"]
        for item in bundle.documents[0].content["credentialSubject"]["identifier"]
        if not item["hashed"]
    ]
    return str(name)


def test_a_page_shows_the_ledger_and_no_person() -> None:
    bundle, report = held()
    made = export_share(bundle, report, ShareChoice())
    page = Page(made.content)
    seen = "\n".join(page.text)
    for wanted in ("Data Science", "UU", "valid", "3 EC", "Valid until", "Level"):
        assert wanted in seen, seen
    assert learner_of(bundle).encode() not in made.content
    assert learner_of(bundle).encode() not in attached(page).to_json()
    assert not any(document.opened for document in attached(page).documents)
    assert [loss.fact for loss in made.losses] == ["documents"]


def test_the_page_needs_nothing_from_elsewhere() -> None:
    bundle, report = held()
    page = Page(export_share(bundle, report, ShareChoice(), link="https://n.example/share#1.AA").content)
    assert not {"script", "img", "iframe", "form", "object"} & page.tags
    assert {address.split(":")[0] for address in page.addresses} == {"data", "https"}
    assert "viewport" in export_share(bundle, report, ShareChoice()).content.decode()


def test_what_is_chosen_is_shown_and_verifies() -> None:
    bundle, report = held()
    made = export_share(bundle, report, ShareChoice((0,), name=True), language="zh")
    page = Page(made.content)
    assert learner_of(bundle) in page.text
    assert "有效" in "".join(page.text)
    again = verify_bundle(attached(page), issued()[0].trust, at=AT)
    assert again.verdict == "valid"


@cache
def graded() -> tuple[Bundle, Report]:
    """A badge with a grade, and a token beside it."""
    ledger = ClientLedger()
    ledger.programme()
    programme, framework = (
        ledger.view().get(PROGRAMMES, "uu-ds", 1),
        ledger.view().get(FRAMEWORKS, "nl-ects", 1),
    )
    assert programme is not None
    assert framework is not None
    scale = ResultScale("Final grade")
    facts = programme_facts(programme, framework, base_url="https://uu.example", result=scale)
    batch = ledger.prepare(3, tokens=True, facts=facts, result="summa")
    bundle = ledger.export(batch, 1, ledger.issue(batch))
    return bundle, verify_bundle(bundle, ledger.trust, at=AT)


@pytest.mark.parametrize("opened", [(), (0,), (1,), (0, 1)])
@pytest.mark.parametrize(("name", "grade"), [(False, False), (True, False), (False, True), (True, True)])
def test_nothing_is_shown_that_was_not_chosen(opened: tuple[int, ...], name: bool, grade: bool) -> None:
    bundle, report = graded()
    choice = ShareChoice(opened, name=name, grade=grade)
    if (name or grade) and 0 not in opened:
        with pytest.raises(AccordError, match="SHARE_CHOICE"):
            export_share(bundle, report, choice)
        return
    page = Page(export_share(bundle, report, choice).content)
    assert (learner_of(bundle) in page.text, "summa" in page.text) == (name, grade)
    assert [place for place, document in enumerate(attached(page).documents) if document.opened] == list(
        opened
    )


@pytest.mark.parametrize("choice", [ShareChoice(name=True), ShareChoice((7,)), ShareChoice((0,), grade=True)])
def test_what_cannot_be_shown_is_refused(choice: ShareChoice) -> None:
    bundle, report = held()
    with pytest.raises(AccordError, match="SHARE_CHOICE"):
        export_share(bundle, report, choice)


def test_a_bundle_that_does_not_verify_has_no_page() -> None:
    bundle, _ = held()
    foreign = verify_bundle(bundle, issued()[0].trust, at=AT)
    foreign.failed("signature", "X")
    with pytest.raises(AccordError, match="SHARE_INVALID"):
        export_share(bundle, foreign, ShareChoice())
    with pytest.raises(AccordError, match="SHARE_INVALID"):
        export_share(bundle, Report(), ShareChoice())
    with pytest.raises(AccordError, match="SHARE_LANGUAGE"):
        export_share(bundle, foreign, ShareChoice(), language="fr")


def revoked() -> tuple[Bundle, Report]:
    ledger = ClientLedger()
    ledger.close()
    ledger.open(ISSUE_TIME - 3600)
    ledger.programme()
    batch = ledger.prepare(12)
    record = ledger.issue(batch)
    ledger.seal()
    body = StatusBody(
        batch_id=batch.batch_id, ranges=(Interval(start=3, end=4),), action="revoke", effect="review"
    )
    ledger.do("credential_status", body, "uu registrar")
    ledger.seal()
    bundle = ledger.export(batch, 3, record)
    return bundle, verify_bundle(bundle, ledger.trust, at=AT + 7200)


def test_a_revoked_credential_says_so() -> None:
    bundle, report = revoked()
    page = export_share(bundle, report, ShareChoice()).content.decode()
    assert "REVOKED" in page
    assert '<main class="bad">' in page


@pytest.mark.parametrize(("language", "said"), [("en", "outside its period"), ("zh", "不在有效期内")])
def test_a_credential_past_its_dates_is_not_called_valid(language: str, said: str) -> None:
    bundle, report = held()
    assert '<main class="bad">' not in export_share(bundle, report, ShareChoice()).content.decode()
    report.failed("dates", "CREDENTIAL_EXPIRED")
    page = export_share(bundle, report, ShareChoice(), language=language).content.decode()
    assert '<main class="bad">' in page
    assert f"<dd>{said}" in page


@pytest.mark.parametrize(("amount", "said"), [("3/1", "3 EC"), ("5/2", "2.5 EC"), ("1/3", "1/3 EC")])
def test_credits_are_written_as_people_write_them(amount: str, said: str) -> None:
    bundle, report = held()
    report.facts["credits"] = amount
    assert f"<dd>{said}</dd>" in export_share(bundle, report, ShareChoice()).content.decode()


def test_the_page_names_the_languages_it_is_in() -> None:
    bundle, report = held()
    report.facts["title"] = {"en": "Data Science"}
    page = export_share(bundle, report, ShareChoice(), language="zh").content.decode()
    assert '<html lang="zh-Hans">' in page
    assert '<h1 lang="en">Data Science</h1>' in page
    assert "<h1>" in export_share(bundle, report, ShareChoice()).content.decode()


def test_markup_from_outside_stays_text() -> None:
    bundle, report = held()
    report.facts["title"] = {"en": "<script>alert(1)</script>"}
    report.facts["issuers"] = [{"party": "uu", "name": {"en": "<script src=x>"}}]
    page = export_share(bundle, report, ShareChoice(), link='https://n.example/"><script>').content
    assert b"<script" not in page


# ---- links -------------------------------------------------------------------------------------------

LINKS = st.builds(
    SharedCredential,
    st.binary(min_size=16, max_size=16),
    st.integers(0, 131_071),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
)


@given(LINKS)
def test_a_link_says_what_was_put_in(shared: SharedCredential) -> None:
    link = share_link("https://node.example", shared)
    assert parse_share_link(link) == shared
    server_sees, _, fragment = link.partition("#")
    assert server_sees == "https://node.example/share"
    assert re.fullmatch(r"1\.[A-Za-z0-9_-]{27}(\.[A-Za-z0-9_-]+)?", fragment)


@pytest.mark.parametrize(
    "link",
    ["https://n.example/share", "https://n.example/share#2.AAAA", "https://n.example/share#1.AAAA", "https://n.example/share#1.a+b",
     "https://n.example/share#1." + "A" * 27 + "._w", "https://n.example/share#1." + "A" * 26 + "B", "x" * 5000,
     "https://[", "https://[::1/share#1.AAAA"],
)  # fmt: skip
def test_what_is_no_link_is_refused(link: str) -> None:
    with pytest.raises(AccordError, match="SHARE_LINK"):
        parse_share_link(link)


@pytest.mark.parametrize(
    "base", ["ftp://n.example", "n.example", "https://n.example/?q", "javascript:alert(1)", "https://["]
)
def test_a_link_leads_to_a_node(base: str) -> None:
    with pytest.raises(AccordError, match="SHARE_LINK"):
        share_link(base, SharedCredential(bytes(16), 0))
