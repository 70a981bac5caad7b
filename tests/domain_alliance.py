"""The small alliance rules are tested in: parties, frameworks, profiles and lists of DOMAIN.md section 6."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import Any, cast

from accord_ledger import codec
from accord_ledger.domain.context import Context
from accord_ledger.domain.kinds.accreditation import AccreditationGrant, Period, RegistryEntryBody
from accord_ledger.domain.kinds.framework import FrameworkDefine
from accord_ledger.domain.kinds.network import NodeKey, NodeKeysSet
from accord_ledger.domain.kinds.party import NewKey, PartyRegister
from accord_ledger.domain.kinds.profile import ListDefine, ProfileDefine
from accord_ledger.domain.kinds.seat import SeatGrant
from accord_ledger.domain.model.framework import (
    ApprovalPolicy,
    FrameworkTerms,
    ListEntry,
    ListTerms,
    ProfileTerms,
)
from accord_ledger.domain.pipeline import run_genesis
from accord_ledger.fields import Purpose, Role
from accord_ledger.keys import SigningKey
from accord_ledger.state import MemorySource, View

GENESIS_TIME = 1_772_323_200
"""2026-03-01 00:00 UTC."""

PARTIES: dict[str, tuple[str, str, str]] = {
    "bcb": ("CN-BJ", "credit_bank", "registrar agreements governance"),
    "moe-cn": ("CN-BJ", "regulator", "governance"),
    "bjou": ("CN-BJ", "university", "registrar academic_committee endorse issuance"),
    "hnrail": ("CN-HN", "university", "registrar academic_committee endorse agreements governance"),
    "suny": (
        "US-NY",
        "university",
        "registrar academic_committee curriculum_committee issuance agreements governance",
    ),
    "uom": ("AU-VIC", "university", "registrar academic_committee issuance agreements governance"),
    "uu": ("NL-UT", "university", "registrar academic_committee issuance quality agreements governance"),
    "um": ("MY-14", "university", "registrar academic_committee issuance agreements governance"),
    "cisco-my": ("MY-14", "provider", "issuance"),
    "crrc-eval": ("CN-HN", "provider", "registrar issuance quality agreements"),
    "ecom-co": ("CN-ZJ", "provider", "registrar issuance quality"),
    "huawei": ("CN-GD", "provider", "industry_partner"),
    "nvao": ("NL-ZH", "quality_agency", "quality"),
    "teqsa": ("AU-VIC", "quality_agency", "quality"),
    "mqa": ("MY-10", "quality_agency", "quality"),
    "cn-qa": ("CN-BJ", "quality_agency", "quality"),
    "cn-emp": ("CN-BJ", "employer_body", ""),
    "kettle": ("US-WI", "employer_body", ""),
    "aud-1": ("NL-ZH", "auditor", ""),
    "fix-u": ("XA-E", "university", "academic_committee agreements"),
}
"""Party to region, role and the purposes of its keys besides ``institution``."""

SEATS = ("bcb", "hnrail", "suny", "um", "uom", "uu")
TWO_THIRDS = ("bcb governance", "hnrail governance", "suny governance", "uom governance")
"""Signers that make two thirds of the six validators."""

OWN_COMMITTEE = ApprovalPolicy(any_of=("academic_committee",))
BOTH_COMMITTEES = ApprovalPolicy(all_of=("academic_committee", "curriculum_committee"))
COMMITTEE_OR_ENDORSED = ApprovalPolicy(any_of=("academic_committee", "endorse"))


@cache
def key_of(party: str, purpose: str = "institution") -> SigningKey:
    """The key a party of this alliance signs with for a purpose; one key, one purpose."""
    return SigningKey.from_seed(sha256(f"{party}/{purpose}".encode()).digest())


def new_key(key: SigningKey, owner: str, *purposes: str, network: bytes = b"", **dates: Any) -> NewKey:
    """A key ready to be registered."""
    proof = key.prove_possession(network, owner, "institution")
    named = cast("tuple[Purpose, ...]", tuple(sorted(purposes)))
    return NewKey(alg="ed25519", public=key.public, purposes=named, proof=proof, **dates)


def party_body(
    party: str, region: str, role: str, purposes: str = "", *, network: bytes = b"", **more: Any
) -> PartyRegister:
    """T01 of one party with a key for each purpose."""
    named = ["institution", *purposes.split()]
    return PartyRegister(
        party_id=party,
        roles=(cast("Role", role),),
        legal_name={"en": party.upper()},
        country=region[:2],
        region=region,
        keys=tuple(new_key(key_of(party, name), party, name, network=network) for name in named),
        **more,
    )


def framework(
    name: str, country: str, unit: str, hours: tuple[str, str] | None, quantum: str, **more: Any
) -> FrameworkTerms:
    """A framework; notional hours unless said."""
    kind = more.pop("hour_kind", "notional" if hours else "none")
    return FrameworkTerms(
        framework_id=name,
        version=1,
        country=country,
        unit={"en": unit},
        hour_kind=kind,
        hours_min=hours[0] if hours else None,
        hours_max=hours[1] if hours else None,
        quantum=quantum,
        **more,
    )


FRAMEWORKS = (
    framework("cn-mc", "CN", "micro-credential credit", ("40/1", "40/1"), "1/2", levels=(1, 3)),
    framework("cn-hvc", "CN", "credit", ("16/1", "16/1"), "1/2", hour_kind="contact"),
    framework("ects", "EU", "EC", ("25/1", "30/1"), "1/2", levels=(1, 8), mc_credits=("1/1", "6/1")),
    framework(
        "nl-ects",
        "NL",
        "EC",
        ("28/1", "28/1"),
        "1/2",
        levels=(1, 8),
        mc_credits=("3/1", "30/1"),
        parent=("ects", 1),
    ),
    framework("uom", "AU", "point", None, "25/8", levels=(1, 10)),
    framework("us-sch", "US", "semester hour", ("45/1", "45/1"), "1/1"),
    framework("mqf", "MY", "credit", ("40/1", "40/1"), "1/1", levels=(1, 8)),
)


def profile(
    name: str, owner: str, policy: ApprovalPolicy, noncredit: ApprovalPolicy, **more: Any
) -> ProfileTerms:
    """A profile with its approval policies."""
    return ProfileTerms(
        profile_id=name, version=1, owner=owner, approval_credit=policy, approval_noncredit=noncredit, **more
    )


PROFILES = (
    profile(
        "suny-2018",
        "US",
        BOTH_COMMITTEES,
        ApprovalPolicy(any_of=BOTH_COMMITTEES.all_of),
        required=("title", "audience", "issuers", "credits", "transferability"),
        credits=("1/1", "18/1"),
    ),
    profile("eu-2022", "EU", OWN_COMMITTEE, OWN_COMMITTEE, required=("title", "outcomes")),
    profile("nmf", "AU", OWN_COMMITTEE, OWN_COMMITTEE, required=("qa_statement_hash",), gates=("assessed",)),
    profile("mqa", "MY", OWN_COMMITTEE, OWN_COMMITTEE),
    profile("neutral", "alliance", OWN_COMMITTEE, OWN_COMMITTEE),
    profile("asked", "alliance", OWN_COMMITTEE, OWN_COMMITTEE, accreditation=True, hours=("1/1", "900/1")),
    profile(
        "cn",
        "CN",
        COMMITTEE_OR_ENDORSED,
        COMMITTEE_OR_ENDORSED,
        gates=("practice", "projects", "hours_claim"),
        annual=True,
    ),
    ProfileTerms(profile_id="bcb", version=1, owner="bcb", award_cap="1/2"),
)

LISTS = (
    ListTerms(
        list_id="wage-usd",
        version=1,
        owner="alliance",
        entries=(ListEntry(code="USD", values=("20000", "60000")),),
    ),
    ListTerms(
        list_id="refusal-reasons",
        version=1,
        owner="alliance",
        entries=tuple(ListEntry(code=code) for code in ("capacity", "content", "level")),
    ),
    ListTerms(
        list_id="fields", version=1, owner="alliance", entries=(ListEntry(code="IT"), ListEntry(code="rail"))
    ),
    ListTerms(list_id="skill-areas-my", version=1, owner="MY", entries=(ListEntry(code="area-01"),)),
)

REGISTERED = (("nvao", "EQAR"), ("teqsa", "TEQSA"), ("mqa", "MQA"), ("cn-qa", "CN-TI"))
GRANTS = (
    ("teqsa", "TEQSA", "uom", True),
    ("mqa", "MQA", "um", True),
    ("cn-qa", "CN-TI", "crrc-eval", False),
)


def uid(name: str) -> bytes:
    """A 16-byte id for a name."""
    return sha256(name.encode()).digest()[:16]


def node_keys(party: str, *, network: bytes = b"") -> NodeKeysSet:
    """T43 of a party."""

    def made(use: str) -> NodeKey:
        key = key_of(party, f"node {use}")
        return NodeKey(public=key.public, proof=key.prove_possession(network, party, use))

    return NodeKeysSet(
        party=party,
        endpoint=f"wss://{party}.example",
        link=(made("link"),),
        vote=made("vote"),
        log=made("log"),
        witness=made("witness"),
    )


def acts() -> list[tuple[str, codec.Wire]]:
    """What the genesis of this alliance holds, in order."""
    banks = {"bjou": ("bcb",)}
    grants = [
        AccreditationGrant(
            grant_id=uid(f"grant {party}"),
            agency=agency,
            party=party,
            scope="party",
            registry=registry,
            cross_border=cross_border,
            valid_from="2026-03-01",
            valid_to="2030-02-28",
        )
        for agency, registry, party, cross_border in GRANTS
    ]
    period = Period(valid_from="2026-03-01", valid_to="2030-12-31")
    return [
        *(
            ("party_register", party_body(name, *facts, member_of=banks.get(name, ())))
            for name, facts in PARTIES.items()
        ),
        *(("node_keys_set", node_keys(party)) for party in SEATS),
        *(("seat_grant", SeatGrant(party=party)) for party in SEATS),
        *(("framework_define", FrameworkDefine(terms=terms)) for terms in FRAMEWORKS),
        *(("profile_define", ProfileDefine(terms=terms)) for terms in PROFILES),
        *(("list_define", ListDefine(terms=terms)) for terms in LISTS),
        *(("registry_entry", RegistryEntryBody(agency=a, registry=r, period=period)) for a, r in REGISTERED),
        *(("accreditation_grant", grant) for grant in grants),
    ]


def genesis_context(state: View) -> Context:
    """The view acts of a genesis document run in."""
    return Context(state=state, network=b"", height=0, time=GENESIS_TIME, genesis=True)


@cache
def genesis_state() -> dict[bytes, bytes]:
    """Canonical state after genesis; shared, so copy before writing."""
    view = View(MemorySource())
    for name, body in acts():
        run_genesis(genesis_context(view), name, codec.encode(body))
    return {key: value for key, value in view.changes().items() if value is not None}
