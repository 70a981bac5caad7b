"""The network of a run keeps a connection's promises, and breaks nothing it promises."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import WSMsgType

from accord_node.peer.sockets import Socket
from accord_node.simulate.nodes.connection import DEAD_SECONDS
from accord_node.simulate.nodes.loop import HostLoop, Scheduler, host_loop
from accord_node.simulate.nodes.net import HostNet, Network, Weather


@dataclass
class Spot:
    """A host without a node: it notes what it hears."""

    scheduler: Scheduler
    network: Network
    name: str
    loop: HostLoop = field(init=False)
    heard: list[bytes] = field(default_factory=list)
    ended: int = 0

    def __post_init__(self) -> None:
        self.loop = host_loop(self.scheduler, self.name, 0)
        self.party, self.certificate = self.name, self.name.encode()
        self.net = HostNet(self.network, self, self.loop)

    async def accept(self, socket: Socket, _: str) -> None:
        while (message := await socket.receive()).type is WSMsgType.BINARY:
            self.heard.append(message.data)
        self.ended += 1

    def runs(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.loop.call_soon(lambda: self.loop.create_task(work()))


class Stage:
    def __init__(self, weather: Weather, seed: int = 1) -> None:
        self.scheduler = Scheduler(seed)
        self.network = Network(self.scheduler, weather)
        self.one = Spot(self.scheduler, self.network, "one")
        self.two = Spot(self.scheduler, self.network, "two")
        self.network.listen(self.two, self.two.accept)
        self.failed: list[str] = []

    def says(self, count: int) -> None:
        async def work() -> None:
            try:
                socket, certificate = await self.one.net.connect("wss://two.sim:7443/peer")
                assert certificate == b"two"
                for number in range(count):
                    await socket.send_bytes(number.to_bytes(4, "big"))
            except OSError as error:
                self.failed.append(type(error).__name__)

        self.one.runs(work)


def numbers(count: int) -> list[bytes]:
    return [number.to_bytes(4, "big") for number in range(count)]


def test_messages_arrive_in_order_however_long_they_take() -> None:
    stage = Stage(Weather(most=0.5, stalls=0.2))
    stage.says(50)
    stage.scheduler.run(60)
    assert stage.two.heard == numbers(50)


def test_a_connection_that_breaks_loses_what_was_under_way_and_says_so() -> None:
    stage = Stage(Weather(most=0.5, breaks=0.1))
    stage.says(200)
    stage.scheduler.run(60)
    assert stage.two.heard == numbers(len(stage.two.heard))
    assert len(stage.two.heard) < 200
    assert (stage.two.ended, stage.failed) == (1, ["ConnectionResetError"])


def test_nothing_crosses_a_partition_and_what_waited_comes_afterwards() -> None:
    stage = Stage(Weather(least=0.1, most=0.2))
    stage.says(3)
    stage.scheduler.run(0.35)
    stage.network.part({"two": 1})
    stage.scheduler.run(10)
    assert stage.two.heard == []
    stage.network.part({})
    stage.scheduler.run(11)
    assert stage.two.heard == numbers(3)


def test_a_silent_connection_is_given_up() -> None:
    stage = Stage(Weather(least=0.1, most=0.2))
    stage.says(3)
    stage.scheduler.run(0.35)
    stage.network.part({"two": 1})
    stage.scheduler.run(DEAD_SECONDS + 5)
    assert (stage.two.heard, stage.two.ended) == ([], 1)


@pytest.mark.parametrize("seed", range(4))
def test_who_dies_is_missed_and_cannot_be_dialled(seed: int) -> None:
    stage = Stage(Weather(), seed)
    stage.says(1)
    stage.scheduler.run(1)
    stage.network.died(stage.one, stage.scheduler.chance("death"))
    stage.network.died(stage.two, stage.scheduler.chance("death"))
    stage.says(1)
    stage.scheduler.run(5)
    assert stage.failed == ["ConnectionRefusedError"]


def test_time_stands_still_while_anything_can_run_and_then_jumps() -> None:
    scheduler = Scheduler(1)
    seen: list[float] = []
    scheduler.director.call_later(3600, lambda: seen.append(scheduler.now))
    scheduler.director.call_soon(lambda: seen.append(scheduler.now))
    scheduler.run(4000)
    assert seen == [0.0, 3600.0]


def test_jobs_of_one_thread_follow_each_other_and_answer_later() -> None:
    scheduler = Scheduler(1)
    order: list[tuple[str, float]] = []

    async def work() -> None:
        loop = scheduler.director
        first = loop.run_in_executor("thread", lambda: order.append(("first", scheduler.now)))
        second = loop.run_in_executor("thread", lambda: order.append(("second", scheduler.now)))
        await second
        assert first.done()
        order.append(("answered", scheduler.now))

    scheduler.director.call_soon(lambda: scheduler.director.create_task(work()))
    scheduler.run(5)
    assert [name for name, _ in order] == ["first", "second", "answered"]
    assert sorted(when for _, when in order) == [when for _, when in order]


def test_what_is_left_of_a_dead_host_neither_listens_nor_silences_its_next_life() -> None:
    stage = Stage(Weather())
    left = stage.two.net
    stage.two.loop.freeze()
    stage.network.died(stage.two, stage.scheduler.chance("two"))

    async def buried() -> None:
        await left.listen("", 0, stage.two.accept)

    async def calls() -> None:
        with pytest.raises(ConnectionAbortedError):
            await left.connect("wss://one.sim:7443/peer")

    stage.one.runs(buried)
    stage.one.runs(calls)
    stage.says(1)
    stage.scheduler.run(10)
    assert stage.failed == ["ConnectionRefusedError"]
    stage.network.listen(stage.two, stage.two.accept)
    left.refuse_new()
    stage.says(1)
    stage.scheduler.run(20)
    assert stage.failed == ["ConnectionRefusedError"]
