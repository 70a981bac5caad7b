"""A campaign's record: what is left to play, and a digest that no division changes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_node.simulate.record import BLOCK, Block, drop_torn_tail, gaps, of_run, program, read, total

SPANS = st.tuples(st.integers(0, 500), st.integers(0, 300)).map(
    lambda pair: range(pair[0], pair[0] + pair[1])
)


@given(SPANS, st.lists(SPANS, max_size=5))
def test_gaps_are_exactly_what_nobody_played(wanted: range, done: list[range]) -> None:
    found = gaps(wanted, done)
    played = {seed for span in done for seed in span}
    assert [seed for part in found for seed in part] == [seed for seed in wanted if seed not in played]
    assert all(0 < len(part) <= BLOCK and part[0] // BLOCK == part[-1] // BLOCK for part in found)


def test_the_digest_of_all_is_that_of_its_parts_in_any_order() -> None:
    runs = [of_run("calm_4", seed, "ab", ()) for seed in range(9)]
    parts = [total(runs[5:]), total(runs[:2]), total(runs[2:5])]
    assert total(int(part, 16) for part in parts) == total(runs)


def test_a_run_counts_by_all_it_is() -> None:
    runs = {
        of_run("calm_4", 1, "ab", ()),
        of_run("calm_5", 1, "ab", ()),
        of_run("calm_4", 2, "ab", ()),
        of_run("calm_4", 1, "cd", ()),
        of_run("calm_4", 1, "ab", ("wrong",)),
    }
    assert len(runs) == 5


def test_cores_and_whole_nodes_have_programs_of_their_own() -> None:
    assert program() == program() != program(whole=True)


def test_what_was_written_is_read_and_a_torn_line_is_not(tmp_path: Path) -> None:
    path = tmp_path / "record"
    block = Block(program(), "calm_4", 0, 100, "ab", 8, 400, 1, {"7": ("m0 said two notarize in view 1",)})
    whole = msgspec.json.encode(block) + b"\n"
    path.write_bytes(whole + whole[:20])
    assert read(path) == [block]
    drop_torn_tail(path)
    assert path.read_bytes() == whole
    assert read(tmp_path / "none") == []


def test_another_file_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "record"
    path.write_text('{"scenario":"calm_4","seed":0}\n')
    with pytest.raises(ValueError, match="record line 1: expected a block of a campaign"):
        read(path)
