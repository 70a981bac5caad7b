"""Coverage-guided fuzzing of one decoder or all: ``make fuzz SECONDS=60 [ONLY="bundle"]``.

Needs ``atheris``. An input that makes a decoder fail otherwise than by a named error is kept in
``tests/fuzz/corpus/<decoder>/`` and the command ends with 1; the everyday tests replay it from then on.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from accord_ledger.errors import AccordError

CORPUS = Path(__file__).with_name("corpus")
OURS = ["accord_ledger", "accord_client", "accord_genesis", "accord_node"]


def fuzz_one(name: str, seconds: int, seeds: Path) -> None:
    """Run until the time is over or something is found; never returns."""
    import atheris

    with atheris.instrument_imports(include=OURS):
        decoders = importlib.import_module("fuzz.decoders").DECODERS
    decoder: Any = next(one for one in decoders if one.name == name)
    for place, sample in enumerate(decoder.samples()):
        (seeds / f"sample-{place}").write_bytes(sample)

    def once(data: bytes) -> None:
        try:
            decoder.decode(data)
        except AccordError:
            return
        except Exception:
            folder = CORPUS / decoder.folder
            folder.mkdir(parents=True, exist_ok=True)
            (folder / sha256(data).hexdigest()[:16]).write_bytes(data)
            raise

    options = [
        f"-max_total_time={seconds}",
        "-timeout=5",
        "-rss_limit_mb=2048",
        "-max_len=20000",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(seeds)], once)
    atheris.Fuzz()


def _tried(output: str) -> str:
    lines = [line for line in output.splitlines() if "number_of_executed_units" in line]
    return lines[-1].split()[-1] if lines else "?"


def main() -> int:
    """Fuzz each decoder in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="for each decoder")
    parser.add_argument("--only", default="", help="name of one decoder")
    parser.add_argument("--inside", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        with tempfile.TemporaryDirectory() as seeds:
            fuzz_one(arguments.inside, arguments.seconds, Path(seeds))
    names = [one.name for one in importlib.import_module("fuzz.decoders").DECODERS]
    chosen = [name for name in names if arguments.only in ("", name)]
    if not chosen:
        parser.error(f"expected one of {', '.join(names)}")
    bad = 0
    for name in chosen:
        command = [sys.executable, "-m", "fuzz", "--inside", name, "--seconds", str(arguments.seconds)]
        done = subprocess.run(
            command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
        )
        bad += done.returncode != 0
        result = "FOUND SOMETHING" if done.returncode else "nothing"
        print(f"{name:<24}{_tried(done.stderr):>12} inputs  {result}", flush=True)
        if done.returncode:
            print(done.stderr[-3000:])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
