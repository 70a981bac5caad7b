"""What the node measures about itself, in the Prometheus text format, in a registry of its own.

Nothing is counted on the path of a vote or a record for this page's sake: numbers that the parts keep
anyway are read when somebody asks. The one thing that runs by itself is the stall monitor.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Kinds
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from accord_ledger.execute import Executed, Version
from accord_node.node import Node

BEAT_SECONDS: Final = 0.01
_STALL_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
_HTTP_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_BLOCK_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 120.0)
_SIZE_BUCKETS: Final = (0, 1, 4, 16, 64, 256, 1000, 4000, 16_000, 65_536)


class Observer(Protocol):
    """Takes one observation (a Prometheus histogram)."""

    def observe(self, amount: float) -> None:
        """Note it."""


class StallMonitor:
    """A heartbeat in the event loop that notes how late it comes, and why.

    Lateness is wall time beyond the beat. Of the same interval the loop's thread used some processor
    time: what it used in one stretch is the work of our own callbacks, and lateness without it means
    that the thread was kept from running, by the kernel's scheduler or by another thread that held the
    interpreter.
    """

    def __init__(self, late: Observer, busy: Observer) -> None:
        """Wire the two histograms.

        Args:
            late: seconds by which a beat came late.
            busy: the part of them that the loop's thread spent running.
        """
        self._late = late
        self._busy = busy
        self.max_late = 0.0
        """Largest lateness since the start or the last reset, seconds."""
        self.max_busy = 0.0
        """Largest lateness spent running our own callbacks, seconds."""
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._used = 0.0

    def start(self) -> None:
        """Begin, in the running loop's thread."""
        self._arm(asyncio.get_running_loop())

    def stop(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def reset(self) -> None:
        """Forget the maxima."""
        self.max_late = self.max_busy = 0.0

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + BEAT_SECONDS
        self._used = time.thread_time()
        self._timer = loop.call_at(self._due, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self.note(loop.time() - self._due, time.thread_time() - self._used)
        self._arm(loop)

    def note(self, late: float, used: float) -> None:
        """Take in one beat.

        Args:
            late: seconds after it was due; timers have a resolution of about a millisecond.
            used: processor seconds of the thread since the beat before.
        """
        late = max(late, 0.0)
        busy = min(late, used)
        self._late.observe(late)
        self._busy.observe(busy)
        self.max_late = max(self.max_late, late)
        self.max_busy = max(self.max_busy, busy)


class Metrics:
    """Every metric of one node."""

    def __init__(self, node: Node) -> None:
        self.registry = registry = CollectorRegistry()
        self.http_requests = Counter(
            "accord_http_requests", "Requests answered.", ("route", "method", "status"), registry=registry
        )
        self.http_seconds = Histogram(
            "accord_http_seconds", "Time to an answer.", ("route",), buckets=_HTTP_BUCKETS, registry=registry
        )
        self._records = Counter("accord_records", "Final records.", ("kind",), registry=registry)
        self._bytes = Counter("accord_record_bytes", "Bytes of final records.", registry=registry)
        self._interval = Histogram(
            "accord_block_interval_seconds",
            "Time between durable blocks.",
            buckets=_BLOCK_BUCKETS,
            registry=registry,
        )
        self._block_records = Histogram(
            "accord_block_records", "Records of a durable block.", buckets=_SIZE_BUCKETS, registry=registry
        )
        self.stalls = StallMonitor(
            Histogram(
                "accord_loop_late_seconds",
                "Lateness of a 10 ms beat.",
                buckets=_STALL_BUCKETS,
                registry=registry,
            ),
            Histogram(
                "accord_loop_busy_seconds",
                "The part of the lateness in which the loop's thread was running.",
                buckets=_STALL_BUCKETS,
                registry=registry,
            ),
        )
        registry.register(NodeCollector(node, self.stalls))
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self._last_block = time.monotonic()

    def count(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a number that somebody else keeps, as a counter."""
        self.registry.register(_Kept(f"accord_{name}", text, value))

    def on_final(self, block: Executed, _: object, __: Version) -> None:
        """A block became durable."""
        now = time.monotonic()
        self._interval.observe(now - self._last_block)
        self._last_block = now
        self._block_records.observe(len(block.prepared))
        for kind, count in Kinds([item.record.tx.kind for item in block.prepared]).items():
            self._records.labels(kind).inc(count)
        self._bytes.inc(block.size)

    def page(self) -> bytes:
        """Everything, in the Prometheus text format."""
        return generate_latest(self.registry)


class _Kept(Collector):
    """A counter read from whoever keeps it."""

    def __init__(self, name: str, text: str, value: Callable[[], float]) -> None:
        self._name, self._text, self._value = name, text, value

    def collect(self) -> Iterator[Metric]:
        """See ``prometheus_client``."""
        yield CounterMetricFamily(self._name, self._text, value=self._value())


class NodeCollector(Collector):
    """Reads the node's own numbers when somebody asks."""

    def __init__(self, node: Node, stalls: StallMonitor) -> None:
        self._node = node
        self._stalls = stalls

    def collect(self) -> Iterator[Metric]:
        """See ``prometheus_client``."""
        for name, (text, value) in self._gauges().items():
            yield GaugeMetricFamily(f"accord_{name}", text, value=value)
        for name, (text, value) in self._counters().items():
            yield CounterMetricFamily(f"accord_{name}", text, value=value)
        peers = CounterMetricFamily("accord_peer_events", "Events of the peer network.", labels=("event",))
        for event, count in sorted(self._node.network.counters.items()):
            peers.add_metric((event,), count)
        yield peers

    def _gauges(self) -> dict[str, tuple[str, float]]:
        node, base = self._node, self._node.chain.base
        newest = node.cosigners.newest
        database = node.store.database.path
        return {
            "height": ("Newest durable block.", base.height),
            "log_size": ("Entries in the log.", base.log.size),
            "checkpoint_size": ("Log size of the newest cosigned checkpoint.", newest.size if newest else 0),
            "state_keys": ("Keys in the authenticated state.", len(base.map)),
            "block_age_seconds": (
                "Age of the newest durable block by our clock.",
                node.clock.now() - base.time,
            ),
            "view": ("View of consensus.", node.driver.view),
            "epoch": ("Epoch of consensus.", node.members.epoch),
            "unfinalised_blocks": ("Executed blocks that are not final.", node.chain.unfinalised),
            "pending": ("Transactions waiting.", len(node.mempool)),
            "links": ("Linked parties.", len(node.network.linked())),
            "test_network": (
                "1 on a test network, whose time is scripted.",
                float(node.genesis.document.scripted_clock is not None),
            ),
            "ready": ("Whether the node makes progress.", float(node.readiness()[0])),
            "evidence": ("Contradictions of members that this node saw.", len(node.evidence)),
            "database_bytes": ("Size of the database file.", _size(database)),
            "database_wal_bytes": ("Size of its write-ahead log.", _size(f"{database}-wal")),
            "loop_late_max_seconds": ("Largest lateness of a beat since the start.", self._stalls.max_late),
            "loop_busy_max_seconds": ("Largest part of it spent running.", self._stalls.max_busy),
        }

    def _counters(self) -> dict[str, tuple[str, float]]:
        node = self._node
        return {
            "signatures_checked": ("Signatures verified.", node.cache.checked),
            "signatures_remembered": ("Checks answered from memory.", node.cache.remembered),
            "submissions_accepted": ("Records accepted from clients.", node.submissions.accepted),
            "submissions_refused": ("Records refused.", node.submissions.refused),
            "blocks_fetched": ("Blocks taken from peers while catching up.", node.catch_up.fetched),
        }


def _size(path: object) -> float:
    from pathlib import Path

    try:
        return Path(str(path)).stat().st_size
    except FileNotFoundError:
        return 0.0
