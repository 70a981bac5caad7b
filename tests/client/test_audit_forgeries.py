"""Logs that a dishonest quorum altered in one point: the audit names that point, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accord_client.audit.pipeline import BY_EXECUTION
from accord_client.audit.report import Report, Status
from accord_ledger import calendar
from accord_ledger.block import Certificate
from accord_ledger.domain import items, pipeline, presentation
from accord_ledger.domain.kinds.agreement import AgreementPropose, ProposeBody
from accord_ledger.execute import RecentTransactions
from accord_ledger.keys import SigningKey, key_id
from audit_world import (
    QUORUM,
    Forger,
    assert_only,
    audited,
    bad_signature,
    forged,
    looser,
    notarized,
    resigned,
)
from domain_alliance import SEATS, key_of
from exchange_world import IssuedBatch, agreement, hours

HEIGHT = 4
"""Height of the open block of ``forged()``."""


async def test_an_honest_log_is_clean(tmp_path: Path) -> None:
    world, batch = forged()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.close()
    world.more()
    report = await audited(world.write(tmp_path))
    assert report.clean
    assert {check.name for check in report.checks if check.status is not Status.PASS} == {"consistency"}
    assert (report.height, report.entries) == (world.version.height, len(world.log))
    assert report.state_root == world.version.map.root.hex()


SEALS: list[tuple[str, Any, str, str]] = [
    ("state_root", b"\1" * 32, "state_roots", "SEAL_STATE_ROOT"),
    ("log_root", b"\1" * 32, "log_roots", "SEAL_LOG_ROOT"),
    ("body_hash", b"\1" * 32, "bodies", "SEAL_BODY_HASH"),
    ("count", 2, "chain", "SEAL_COUNT"),
    ("first", 3, "chain", "SEAL_FIRST"),
    ("height", HEIGHT + 1, "chain", "SEAL_HEIGHT"),
    ("parent", b"\1" * 32, "chain", "SEAL_PARENT"),
    ("network", b"\1" * 32, "chain", "SEAL_NETWORK"),
    ("version", 2, "chain", "SEAL_VERSION"),
    ("epoch", 1, "chain", "SEAL_EPOCH"),
    ("members", b"\1" * 32, "members", "SEAL_MEMBERS"),
    ("proposer", "nobody", "chain", "SEAL_PROPOSER"),
    ("parent_certificate", None, "certificates", "CERTIFICATE_MISSING"),
]


@pytest.mark.parametrize(("field", "value", "check", "code"), SEALS, ids=[row[0] for row in SEALS])
async def test_a_seal_that_says_something_else(
    tmp_path: Path, field: str, value: Any, check: str, code: str
) -> None:
    world, batch = forged()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.close(seal={field: value})
    world.more()
    report = await audited(world.write(tmp_path))
    assert_only(report, check, code, world.heights[HEIGHT], HEIGHT)


async def test_time_that_goes_back(tmp_path: Path) -> None:
    world, _ = forged()
    world.open(world.version.time - 1)
    world.close()
    world.more()
    report = await audited(world.write(tmp_path))
    assert_only(report, "time", "SEAL_TIME", world.heights[HEIGHT], HEIGHT)


async def test_a_view_that_does_not_rise(tmp_path: Path) -> None:
    world, _ = forged()
    view = world.last_view

    def earlier(certificate: Certificate) -> Certificate:
        return notarized(world.network, view, certificate.seal, SEATS[:QUORUM])

    world.certify = earlier
    world.close(view=view)
    world.more()
    report = await audited(world.write(tmp_path))
    assert_only(report, "chain", "SEAL_VIEW", world.heights[HEIGHT], HEIGHT)


def _votes(world: Forger, certificate: Certificate, parties: tuple[str, ...], **other: Any) -> Certificate:
    values = {"view": certificate.view, "seal": certificate.seal, "kind": "notarize", **other}
    return notarized(world.network, values["view"], values["seal"], parties, values["kind"])


def _one_bad(world: Forger, certificate: Certificate) -> Certificate:
    (party, signature), *rest = certificate.votes
    return msgspec.structs.replace(certificate, votes=((party, signature[::-1]), *rest))


def _stranger(world: Forger, certificate: Certificate) -> Certificate:
    return _votes(world, certificate, ("bcb", "bjou", "hnrail", "suny", "um"))


def _twice(world: Forger, certificate: Certificate) -> Certificate:
    return msgspec.structs.replace(certificate, votes=(certificate.votes[0], *certificate.votes[:-1]))


CERTIFICATES: list[tuple[str, Callable[[Forger, Certificate], Certificate]]] = [
    ("CERTIFICATE_QUORUM", lambda world, real: _votes(world, real, SEATS[: QUORUM - 1])),
    ("CERTIFICATE_SIGNATURE", _one_bad),
    ("CERTIFICATE_MEMBER", _stranger),
    ("CERTIFICATE_ORDER", _twice),
    ("CERTIFICATE_KIND", lambda world, real: _votes(world, real, SEATS, kind="nullify", seal=bytes(32))),
    ("CERTIFICATE_KIND", lambda world, real: _votes(world, real, SEATS, kind="nullify")),
    ("CERTIFICATE_KIND", lambda world, real: _votes(world, real, SEATS, seal=bytes(32))),
    ("CERTIFICATE_SEAL", lambda world, real: _votes(world, real, SEATS, seal=b"\1" * 32)),
    ("CERTIFICATE_VIEW", lambda world, real: _votes(world, real, SEATS, view=real.view - 1)),
    ("CERTIFICATE_VIEW", lambda world, real: _votes(world, real, SEATS, view=real.view + 1)),
    ("CERTIFICATE_EPOCH", lambda world, real: msgspec.structs.replace(real, epoch=1)),
]


@pytest.mark.parametrize(("code", "bend"), CERTIFICATES, ids=range(len(CERTIFICATES)))
async def test_a_certificate_that_does_not_hold(
    tmp_path: Path, code: str, bend: Callable[[Forger, Certificate], Certificate]
) -> None:
    world, _ = forged()
    world.certify = lambda certificate: bend(world, certificate)
    world.close()
    world.more()
    report = await audited(world.write(tmp_path))
    assert_only(report, "certificates", code, world.heights[HEIGHT], HEIGHT)


async def test_a_finalization_certifies_too(tmp_path: Path) -> None:
    world, _ = forged()
    world.certify = lambda certificate: _votes(world, certificate, SEATS, kind="finalize")
    world.close()
    assert (await audited(world.write(tmp_path))).clean


# -- records ---------------------------------------------------------------------------------------------


def _status(world: Forger, batch: IssuedBatch, *signers: str | SigningKey) -> bytes:
    return world.entry("credential_status", world.status(batch, "suspend", (0, 1)), *signers, author="uu")


async def _sealed(world: Forger, folder: Path, **how: Any) -> tuple[Report, int]:
    """Close the block whose only record is the altered one, put honest ones behind it, and audit."""
    index = world.version.log.size
    world.close(**how)
    world.more()
    return await audited(world.write(folder)), index


async def test_a_signature_that_fails(tmp_path: Path) -> None:
    world, batch = forged()
    world.force(bad_signature(_status(world, batch, "uu registrar")))
    report, index = await _sealed(world, tmp_path)
    assert_only(report, "signatures", "E_SIG_INVALID", index, HEIGHT)


async def test_a_holder_whose_signature_fails(tmp_path: Path) -> None:
    world, batch = forged()
    kind, body, registrar, _ = world.use("r1", "n1", "a1", [batch[0]], "2/1")
    holder = key_of("somebody else")
    entry = world.entry(kind, body, registrar, holder)
    real = batch[0].holder_key

    def as_holder(rows: list[Any]) -> list[Any]:
        changed = [[key_id(real) if row[0] == holder.key_id else row[0], row[1], row[2]] for row in rows]
        return sorted(changed)

    world.force(resigned(entry, as_holder))
    report, index = await _sealed(world, tmp_path)
    assert_only(report, "signatures", "E_HOLDER_SIG", index, HEIGHT)


async def test_a_key_without_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, batch = forged()
    with monkeypatch.context() as forging:
        forging.setattr(pipeline, "satisfy", lambda need, keys: ())
        world.add(_status(world, batch, "uu issuance"))
    report, index = await _sealed(world, tmp_path)
    found = assert_only(report, "signatures", "E_SIG_MISSING", index, HEIGHT, _after("signatures"))
    assert "uu" in found.got


def _after(failed: str) -> tuple[str, ...]:
    return tuple(name for name in BY_EXECUTION if name != failed)


async def test_a_credential_redeemed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, batch = forged()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.close()
    world.reopen()
    with monkeypatch.context() as forging:
        forging.setattr(presentation, "present", partial(_present_spent, items.present))
        world.do(*world.use("r2", "n1", "a1", [batch[0]], "2/1"))
    report, index = await _sealed(world, tmp_path)
    assert_only(report, "rules", "E_ALREADY_REDEEMED", index, HEIGHT + 1, _after("rules"))


def _present_spent(honest: Callable[..., Any], *item: Any, unspent: Any, **how: Any) -> Any:
    """Stage 4 of a forger who does not look at spends."""
    del unspent
    return honest(*item, unspent=lambda row, path: None, **how)


async def test_an_issuance_dated_back(tmp_path: Path) -> None:
    world, _ = forged()
    body = world.issue_body(world.terms_of("uu-ds"), IssuedBatch.make("late", 12))
    world.open(calendar.midnight(calendar.parse_date("2026-12-01")))
    block = world.execution._block
    block._parameters = msgspec.structs.replace(block.parameters, max_issue_lag_days=3650)
    world.do("credential_issue", msgspec.structs.replace(body, status_start=12), "uu issuance")
    report, index = await _sealed(world, tmp_path)
    assert_only(report, "rules", "E_BACKDATED", index, HEIGHT, _after("rules"))


async def test_a_record_after_it_expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, batch = forged()
    entry = world.entry(
        "credential_status", world.status(batch, "suspend", (0, 1)), "uu registrar", expires=world.time
    )
    with monkeypatch.context() as forging:
        forging.setattr(pipeline, "check_window", lambda prepared, network, time, days: None)
        world.add(entry)
    report, index = await _sealed(world, tmp_path)
    assert_only(report, "rules", "E_TX_EXPIRED", index, HEIGHT, _after("rules"))


async def test_the_same_transaction_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, _ = forged()
    entry = world.entry("agreement_propose", _second_agreement(), "uu agreements", expires=world.time + 3000)
    world.add(entry)
    world.close()
    world.reopen()
    with monkeypatch.context() as forging:
        forging.setattr(RecentTransactions, "holds", lambda recent, tx_id, expires: False)
        forging.setattr(AgreementPropose, "unused", lambda kind, ctx, body: None)
        world.add(entry)
    report, index = await _sealed(world, tmp_path)
    assert_only(report, "rules", "E_DUPLICATE_TX", index, HEIGHT + 1, _after("rules"))


def _second_agreement() -> Any:
    proposed = agreement("uu", "bcb", hours())
    return ProposeBody(
        agreement_id="a9", terms=msgspec.structs.replace(proposed, sign_by=proposed.sign_by + 30 * 86_400)
    )


async def test_a_record_of_another_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, batch = forged()
    entry = world.entry(
        "credential_status", world.status(batch, "suspend", (0, 1)), "uu registrar", network=b"\1" * 32
    )
    with monkeypatch.context() as forging:
        forging.setattr(pipeline, "check_window", lambda prepared, network, time, days: None)
        world.add(entry)
    report, index = await _sealed(world, tmp_path)
    assert_only(report, "rules", "E_SCHEMA", index, HEIGHT, _after("rules"))


async def test_a_record_in_another_encoding(tmp_path: Path) -> None:
    world, batch = forged()
    entry = _status(world, batch, "uu registrar")
    world.add(entry)
    report, index = await _sealed(world, tmp_path, written={0: looser(entry)})
    found = assert_only(report, "form", "E_SCHEMA", index, HEIGHT, BY_EXECUTION)
    assert "CODEC_NOT_CANONICAL" in found.got


async def test_a_seal_in_another_encoding(tmp_path: Path) -> None:
    world, _ = forged()
    world.close()
    index = world.heights[HEIGHT]
    world.log[index] = b"\xde\x00\x0e" + world.log[index][1:]
    report = await audited(world.write(tmp_path))
    found = [(one.check, one.code, one.entry, one.height) for one in report.findings]
    assert found == [("form", "ENTRY_FORM", index, HEIGHT)]
    assert report.height == HEIGHT - 1


async def test_records_without_a_seal_are_not_final(tmp_path: Path) -> None:
    world, batch = forged()
    world.log.append(_status(world, batch, "uu registrar"))
    report = await audited(world.write(tmp_path))
    assert_only(report, "finality", "TIP_UNSEALED", len(world.log) - 1, None)


async def test_what_is_wrong_twice_is_found_twice(tmp_path: Path) -> None:
    world, _ = forged()
    world.close(seal={"log_root": b"\1" * 32})
    world.reopen()
    world.close(seal={"body_hash": b"\1" * 32})
    report = await audited(world.write(tmp_path))
    assert [(found.code, found.height) for found in report.findings] == [
        ("SEAL_LOG_ROOT", HEIGHT),
        ("SEAL_BODY_HASH", HEIGHT + 1),
    ]
    assert report.first == report.findings[0]
