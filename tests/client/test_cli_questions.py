"""``accord ask``, ``report``, ``dry-run``, ``routes`` and ``genuine`` against a real node."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from accord_client.bundle import parse_bundle
from accord_client.cli.answers import genesis_of
from accord_client.cli.connection import Link
from accord_client.cli.headings import HEADINGS
from accord_client.cli.main import accord
from accord_client.errors import RefusedError
from accord_client.plain import to_plain
from accord_genesis.keyfiles import write_key
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.questions.question import questions
from accord_ledger.transaction import parse_record
from accord_node.http import HttpServer
from client_cli import today
from node_network import Network, issue_entry, key, make_alliance, programme_entries
from waiting import until


class Office:
    """A node in a thread, and commands beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.alliance = make_alliance(4)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.genesis = folder / "genesis.accord"
        self.genesis.write_bytes(self.alliance.genesis_file)
        self.url = self.batch = ""

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    async def start(self) -> None:
        self.net = await Network(self.alliance, self.folder / "nodes").__aenter__()
        node = self.net.nodes["p0"]
        self.server = HttpServer(node)
        await self.server.start()
        self.url = self.server.url
        await until(lambda: node.readiness()[0], "ready")
        entries = [
            *programme_entries(self.alliance, "p0", "ds"),
            issue_entry(self.alliance, "p0", "ds", 1, count=12),
        ]
        results = await node.submissions.submit(entries, wait=True, timeout=30)
        assert {result.status for result in results} == {"final"}
        self.batch = _body_of(entries[-1]).batch_id.hex()

    def issue_body(self, number: int) -> IssueBody:
        return _body_of(issue_entry(self.alliance, "p0", "ds", number, count=12))

    async def stop(self) -> None:
        await self.server.close()
        await self.net.__aexit__(None, None, None)

    def accord(self, *arguments: str, code: int = 0) -> Result:
        environment = {
            "ACCORD_NODES": self.url, "ACCORD_GENESIS": str(self.genesis), "ACCORD_PATIENCE": "20",
            "ACCORD_KEYS": str(self.folder / "keys"),
        }  # fmt: skip
        result = CliRunner().invoke(accord, list(arguments), env=environment)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    def json(self, *arguments: str, code: int = 0) -> Any:
        said = self.accord(*arguments, "--json", code=code).stdout.splitlines()
        # the nodes run in this process as well, and what they log may come before it
        return json.loads("\n".join(dropwhile(lambda line: not line.startswith(("{", "[")), said)))


def _body_of(entry: bytes) -> IssueBody:
    return msgspec.msgpack.decode(bytes(parse_record(entry).tx.body), type=IssueBody)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("office"))
    made.thread.start()
    try:
        made.run(made.start())
        yield made
        made.run(made.stop())
    finally:
        made.loop.call_soon_threadsafe(made.loop.stop)
        made.thread.join()
        made.loop.close()


def test_a_question_with_its_place_in_the_ledger(office: Office) -> None:
    found = office.json("ask", "credential", "--batch", office.batch, "--index", "3")
    assert (found["answer"]["status"], found["proved"]) == ("valid", True)
    assert {"height", "block_hash", "state_root"} <= set(found)
    shown = office.accord("ask", "usage", "--batch", office.batch, "--index", "3").stdout
    assert "credential_issue" in shown


def test_a_nodes_word_is_said_to_be_one(office: Office) -> None:
    assert "(proved)" in office.accord("ask", "statuses").stdout
    assert "(a node's word)" in office.accord("ask", "statuses", "--no-proof").stdout


def test_an_earlier_block_is_asked_for_of_every_question(office: Office) -> None:
    found = office.json("ask", "catalogue")
    assert (found["proved"], len(found["answer"])) == (True, 1)
    then = office.json("ask", "catalogue", "--at", str(found["height"]))
    assert (then["answer"], then["proved"]) == (found["answer"], False)
    assert office.json("ask", "statuses", "--at", str(found["height"]))["proved"]
    for name in questions():
        assert "--at DATE|HEIGHT" in office.accord("ask", name, "--help").stdout


def test_a_replay_believes_nobody(office: Office) -> None:
    found = office.json("ask", "catalogue", "--replay")
    assert (found["proved"], found["answer"]) == (True, office.json("ask", "catalogue")["answer"])
    early = office.json("ask", "catalogue", "--at", "1", "--replay")
    assert (early["height"], early["proved"]) == (1, True)
    assert early["answer"] == office.json("ask", "catalogue", "--at", "1")["answer"]
    shown = office.accord("report", "coverage", "--replay").stdout
    assert "(proved)" in shown
    refused = office.accord("ask", "statuses", "--at", "99999999", "--replay", code=1)
    assert "error: QUESTION_AT" in refused.stderr


def test_a_replay_begins_with_a_genesis_file() -> None:
    link = Link(("http://localhost",), None, None, "", None, None, 1.0)
    with pytest.raises(RefusedError, match="TRUST_MISSING"):
        genesis_of(link)


def test_reports_speak_chinese(office: Office) -> None:
    found = office.accord("report", "coverage", "--lang", "zh", "--quarters", "1").stdout
    assert "互认覆盖率" in found
    assert "在办项目" in found
    english = office.accord("report", "coverage").stdout
    assert "Coverage of mutual recognition" in english


@pytest.mark.parametrize(
    "report",
    [
        ["accredited"], ["costs", "--year", "2026"], ["completion", "--year", "2026"], ["ending"], ["freshness"],
        ["funding"], ["industry", "--year", "2026"], ["occupations"], ["refusals"], ["regions"], ["results", "--year", "2026"],
        ["rounding"], ["shares", "--by", "sector"], ["statuses"], ["targets"], ["trusted-issuers"],
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_every_report_runs_in_both_languages(office: Office, report: list[str]) -> None:
    for language in ("en", "zh"):
        title = questions()[report[0]].report
        assert title is not None
        assert title[language == "en"] in office.accord("report", *report, "--lang", language).stdout


def test_every_report_field_has_headings_in_both_languages() -> None:
    for one in questions().values():
        if one.report is not None:
            names = {field.name for field in msgspec.structs.fields(one.answer)}
            assert names <= set(HEADINGS), one.name


def test_wrong_use_is_named(office: Office) -> None:
    office.accord("ask", "credential", "--batch", office.batch, code=2)
    refused = office.accord("ask", "credential", "--batch", "00", "--index", "0", code=1)
    assert "error: QUESTION_VALUE" in refused.stderr
    refused = office.accord("ask", "agreement", "--agreement", "nothing", code=1)
    assert "error: OBJECT_UNKNOWN" in refused.stderr
    refused = office.accord("ask", "coverage", "--at", "2999-01-01", code=1)
    assert "error: QUESTION_AT" in refused.stderr


def test_a_dry_run_from_a_file(office: Office, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text(json.dumps(to_plain(office.issue_body(5))))
    found = office.json("dry-run", "credential_issue", str(body), "--as", "p0")
    assert (found["ok"], found["signed"], found["proved"]) == (True, False, True)
    body.write_text(json.dumps(to_plain(office.issue_body(5)) | {"programme": ["nothing", 1]}))
    shown = office.accord("dry-run", "credential_issue", str(body), "--as", "p0", code=1).stdout
    assert "E_UNKNOWN_REF" in shown
    entry = tmp_path / "record"
    entry.write_bytes(issue_entry(office.alliance, "p0", "ds", 6, count=12))
    assert office.json("dry-run", "--entry", str(entry))["signed"]
    assert "DRY_RUN_OPTION" in office.accord("dry-run", code=1).stderr


def test_public_rules_are_copied_whole(office: Office) -> None:
    from accord_client.learner_routes import Holding
    from accord_client.sdk.sync import AccordClientSync
    from accord_client.trust import Trust

    trust = Trust.from_genesis(office.alliance.genesis_file)
    with AccordClientSync([office.url], trust) as client:
        rules = client.public_rules()
    assert rules.usable([Holding("mine", "ds", 1)]) == []
    assert rules.height > 0


@pytest.fixture(scope="module")
def bundles(office: Office) -> list[Path]:
    """Twelve learners' bundles, issued by the command line."""
    for purpose in ("issuance", "registrar", "quality"):
        path = office.folder / "keys" / "p0" / f"{purpose}.pem"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_key(path, key("p0", purpose), passphrase=None)
    learners = office.folder / "learners.csv"
    learners.write_text("family_name,given_name\n" + "".join(f"Doe,Learner {n}\n" for n in range(12)))
    office.accord(
        "issue", str(learners), str(office.folder / "out"), "--programme", "ds", "--as", "p0",
        "--did", "did:web:p0.example", "--completed", today(), today(), "--status-list", "list-cli",
        "--status-url", "https://p0.example/v1/status-lists/p0/list-cli", "--base-url", "https://p0.example",
    )  # fmt: skip
    return sorted((office.folder / "out").glob("*.accord.json"))


def test_a_package_is_genuine_until_it_is_revoked(office: Office, bundles: list[Path]) -> None:
    found = office.json("genuine", str(bundles[0]))
    assert (found["genuine"], found["status"], found["proved"], found["failed"]) == (True, "valid", True, [])
    batch = parse_bundle(bundles[1].read_bytes()).batch_id.hex()
    office.accord("revoke", batch, "1", "--effect", "review", "--as", "p0")
    gone = office.json("genuine", str(bundles[1]), code=1)
    assert (gone["genuine"], gone["status"]) == (True, "revoked")  # what the package itself proves is older
    told = json.loads(bundles[2].read_text())
    told["index"] = 3
    changed = office.folder / "changed.accord.json"
    changed.write_text(json.dumps(told))
    shown = office.accord("genuine", str(changed), code=1)
    assert "NOT GENUINE" in shown.stdout
    bare = replace(parse_bundle(bundles[0].read_bytes()), record=None, seals=(), state=())
    changed.write_bytes(bare.to_json())  # of a credential that exists; nothing says that it is this one
    said = office.json("genuine", str(changed), code=1)
    assert (said["genuine"], said["status"], said["failed"]) == (False, "valid", [])
    assert "batch" in [item["check"] for item in said["unproved"]]
    assert "NOT PROVED" in office.accord("genuine", str(changed), code=1).stdout


def test_where_a_bundle_can_be_used_is_worked_out_here(office: Office, bundles: list[Path]) -> None:
    assert office.json("routes", str(bundles[0]))["routes"] == []
    assert "nowhere" in office.accord("routes", str(bundles[0])).stdout
