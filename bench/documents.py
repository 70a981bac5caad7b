"""How fast learners' documents are made and verified, beside the bare cost of what they cannot do without.

From a row of a CSV file to a bundle with two signed documents, an Open Badge (``eddsa-rdfc-2022``) and an
SD-JWT VC; bare beside it: the two signatures, and the canonical forms. Then bundles of a large batch with their
evidence are verified, one alone with a fresh pin and many with what they share kept, and a large batch is made and
verified on all cores. Processor time on one core, since others use the machine; wall clock on all of them; medians.
Only ratios inside one run mean anything. So the ratios to Blockcerts, whose figures were measured apart on the
reference, say how far, not how much.

    python -m bench.documents [--count 500] [--batch 10000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("ledger", "genesis", "client", "node", "tests")]

if __name__ != "__mp_main__":  # the processes that make documents need none of this
    from accord_client.bundle import draft_json, parse_bundle
    from accord_client.claims_csv import read_claims_csv
    from accord_client.documents.badge_pattern import pattern_of
    from accord_client.documents.cryptosuites import canonical_document
    from accord_client.documents.json_guard import JsonObject, load_object
    from accord_client.documents.json_ld import canonicalize_rdf
    from accord_client.documents.multikey import encode_multikey
    from accord_client.documents.open_badge_facts import BadgeDates
    from accord_client.issuing import (
        BadgeMaker,
        EveryMaker,
        PreparedBatch,
        RdfcSigner,
        SdJwtMaker,
        StatusRange,
        prepare_batch,
    )
    from accord_client.processes import cores
    from accord_client.trust import Trust
    from accord_client.verify.many import FileVerifier, verify_files
    from accord_ledger.keys import verifies
    from badge_documents import ISSUER, ISSUER_KEY, NOW, PROGRAMME
    from bench.table import goal, heading, row

    METHOD = f"{ISSUER.did}#{encode_multikey(ISSUER_KEY.public)}"

NETWORK, BATCH = bytes([7]) * 32, bytes.fromhex("018f3a5e0000700080000000000000ff")
SIGNATURES = 9
"""Signatures in a bundle of six founders: badge, token, record, and a quorum of cosignatures."""

CERT_ISSUER = 135.0
"""Certificates a second of cert-issuer 3.13.1 (Blockcerts) on the reference, document in, verifiable document out:
the upper end of the 80 to 135 measured (best run 157)."""
BLOCKCERTS_FLOOR = 580.0
"""JSON-LD normalisation and SHA-256 alone of a Blockcerts certificate, a second, by its own library on the reference:
the upper end of the 410 to 580 measured; a verification costs more."""
SHOWN = 96
"""Bundles that many files are copies of; one costs a ledger of this size ten milliseconds to prove."""


def maker() -> EveryMaker:
    """Badge and token of one programme."""
    dates = BadgeDates(NOW)
    badge = BadgeMaker(
        PROGRAMME,
        ISSUER,
        dates,
        RdfcSigner(ISSUER_KEY, METHOD, NOW),
        (StatusRange("https://bjou.example/s/1", 0),),
    )
    return EveryMaker((badge, SdJwtMaker(PROGRAMME, ISSUER, dates, ISSUER_KEY, METHOD)))


def class_list(folder: Path, count: int) -> Path:
    """A registrar's file."""
    path = folder / "class.csv"
    lines = [f"Doe,Learner {number},l{number}@example.org,2027-{number},A" for number in range(count)]
    path.write_text("family_name,given_name,email,identifier,result\n" + "\n".join(lines) + "\n")
    return path


def made(path: Path, workers: int = 1) -> tuple[PreparedBatch, int]:
    """A batch from a file, and the bytes of all its bundles."""
    batch = prepare_batch(
        NETWORK, BATCH, list(read_claims_csv(path)), maker(), rng=random.Random(1), workers=workers
    )
    return batch, sum(len(draft_json(batch, index)) for index in range(batch.count))


def per_item(work: Callable[[], object], count: int, rounds: int) -> float:
    """Processor time of one of ``count`` items, in microseconds; the median of the rounds."""
    times = []
    for _ in range(rounds):
        begin = process_time()
        work()
        times.append((process_time() - begin) / count * 1e6)
    return median(times)


def issuing(path: Path, count: int, rounds: int) -> None:
    """One core, from row to bundle."""
    heading("Issuing, one core")
    badges = [unsigned(made(path)[0], index) for index in range(20)]
    config: JsonObject = {
        "@context": badges[0]["@context"], "type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022",
        "created": "2027-01-15T08:00:00Z", "verificationMethod": METHOD, "proofPurpose": "assertionMethod",
    }  # fmt: skip
    whole = per_item(lambda: made(path), count, rounds)
    signatures = per_item(lambda: [ISSUER_KEY.sign(bytes(64)) for _ in range(2 * count)], count, rounds)
    canonical = per_item(
        lambda: [(canonical_document(badge), canonical_document(config)) for badge in badges], 20, rounds
    )
    filled = per_item(lambda: fill(badges), 20, rounds)
    library = per_item(lambda: [canonicalize_rdf(badge) for badge in badges], 20, rounds)
    row(
        "CSV row to signed bundle",
        f"{1e6 / whole:,.0f} credentials/s",
        f"{whole:,.0f} us, two documents each",
    )
    row("bare: two signatures", f"{signatures:,.0f} us")
    row("bare: canonical forms of badge and proof", f"{canonical:,.0f} us")
    row("the same by filling in, badge alone", f"{filled:,.0f} us")
    row(
        "the same by the JSON-LD library, badge alone",
        f"{library:,.0f} us",
        f"{library / canonical:,.0f} times",
    )
    row("the same as documents", f"{2e6 / whole:,.0f} documents/s")
    goal("documents/s, one core / cert-issuer's certificates/s", 2e6 / whole / CERT_ISSUER, 10.0)
    goal("issuing / (signatures + canonical forms)", whole / (signatures + canonical), 4.0, at_most=True)
    goal("canonical forms / those of the library", canonical / library, 0.10, at_most=True)


def fill(badges: list[JsonObject]) -> None:
    """Canonical forms of badges of one batch, by the pattern of the first."""
    pattern = pattern_of(badges[0])
    if pattern is None or not all(pattern.canonical_nquads(pattern.values_of(badge)) for badge in badges):
        raise RuntimeError("a badge is not like the first")


def unsigned(batch: PreparedBatch, index: int) -> JsonObject:
    """The badge of a credential before it was signed."""
    badge = load_object(batch.credentials[index].documents[0].content)
    del badge["proof"]
    return badge


def evidenced(count: int) -> list[bytes]:
    """Some bundles of a batch of ``count``, with badge, token and evidence."""
    from client_ledger import ClientLedger

    ledger = ClientLedger()
    ledger.programme(entrants=2 * count)
    batch = ledger.prepare(count, tokens=True)
    record = ledger.issue(batch)
    indexes = range(0, count, max(1, count // SHOWN))[:SHOWN]
    return [ledger.export(batch, index, record).to_json() for index in indexes]


def verifying(folder: Path, count: int, rounds: int) -> None:
    """Bundles with evidence: one alone, and many with what they share kept."""
    from client_ledger import ISSUE_TIME, genesis

    heading(f"Verifying bundles of a batch of {count:,}, one core")
    bundles = evidenced(count)
    message, signature = bytes(64), ISSUER_KEY.sign(bytes(64))
    one = per_item(lambda: [verifies(ISSUER_KEY.public, message, signature) for _ in range(200)], 200, rounds)
    row(f"bare: {SIGNATURES} signature checks", f"{SIGNATURES * one / 1000:,.2f} ms")
    some = bundles[:12]

    def each_alone() -> None:
        for data in some:
            check_all(FileVerifier(Trust.of_genesis(genesis()), ISSUE_TIME), [data])

    cost = per_item(each_alone, len(some), rounds)
    row(
        "bundle with badge, token and evidence, fresh pin",
        f"{cost / 1000:,.2f} ms",
        f"{len(bundles[0]):,} bytes",
    )
    goal("verifying / signature checks", cost / (SIGNATURES * one), 4.0, at_most=True)
    for name, positions in (("badge and token", (0, 1)), ("badge alone", (0,))):
        several = [share(data, positions) for data in bundles]
        kept = FileVerifier(Trust.of_genesis(genesis()), ISSUE_TIME)
        check_all(kept, several)
        cost = per_item(lambda kept=kept, several=several: check_all(kept, several), len(several), rounds)  # type: ignore[misc]
        row(f"one of many, {name}", f"{cost / 1000:,.2f} ms", f"{1e6 / cost:,.0f}/s")
    goal("verifications/s of a badge, one core / Blockcerts floor", 1e6 / cost / BLOCKCERTS_FLOOR, 5.0)
    many_files(folder, FileVerifier(Trust.of_genesis(genesis()), ISSUE_TIME), several, count)


def share(data: bytes, positions: tuple[int, ...]) -> bytes:
    """A bundle with these documents only."""
    return parse_bundle(data).share(positions).to_json()


def check_all(verifier: FileVerifier, bundles: list[bytes]) -> None:
    """Judge bundles that are good."""
    for data in bundles:
        found = verifier.judge(Path("bundle"), data)
        if found.verdict != "valid":
            raise RuntimeError(f"a good bundle was found {found}")


def many_files(folder: Path, verifier: FileVerifier, bundles: list[bytes], count: int) -> None:
    """Wall clock of ``accord verify`` with many files that hold a badge each."""
    heading(f"Verifying {count:,} files")
    paths = [folder / f"{number:06}.json" for number in range(count)]
    for number, path in enumerate(paths):
        if number < len(bundles):
            path.write_bytes(bundles[number])
        else:
            path.hardlink_to(paths[number % len(bundles)])
    rates = []
    for workers in sorted({1, cores()}):
        begin = perf_counter()
        found = verify_files(paths, verifier, workers=workers, reports=False)
        if {item.verdict for item in found} != {"valid"}:
            raise RuntimeError("a good bundle was refused")
        seconds = perf_counter() - begin
        rates.append(count / seconds)
        row(f"{workers} processes", f"{seconds:,.1f} s", f"{rates[-1]:,.0f} bundles/s")
    goal("verifications/s of a badge, all cores / Blockcerts floor", rates[-1] / BLOCKCERTS_FLOOR, 10.0)
    if len(rates) == 2:
        goal(f"{cores()} processes / one", rates[1] / rates[0], 0.9 * cores())


def batch_on_all_cores(folder: Path, count: int) -> None:
    """Wall clock of a large batch."""
    heading(f"A batch of {count:,}")
    path = class_list(folder, count)
    for workers in sorted({1, cores()}):
        begin = perf_counter()
        batch, size = made(path, workers)
        seconds = perf_counter() - begin
        if batch.count != count:
            raise RuntimeError("credentials are missing")
        row(
            f"{workers} processes",
            f"{seconds:,.1f} s",
            f"{count / seconds:,.0f} credentials/s, {size / 1e6:,.0f} MB",
        )
    goal("documents/s, all cores / cert-issuer's certificates/s", 2 * count / seconds / CERT_ISSUER, 30.0)


def main() -> None:
    """Everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        issuing(class_list(folder, arguments.count), arguments.count, arguments.rounds)
        verifying(folder, arguments.batch, arguments.rounds)
        batch_on_all_cores(folder, arguments.batch)


if __name__ == "__main__":
    main()
