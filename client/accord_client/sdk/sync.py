"""The same client for programs without an event loop: it runs one of its own in a thread.

    with AccordClientSync(urls, trust) as client:
        client.submit(entry)

Methods are those of :class:`~accord_client.sdk.client.AccordClient` with the same arguments; streams and
listings become ordinary iterators.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Sequence
from functools import update_wrapper
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar, cast

from accord_client.sdk.client import AccordClient
from accord_client.trust import Trust

P = ParamSpec("P")
R = TypeVar("R")

_END: Final = object()
"""Stands for the end of an iterator on its way out of the loop's thread."""


def _blocking(
    method: Callable[Concatenate[AccordClient, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[AccordClientSync, P], R]:
    def call(self: AccordClientSync, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.run(method(self.client, *args, **kwargs))

    return update_wrapper(call, method)


def _iterating(
    method: Callable[Concatenate[AccordClient, P], AsyncIterator[R]],
) -> Callable[Concatenate[AccordClientSync, P], Iterator[R]]:
    def iterate(self: AccordClientSync, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        items = method(self.client, *args, **kwargs)
        try:
            while (item := self.run(_next(items))) is not _END:
                yield cast("R", item)
        finally:
            if not self.closed:  # closing the client ends what was left unfinished
                self.run(_end(items))

    return update_wrapper(iterate, method)


async def _next(items: AsyncIterator[Any]) -> Any:
    return await anext(items, _END)


async def _end(items: AsyncIterator[Any]) -> None:
    if isinstance(items, AsyncGenerator):
        await items.aclose()


class AccordClientSync:
    """A blocking client; use it as a context manager, from any thread."""

    def __init__(self, urls: Sequence[str], trust: Trust, **options: Any) -> None:
        """A client with a loop of its own; arguments as :class:`AccordClient`."""
        self.client = AccordClient(urls, trust, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="accord-client", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """The result of a coroutine on the client's loop; for what has no method here."""
        if self.closed:
            work.close()
            raise RuntimeError("the client is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._loop.is_closed()

    def close(self) -> None:
        """Close all connections and end the thread; a second call does nothing."""
        if self.closed:
            return
        self.run(self._loop.shutdown_asyncgens())
        self.run(self.client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    submit = _blocking(AccordClient.submit)
    submit_many = _blocking(AccordClient.submit_many)
    party = _blocking(AccordClient.party)
    key = _blocking(AccordClient.key)
    framework = _blocking(AccordClient.framework)
    programme = _blocking(AccordClient.programme)
    agreement = _blocking(AccordClient.agreement)
    batch = _blocking(AccordClient.batch)
    credential = _blocking(AccordClient.credential)
    enrolment = _blocking(AccordClient.enrolment)
    recognition = _blocking(AccordClient.recognition)
    status_ranges = _blocking(AccordClient.status_ranges)
    node_status = _blocking(AccordClient.node_status)
    follow_members = _blocking(AccordClient.follow_members)
    follow_log = _blocking(AccordClient.follow_log)
    clocks = _blocking(AccordClient.clocks)
    set_clock = _blocking(AccordClient.set_clock)
    record = _blocking(AccordClient.record)
    transaction = _blocking(AccordClient.transaction)
    with_evidence = _blocking(AccordClient.with_evidence)
    ask = _blocking(AccordClient.ask)
    ask_replayed = _blocking(AccordClient.ask_replayed)
    covering = _blocking(AccordClient.covering)
    coverage = _blocking(AccordClient.coverage)
    rounding = _blocking(AccordClient.rounding)
    ending = _blocking(AccordClient.ending)
    dry_run = _blocking(AccordClient.dry_run)
    account = _blocking(AccordClient.account)
    reviews = _blocking(AccordClient.reviews)
    course_terms = _blocking(AccordClient.course_terms)
    agreement_then = _blocking(AccordClient.agreement_then)
    key_acts = _blocking(AccordClient.key_acts)
    refusals = _blocking(AccordClient.refusals)
    regions = _blocking(AccordClient.regions)
    completion = _blocking(AccordClient.completion)
    genuine = _blocking(AccordClient.genuine)
    catalogue = _blocking(AccordClient.catalogue)
    claimed = _blocking(AccordClient.claimed)
    hours_left = _blocking(AccordClient.hours_left)
    usage = _blocking(AccordClient.usage)
    story = _blocking(AccordClient.story)
    seal = _blocking(AccordClient.seal)
    public_rules = _blocking(AccordClient.public_rules)
    erasure = _blocking(AccordClient.erasure)
    listing = _iterating(AccordClient.listing)
    programmes = _iterating(AccordClient.programmes)
    parties = _iterating(AccordClient.parties)
    agreements = _iterating(AccordClient.agreements)
    batches = _iterating(AccordClient.batches)
    recognitions = _iterating(AccordClient.recognitions)
    records = _iterating(AccordClient.records)
    events = _iterating(AccordClient.events)
