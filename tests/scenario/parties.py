"""Who takes part in the reference scenario, and the genesis document they sign (DOMAIN.md section 6)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import cast

from accord_genesis import presets
from accord_genesis.acts import in_order
from accord_genesis.document import Document, Genesis, SignedDocument, open_genesis, sign_document
from accord_genesis.presets import Named
from accord_ledger import codec
from accord_ledger.domain.kinds.accreditation import AccreditationGrant, Period, RegistryEntryBody
from accord_ledger.domain.kinds.network import NodeKey, NodeKeysSet
from accord_ledger.domain.kinds.party import PartyRegister
from accord_ledger.domain.kinds.profile import ListDefine
from accord_ledger.domain.kinds.seat import SeatGrant
from accord_ledger.domain.model.framework import ListEntry, ListTerms
from accord_ledger.fields import Role
from accord_ledger.keys import SigningKey
from audit_world import ORIGIN
from domain_alliance import GENESIS_TIME, key_of, new_key, uid

PARTIES: dict[str, tuple[str, str, str, str]] = {
    "bcb": ("Beijing Credit Bank", "CN-BJ", "credit_bank", "registrar agreements governance"),
    "bjou": ("北京开放大学", "CN-BJ", "university", "registrar academic_committee endorse issuance"),
    "hnrail": (
        "湖南铁道职业技术学院", "CN-HN", "university",
        "registrar academic_committee endorse agreements governance",
    ),
    "suny": (
        "State University of New York", "US-NY", "university",
        "registrar academic_committee curriculum_committee issuance agreements governance",
    ),
    "uom": (
        "University of Melbourne", "AU-VIC", "university",
        "registrar academic_committee issuance agreements governance",
    ),
    "uu": (
        "Universiteit Utrecht", "NL-UT", "university",
        "registrar academic_committee issuance quality agreements governance",
    ),
    "um": (
        "Universiti Malaya", "MY-14", "university",
        "registrar academic_committee issuance agreements governance",
    ),
    "cisco-my": ("Cisco Malaysia", "MY-14", "provider", "issuance"),
    "crrc-eval": ("CRRC evaluation body", "CN-HN", "provider", "registrar issuance quality agreements"),
    "ecom-co": ("E-commerce company", "CN-ZJ", "provider", "registrar issuance quality"),
    "nvao": ("NVAO", "NL-ZH", "quality_agency", "quality"),
    "teqsa": ("TEQSA", "AU-VIC", "quality_agency", "quality"),
    "mqa": ("MQA", "MY-10", "quality_agency", "quality"),
    "cn-qa": ("Quality agency", "CN-BJ", "quality_agency", "quality"),
    "cn-emp": ("Employers", "CN-BJ", "employer_body", ""),
    "kettle": ("Kettle Moraine School District", "US-WI", "employer_body", ""),
    "moe-cn": ("教育部", "CN-BJ", "regulator", "governance"),
    "aud-1": ("Auditor", "NL-ZH", "auditor", ""),
    "fix-u": ("Fixture University", "XA-E", "university", "academic_committee agreements"),
}  # fmt: skip
"""Party to name, region, role and the purposes of its keys besides ``institution``."""

MEMBER_OF = {"bjou": ("bcb",)}
FIXTURES, EASTERN = 300, 266
"""Providers of the fixture country XA, and how many of them are in its east."""

SEATED = ("bcb", "hnrail", "suny", "um", "uom", "uu")
FOUR_OF_SIX = ("bcb governance", "hnrail governance", "suny governance", "uom governance")
CLOCK = SigningKey.from_seed(sha256(b"scenario clock").digest())
"""Commands the scripted clock."""

REGION_GROUPS_XA = ListTerms(
    list_id="region-groups-xa",
    version=1,
    owner="XA",
    entries=(ListEntry(code="XA-E", values=("east",)), ListEntry(code="XA-W", values=("west",))),
)
REGISTERED = (("nvao", "EQAR"), ("teqsa", "TEQSA"), ("mqa", "MQA"), ("cn-qa", "CN-TI"))
GRANTS = (
    ("teqsa", "TEQSA", "uom", True), ("mqa", "MQA", "um", True), ("cn-qa", "CN-TI", "crrc-eval", False),
)  # fmt: skip


def party(party_id: str, name: str, region: str, role: str, purposes: str) -> PartyRegister:
    """T01 with a key for every purpose."""
    named = ["institution", *purposes.split()]
    return PartyRegister(
        party_id=party_id,
        roles=(cast("Role", role),),
        legal_name={"en" if name.isascii() else "zh": name},
        country=region[:2],
        region=region,
        member_of=MEMBER_OF.get(party_id, ()),
        keys=tuple(new_key(key_of(party_id, purpose), party_id, purpose) for purpose in named),
    )


def fixtures() -> list[PartyRegister]:
    """``fix-p001`` to ``fix-p300``."""
    return [
        party(f"fix-p{n:03d}", f"Fixture provider {n}", "XA-E" if n <= EASTERN else "XA-W", "provider", "")
        for n in range(1, FIXTURES + 1)
    ]


def node_keys(party_id: str, endpoint: str) -> NodeKeysSet:
    """T43 with keys that follow from the party's name."""

    def made(use: str) -> NodeKey:
        key = key_of(party_id, f"node {use}")
        return NodeKey(public=key.public, proof=key.prove_possession(b"", party_id, use))

    return NodeKeysSet(
        party=party_id, endpoint=endpoint, link=(made("link"),), vote=made("vote"), log=made("log"),
        witness=made("witness"),
    )  # fmt: skip


def grant(agency: str, registry: str, party_id: str, cross_border: bool) -> AccreditationGrant:
    """T09, party-wide, 2026-03-01 to 2030-02-28."""
    return AccreditationGrant(
        grant_id=uid(f"grant {party_id}"), agency=agency, party=party_id, scope="party", registry=registry,
        cross_border=cross_border, valid_from="2026-03-01", valid_to="2030-02-28",
    )  # fmt: skip


def acts(endpoint: Callable[[str], str]) -> list[Named]:
    """What genesis holds."""
    period = Period(valid_from="2026-03-01", valid_to="2030-12-31")
    return [
        *presets.choose(("all", "bcb")),
        ("list_define", ListDefine(terms=REGION_GROUPS_XA)),
        *(("party_register", party(name, *facts)) for name, facts in PARTIES.items()),
        *(("party_register", body) for body in fixtures()),
        *(("node_keys_set", node_keys(name, endpoint(name))) for name in SEATED),
        *(("seat_grant", SeatGrant(party=name)) for name in SEATED),
        *(("registry_entry", RegistryEntryBody(agency=a, registry=r, period=period)) for a, r in REGISTERED),
        *(("accreditation_grant", grant(*row)) for row in GRANTS),
    ]


def genesis_file(endpoint: Callable[[str], str] = lambda name: f"wss://{name}.example") -> bytes:
    """The genesis file of a test network with a scripted clock, signed by those who have a seat."""
    data = codec.encode(
        Document(
            v=1,
            name="Reference scenario",
            origin=ORIGIN,
            created=GENESIS_TIME,
            scripted_clock=CLOCK.public,
            acts=in_order(acts(endpoint)),
        )
    )
    signatures = tuple(sign_document(data, name, key_of(name, "governance")) for name in SEATED)
    return codec.encode(SignedDocument(document=data, signatures=signatures))


@cache
def genesis() -> Genesis:
    """The genesis file opened as a node opens it."""
    return open_genesis(genesis_file())
