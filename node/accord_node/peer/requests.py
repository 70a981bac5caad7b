"""Questions from one node to another over an existing link, each with its answer or a named failure.

Requests of one peer are served a few at a time and their answers travel behind votes, cut into chunks.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from accord_ledger.errors import AccordError, FatalError
from accord_node.peer.config import PeerConfig
from accord_node.peer.errors import PeerError
from accord_node.peer.frames import CHUNK_BYTES, MAX_PAYLOAD_BYTES, Lane, Request, Response, encode_frame
from accord_node.peer.link import Link
from accord_node.peer.topics import RequestHandler


@dataclass(slots=True)
class _Exchange:
    """What is open on one link."""

    asked: dict[int, asyncio.Future[bytes]] = field(default_factory=dict)
    serving: set[asyncio.Task[None]] = field(default_factory=set)
    waiting: deque[Request] = field(default_factory=deque)
    waiting_bytes: int = 0


class Requests:
    """Asks and answers on all links of a node."""

    def __init__(
        self, config: PeerConfig, counters: Counter[str], link_to: Callable[[str], Link | None]
    ) -> None:
        self._config = config
        self._counters = counters
        self._link_to = link_to
        self._handlers: dict[int, RequestHandler] = {}
        self._exchanges: dict[Link, _Exchange] = {}
        self._next_id = 0

    def serve(self, kind: int, handler: RequestHandler) -> None:
        """Answer requests of this kind (0 to 65535) with ``handler``."""
        self._handlers[kind] = handler

    async def request(self, party: str, kind: int, payload: bytes, timeout: float) -> bytes:
        """Ask a linked party.

        Args:
            party: whom to ask.
            kind: what is asked; the other side must serve it.
            payload: at most ``MAX_PAYLOAD_BYTES``.
            timeout: seconds until the answer must be here.

        Raises:
            PeerError: ``PEER_GONE``, ``PEER_TIMEOUT``, or ``PEER_REFUSED`` with the refuser's code as
                detail (also when too many requests to this party are open).
        """
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"expected at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}")
        link = self._link_to(party)
        exchange = None if link is None else self._exchanges.get(link)
        if link is None or exchange is None:
            raise PeerError("PEER_GONE", f"expected a link to {party}")
        if len(exchange.asked) >= self._config.request_queue:
            raise PeerError("PEER_REFUSED", f"PEER_BUSY: {len(exchange.asked)} requests to {party} are open")
        self._next_id += 1
        number = self._next_id
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        exchange.asked[number] = answer
        frame = encode_frame(Request(id=number, kind=kind, payload=payload))
        self._counters["requests_sent"] += 1
        link.put(Lane.URGENT if len(frame) <= CHUNK_BYTES else Lane.RESPONSE, frame)
        try:
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError as error:
            self._counters["requests_timed_out"] += 1
            raise PeerError("PEER_TIMEOUT", f"expected an answer of {party} within {timeout} s") from error
        finally:
            exchange.asked.pop(number, None)

    def link_up(self, link: Link) -> None:
        """Start serving a link."""
        self._exchanges[link] = _Exchange()

    def link_down(self, link: Link) -> list[asyncio.Task[None]]:
        """Fail what was asked on the link and cancel what was being answered; returns those tasks."""
        exchange = self._exchanges.pop(link, None)
        if exchange is None:
            return []
        for answer in exchange.asked.values():
            if not answer.done():
                answer.set_exception(PeerError("PEER_GONE", f"the link to {link.party} ended"))
        for task in exchange.serving:
            task.cancel()
        return list(exchange.serving)

    def on_request(self, link: Link, frame: Request) -> None:
        """Serve a request, now or when a slot is free; refuse it when too many wait."""
        exchange = self._exchanges.get(link)
        if exchange is None:
            return
        if len(exchange.serving) < self._config.request_slots:
            self._begin(link, exchange, frame)
        elif (
            len(exchange.waiting) < self._config.request_queue
            and exchange.waiting_bytes + len(frame.payload) <= self._config.request_bytes
        ):
            exchange.waiting.append(frame)
            exchange.waiting_bytes += len(frame.payload)
        else:
            self._refuse(link, frame, "PEER_BUSY")

    def on_response(self, link: Link, frame: Response) -> None:
        """Give an answer to whoever asked; late ones are only counted."""
        exchange = self._exchanges.get(link)
        answer = None if exchange is None else exchange.asked.get(frame.id)
        if answer is None or answer.done():
            self._counters["responses_late"] += 1
        elif frame.code:
            answer.set_exception(PeerError("PEER_REFUSED", frame.code))
        else:
            answer.set_result(frame.payload)

    def _begin(self, link: Link, exchange: _Exchange, frame: Request) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(link, frame))
        exchange.serving.add(task)
        task.add_done_callback(lambda done: self._finished(link, exchange, frame, done))

    def _finished(self, link: Link, exchange: _Exchange, frame: Request, task: asyncio.Task[None]) -> None:
        exchange.serving.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._counters["handler_errors"] += 1
            self._refuse(link, frame, "PEER_FAILED")
            context = {"message": f"request handler failed for {link.party}", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
        if exchange.waiting and self._exchanges.get(link) is exchange:
            following = exchange.waiting.popleft()
            exchange.waiting_bytes -= len(following.payload)
            self._begin(link, exchange, following)

    async def _answer(self, link: Link, frame: Request) -> None:
        handler = self._handlers.get(frame.kind)
        if handler is None:
            self._refuse(link, frame, "PEER_UNSERVED")
            return
        await link.drained()
        try:
            payload = await handler(link.party, frame.payload)
        except FatalError:
            raise
        except AccordError as error:
            self._refuse(link, frame, error.code[:64])
            return
        if len(payload) > MAX_PAYLOAD_BYTES:
            self._refuse(link, frame, "PEER_TOO_LARGE")
            return
        self._counters["requests_served"] += 1
        link.account.charge(len(payload), 1)  # what it gets counts against its own budget
        link.put(Lane.RESPONSE, encode_frame(Response(id=frame.id, payload=payload)))

    def _refuse(self, link: Link, frame: Request, code: str) -> None:
        self._counters["requests_refused"] += 1
        link.put(Lane.URGENT, encode_frame(Response(id=frame.id, code=code)))
