"""The long campaign: many seeds of every scenario, one line each in a file, resumable.

``python -m accord_node.simulate.campaign --seeds 0:200 --out FILE``. A run that was stopped goes on where it
was. The digest at the end is over all digests of all runs, so two machines can compare a campaign by one line.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from accord_node.simulate.run import Report, run
from accord_node.simulate.scenarios import SCENARIOS

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """What is kept of one run."""

    scenario: str
    seed: int
    digest: str
    height: int
    violations: tuple[str, ...]

    @property
    def key(self) -> Key:
        """Which run it was."""
        return self.scenario, self.seed

    def encode(self) -> str:
        """One line of JSON."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(fields, separators=(",", ":"))


def read(path: Path) -> list[Line]:
    """What a campaign has done so far; a last line that was cut off by a stop does not count."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    whole = [json.loads(line) for line in lines if line.endswith("\n")]
    return [Line(**{**item, "violations": tuple(item["violations"])}) for item in whole]


def play(path: Path, names: Iterable[str], seeds: range) -> Generator[Line, None, None]:
    """Do what is not done yet, writing each line before the next run."""
    lines = read(path)
    done = {line.key for line in lines}
    path.write_text("".join(line.encode() + "\n" for line in lines))
    with path.open("a") as out:
        for name in names:
            for seed in seeds:
                if (name, seed) not in done:
                    line = _line(name, run(seed, SCENARIOS[name]))
                    out.write(line.encode() + "\n")
                    out.flush()
                    yield line


def _line(name: str, report: Report) -> Line:
    return Line(name, report.seed, report.digest, report.height, report.violations)


def summary(lines: Iterable[Line]) -> dict[str, object]:
    """Counts and the digest of everything, whatever the order of the runs was."""
    kept = sorted(lines, key=lambda line: line.key)
    whole = sha256("".join(line.encode() for line in kept).encode()).hexdigest()
    return {
        "runs": len(kept),
        "scenarios": len({line.scenario for line in kept}),
        "seeds": len({line.seed for line in kept}),
        "final blocks": sum(line.height for line in kept),
        "violated": sum(bool(line.violations) for line in kept),
        "digest": whole,
    }


def _seeds(text: str) -> range:
    first, colon, last = text.partition(":")
    return range(int(first), int(last)) if colon else range(int(first))


def main(arguments: list[str] | None = None) -> int:
    """Play, then say what came of it; 1 if anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m accord_node.simulate.campaign", description=__doc__)
    parser.add_argument(
        "--core", action="store_true", help="the consensus core (what there is, and the default)"
    )
    parser.add_argument("--seeds", type=_seeds, default=range(20), help="how many, or FROM:TO")
    parser.add_argument("--scenarios", nargs="*", choices=sorted(SCENARIOS), default=sorted(SCENARIOS))
    parser.add_argument("--out", type=Path, required=True, help="one line of JSON for each run")
    options = parser.parse_args(arguments)
    for line in play(options.out, options.scenarios, options.seeds):
        if line.violations:
            sys.stdout.write(f"{line.scenario} seed {line.seed}: {'; '.join(line.violations)}\n")
            sys.stdout.write(f"  accord-node simulate --scenario {line.scenario} --seed {line.seed}\n")
    found = summary(read(options.out))
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in found.items()))
    return 1 if found["violated"] else 0


if __name__ == "__main__":
    sys.exit(main())
