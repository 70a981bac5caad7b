"""What rules recall from one record to the next of a block (``View.recalled``) never changes a verdict."""

from __future__ import annotations

from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger.domain.context import Context
from accord_ledger.domain.kinds import issue
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.model.credential import BATCHES
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import ProgrammeTerms
from accord_ledger.errors import Rejection
from accord_ledger.state import MemorySource, Part, Table, View
from domain_world import ref, terms
from exchange_world import Exchange, IssuedBatch, grant_uu

ISSUE, UU = "credential_issue", "uu issuance"


class Forgetful(dict[Any, Any]):
    """Never remembers."""

    def __setitem__(self, name: Any, value: Any) -> None:
        del name, value


class Watched(View):
    """Says which tables were read."""

    def __init__(self, parent: View) -> None:
        super().__init__(parent)
        self.tables: set[Table[Any]] = set()

    def get(self, table: Table[Any], *parts: Part) -> Any:
        """See :class:`View`."""
        self.tables.add(table)
        return super().get(table, *parts)


def ready() -> tuple[Exchange, ProgrammeTerms]:
    """``uu-ds`` with an intake, under a profile that asks for accreditation."""
    world = Exchange()
    world.at("2026-03-02")
    grant_uu(world)
    programme = world.offer(terms(), 1000)
    world.at("2026-04-01")
    return world, programme


def status(world: Exchange, new: Literal["paused", "active"]) -> None:
    """T11 of the programme."""
    body = ProgrammeStatusBody(programme="uu-ds", status=new, reason="other")
    world.do("programme_status", body, "uu")


def test_it_is_kept_while_busy_tables_are_written_and_forgotten_with_any_other() -> None:
    view = View(MemorySource())
    view.recalled["a"] = 1
    view.put(BATCHES, None, bytes(16))
    assert view.recalled == {"a": 1}
    view.put(PARTIES, None, "uu")
    assert view.recalled == {}


def test_it_is_forgotten_when_a_record_is_taken_back() -> None:
    view = View(MemorySource())
    view.begin()
    view.recalled["a"] = 1
    view.undo()
    assert view.recalled == {}


def test_a_programme_that_changes_within_a_block_is_looked_at_again() -> None:
    world, programme = ready()
    world.issue(programme, 12)
    status(world, "paused")
    body = world.issue_body(programme, IssuedBatch.make("paused", 12))
    world.refused("E_PROGRAMME_STATUS", ISSUE, body, UU)
    status(world, "active")
    world.do(ISSUE, body, UU)


def test_what_is_recalled_rests_on_no_busy_table() -> None:
    world, programme = ready()
    body = world.issue_body(programme, IssuedBatch.make("x", 12))
    view = Watched(world.execution._view)
    context = world.context()
    watched = Context(view, context.network, context.height, context.time, "uu")
    offer = issue._known_offer(watched, ref(programme))
    assert issue._ground(watched, body, offer.programme) == (2026, False)
    assert set(view.recalled) == {ref(programme), (ref(programme), body.completed_to, False)}
    assert view.tables
    assert not [table for table in view.tables if table.busy]


Step = tuple[str, int]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["issue", "paused", "active", "late", "count"]), st.integers(1, 3)))
)
def test_a_block_is_the_same_with_and_without_it(steps: list[Step]) -> None:
    assert _play(steps, {}) == _play(steps, Forgetful())


def _play(steps: list[Step], memory: dict[Any, Any]) -> tuple[list[str], bytes]:
    world, programme = ready()
    world.execution._view.recalled = memory
    verdicts = []
    for number, (what, count) in enumerate(steps):
        try:
            if what == "paused":
                status(world, "paused")
            elif what == "active":
                status(world, "active")
            else:
                size = 2000 if what == "count" else count
                batch = IssuedBatch.make(str(number), 1)
                changes = {"count": size, "single": True, "late": what == "late"}
                world.do(ISSUE, world.issue_body(programme, batch, **changes), UU)
            verdicts.append("ok")
        except Rejection as rejection:
            verdicts.append(rejection.code)
    assert world.execution._view.recalled is memory
    return verdicts, world.close().sealed.seal.state_root
