"""A holder shows what was issued to fresh keys; a verifier that only knows the issuer's key judges it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from accord_client.badges import verification_method
from accord_client.bundle import Bundle, draft_bundle
from accord_client.claims_csv import read_claims_csv
from accord_client.cli.main import accord
from accord_client.documents.multikey import VerificationMethod, resolve_did_key
from accord_client.documents.open_badge_facts import BadgeDates, LearnerClaims
from accord_client.documents.sd_jwt import Binding
from accord_client.documents.sd_jwt_vc import verify_sd_jwt_vc
from accord_client.gateway.open_contexts import open_contexts
from accord_client.gateway.verification import Verified, Verifier, verify_shown
from accord_client.issuing import BadgeMaker, EveryMaker, RdfcSigner, SdJwtMaker, prepare_batch
from accord_client.presenting import MAX_KEYS, Shown, document_of, show_claims, show_credentials, token_of
from accord_client.wallet import Wallet, load_wallet, save_wallet
from accord_ledger.errors import AccordError
from badge_documents import ISSUER, ISSUER_KEY, NOW, PROGRAMME

NETWORK = bytes([7]) * 32
BATCH = bytes.fromhex("018f3a5e0000700080000000000000ff")
METHOD = verification_method(ISSUER.did, ISSUER_KEY.public)


def resolve(url: str) -> VerificationMethod:
    if url == METHOD:
        return VerificationMethod(url, ISSUER.did, ISSUER_KEY.public, frozenset({"assertionMethod"}))
    return resolve_did_key(url)


@cache
def held(count: int = 3) -> tuple[Wallet, tuple[Bundle, ...]]:
    """A wallet and bundles issued to its keys, in the order of the batch."""
    wallet, claims = Wallet(bytes([9]) * 32), []
    for number in range(count):
        wallet, key = wallet.request_key(NETWORK)
        claims.append(LearnerClaims("Doe", f"Jane {number}", result="A", holder=key.public))
    badge = BadgeMaker(PROGRAMME, ISSUER, BadgeDates(NOW), RdfcSigner(ISSUER_KEY, METHOD, NOW), ())
    token = SdJwtMaker(PROGRAMME, ISSUER, BadgeDates(NOW), ISSUER_KEY, METHOD, None)
    batch = prepare_batch(NETWORK, BATCH, claims, EveryMaker((badge, token)))
    return wallet, tuple(draft_bundle(batch, index) for index in range(count))


def judged(presentation: dict[str, Any], **asked: Any) -> Verified:
    verifier = Verifier(open_contexts(), resolve, NOW + 10, lambda *_: None)
    asked = {"challenge": "c", "domain": ["bank.example"]} | asked
    return verify_shown(json.loads(json.dumps(presentation)), verifier, **asked)


def shown(count: int) -> dict[str, Any]:
    wallet, bundles = held()
    documents = [document_of(bundle, wallet) for bundle in bundles[:count]]
    return show_credentials(documents, NOW, domain="bank.example", challenge="c")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_credentials_of_fresh_keys_are_shown_together(count: int) -> None:
    made = shown(count)
    assert ("holder" in made) is (count == 1)
    verified = judged(made)
    assert len({proof.method.controller for proof in verified.proofs}) == count
    assert len(verified.credentials) == count
    assert verified.warnings == []


def test_a_key_that_did_not_sign_is_missed() -> None:
    made = shown(2)
    made["proof"] = made["proof"][:1]
    assert [item.code for item in judged(made).warnings] == ["VP_SUBJECT"]
    for asked, code in (({"challenge": "d"}, "PROOF_CHALLENGE"), ({"domain": ["x"]}, "PROOF_DOMAIN")):
        with pytest.raises(AccordError, match=code):
            judged(shown(2), **asked)


def test_too_many_keys_are_refused() -> None:
    wallet, bundles = held()
    one = document_of(bundles[0], wallet)
    many = [
        Shown(one.document, wallet.holder_key(NETWORK, bytes([number]))) for number in range(MAX_KEYS + 1)
    ]
    for documents in ([], many):
        with pytest.raises(AccordError, match="PRESENTATION_COUNT"):
            show_credentials(documents, NOW, domain="a", challenge="b")


def binding(nonce: str = "n") -> Binding:
    return Binding("bank.example", nonce, NOW - 60, NOW + 60)


def test_only_the_chosen_claims_are_shown() -> None:
    wallet, bundles = held()
    token, key = token_of(bundles[1], wallet)
    made = show_claims(token, ["grade"], key, audience="bank.example", nonce="n", issued_at=NOW)
    claims = verify_sd_jwt_vc(made, resolve, binding=binding()).claims
    assert claims["grade"] == "A"
    assert "given_name" not in claims
    assert "Jane" not in made
    with pytest.raises(AccordError, match="SDJWT_BINDING"):
        verify_sd_jwt_vc(made, resolve, binding=binding("m"))
    with pytest.raises(AccordError, match="SDJWT_CLAIM"):
        show_claims(token, ["nothing"], key, audience="a", nonce="n", issued_at=NOW)
    with pytest.raises(AccordError, match="SDJWT_HOLDER"):
        show_claims(token, [], ISSUER_KEY, audience="a", nonce="n", issued_at=NOW)


def run(folder: Path, *arguments: str, code: int = 0) -> Any:
    (folder / "secret").write_text("correct horse\n")
    (folder / "secret").chmod(0o600)
    command = ["wallet", *arguments, "--passphrase-file", str(folder / "secret"), "--json"]
    done = CliRunner().invoke(accord, command)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if code == 0 else json.loads(done.stderr)


def test_the_command_shows_credentials_and_claims(tmp_path: Path) -> None:
    wallet, bundles = held()
    save_wallet(tmp_path / "wallet", wallet, b"correct horse", new=True)
    files = [tmp_path / f"{number}.accord.json" for number in range(2)]
    for file, bundle in zip(files, bundles, strict=False):
        file.write_bytes(bundle.to_json())
    out = tmp_path / "shown"
    asked = [
        "--wallet",
        str(tmp_path / "wallet"),
        "--domain",
        "bank.example",
        "--challenge",
        "c",
        "--out",
        str(out),
    ]
    assert run(tmp_path, "present", *map(str, files), *asked)["credentials"] == 2
    assert judged(json.loads(out.read_text())).warnings == []
    run(tmp_path, "present", str(files[0]), *asked, "--sd-jwt", "--disclose", "grade")
    assert "SDJWT" not in out.read_text()
    assert out.read_text().count("~") == 2
    assert run(tmp_path, "present", *map(str, files), *asked, "--sd-jwt", code=1)["code"] == "WALLET_ONE"
    assert (
        run(tmp_path, "present", str(files[0]), *asked, "--disclose", "grade", code=1)["code"]
        == "WALLET_DISCLOSE"
    )


def test_a_wallet_is_made_and_takes_over_keys(tmp_path: Path) -> None:
    wallet = str(tmp_path / "wallet")
    run(tmp_path, "create", wallet)
    keys = [run(tmp_path, "request-key", wallet, "--network", NETWORK.hex())["holder"] for _ in range(2)]
    assert len({*keys}) == 2
    (tmp_path / "class.csv").write_text(f"family_name,given_name,holder\nDoe,Jane,{keys[0]}\n")
    [given] = read_claims_csv(tmp_path / "class.csv")
    opened = load_wallet(tmp_path / "wallet", b"correct horse")
    assert given.holder is not None
    assert opened.find_key(held()[1][0].reference, given.holder).public == given.holder
    assert run(tmp_path, "request-key", wallet, code=1)["code"] == "TRUST_MISSING"
    seed = tmp_path / "0000.holder.json"
    seed.write_text(json.dumps({"credential": held()[1][0].reference.urn, "seed": "07" * 32}))
    seed.chmod(0o600)
    assert run(tmp_path, "adopt", wallet, str(seed)) == {"adopted": 1}
    seed.write_text("{}")
    assert run(tmp_path, "adopt", wallet, str(seed), code=1)["code"] == "LEDGER_REFERENCE"
    assert run(tmp_path, "request-key", wallet, "--network", "xx", code=1)["code"] == "WALLET_NETWORK"
