from __future__ import annotations

from typing import Any

import pytest

from accord_client.bundle import Bundle
from accord_client.issuing import StatusRange, bitstring_ranges, token_range
from accord_client.verify import Report, verify_bundle
from accord_client.verify.position_check import node_list
from accord_ledger.errors import DecodeError
from client_ledger import ISSUE_TIME, ClientLedger

START = 500
LISTS = "https://uu.example/v1/status-lists/uu/list-1"


def report_of(**made: Any) -> Report:
    """What is said of a credential whose documents were made so, issued at position 500 of ``list-1``."""
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(10, tokens="token_status" in made, **made)
    bundle: Bundle = ledger.export(batch, 2, ledger.issue(batch, status_start=START))
    return verify_bundle(bundle, ledger.trust, at=ISSUE_TIME + 100)


def test_the_place_of_the_ledger_passes() -> None:
    report = report_of(status=bitstring_ranges(LISTS, START), token_status=token_range(LISTS, START))
    assert report.verdict == "valid", report.to_plain()
    assert report.checks["position"].detail == ""


def test_what_cannot_be_compared_is_said() -> None:
    own = report_of(status=(StatusRange("https://uu.example/my/lists/1", START),))
    assert own.verdict == "valid"
    assert "the ledger does not know" in own.checks["position"].detail
    none = report_of(status=())
    assert none.checks["position"].detail == "the document names no status list"


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ({"status": bitstring_ranges(LISTS, START + 1)}, "STATUS_POSITION"),
        ({"status": bitstring_ranges(LISTS, 0)}, "STATUS_POSITION"),
        ({"status": bitstring_ranges(LISTS.replace("list-1", "list-2"), START)}, "STATUS_LIST"),
        ({"status": bitstring_ranges(LISTS.replace("/uu/", "/um/"), START)}, "STATUS_LIST"),
        ({"status": bitstring_ranges(LISTS + "/x", START)}, "STATUS_LIST"),
        ({"status": (StatusRange(f"{LISTS}/suspension", START, "revocation"),)}, "STATUS_LIST"),
        ({"status": (StatusRange(f"{LISTS}/message", START, "message"),)}, "STATUS_PURPOSE"),
        ({"token_status": token_range(LISTS, START - 1)}, "STATUS_POSITION"),
        ({"token_status": token_range(LISTS + "/revocation", START)}, "STATUS_LIST"),
    ],
)
def test_another_place_is_refused(made: dict[str, Any], code: str) -> None:
    good = {"status": bitstring_ranges(LISTS, START), "token_status": token_range(LISTS, START)}
    report = report_of(**good | made)
    assert report.checks["position"].code == code, report.checks["position"]
    assert report.verdict == "invalid"


def test_addresses() -> None:
    assert node_list("https://n.example/x/v1/status-lists/uu/l%2d1/token?time=1") == ("uu", "l-1", "token")
    assert node_list("https://n.example/status/1") is None
    with pytest.raises(DecodeError, match="MALFORMED_VALUE_ERROR"):
        node_list("https://[/v1")
