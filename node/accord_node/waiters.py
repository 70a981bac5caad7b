"""Requests that wait until it is known what became of their transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from accord_node.replies import Answer


class Waiter:
    """One request that waits until it is known what became of its transactions."""

    __slots__ = ("answers", "done", "open")

    def __init__(self, tx_ids: Iterable[bytes], done: asyncio.Future[None]) -> None:
        self.open = set(tx_ids)
        """Those nothing is known of yet."""
        self.answers: dict[bytes, Answer] = {}
        self.done = done
        """Done once nothing is open."""
        if not self.open:
            done.set_result(None)

    def take(self, tx_id: bytes, answer: Answer) -> None:
        """Something became of one of them."""
        self.answers[tx_id] = answer
        self.drop(tx_id)

    def drop(self, tx_id: bytes) -> None:
        """Do not wait for this one (any more)."""
        self.open.discard(tx_id)
        if not self.open and not self.done.done():
            self.done.set_result(None)


class Waiters:
    """Every waiting request, by transaction."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, list[Waiter]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, tx_id: bytes) -> bool:
        return tx_id in self._waiting

    def begin(self, tx_ids: Iterable[bytes]) -> Waiter:
        """A request that waits for these from now on; to be ended whatever happens."""
        waiter = Waiter(tx_ids, asyncio.get_running_loop().create_future())
        for tx_id in waiter.open:
            others = self._waiting.get(tx_id)
            if others is None:
                self._waiting[tx_id] = [waiter]
            else:
                others.append(waiter)
        return waiter

    def end(self, waiter: Waiter) -> None:
        """The request is over: nothing is kept for what is still open."""
        for tx_id in tuple(waiter.open):
            self.give_up(tx_id, waiter)

    def give_up(self, tx_id: bytes, waiter: Waiter) -> None:
        """One request does not wait for one transaction any more."""
        others = self._waiting.get(tx_id)
        if others is not None:
            others[:] = [other for other in others if other is not waiter]
            if not others:
                del self._waiting[tx_id]
        waiter.drop(tx_id)

    def answer(self, tx_id: bytes, answer: Answer) -> None:
        """Something became of a transaction."""
        for waiter in self._waiting.pop(tx_id, ()):
            waiter.take(tx_id, answer)
