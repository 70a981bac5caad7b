"""Drafts of a batch before it is issued: a few files of many lines, one line for each credential.

    NNNN.drafts.jsonl       credentials NNNN to NNNN + 255, each with what its bundle will hold and its holder's seed

They hold everything that is needed to finish the batch, so once they and the plan are on disk nothing can be lost,
and a file for each learner is written once only, when it is finished. They are taken away when all bundles are on disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from accord_client.bundle import MAX_BUNDLE_BYTES, draft_file, draft_head
from accord_client.errors import RefusedError
from accord_client.ids import LedgerReference
from accord_client.issuing import BatchTree, PreparedCredential
from accord_client.private_files import write_new
from accord_genesis.keyfiles import KeyFileError, read_private

SEGMENT: Final = 256
"""Credentials in a file; as many rows are proved together."""

SEGMENT_NAME: Final = re.compile(r"([0-9]{4,6})\.drafts\.jsonl", re.ASCII)


class DraftLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One credential."""

    seed: str | None
    """Of a holder key made for somebody without a wallet, hex."""
    head: msgspec.Raw
    """:func:`accord_client.bundle.draft_head`."""


_decoder: Final = msgspec.json.Decoder(DraftLine)


def segment_path(folder: Path, start: int) -> Path:
    """The file of the credentials from an index on."""
    return folder / f"{start:04}.drafts.jsonl"


def segment_starts(count: int) -> range:
    """First indexes of the segments of a batch."""
    return range(0, count, SEGMENT)


def line_of(credential: PreparedCredential) -> bytes:
    """A line, with its end."""
    seed = "null" if credential.holder_seed is None else f'"{credential.holder_seed.hex()}"'
    return b'{"seed":%b,"head":%b}\n' % (seed.encode(), draft_head(credential))


def write_segment(folder: Path, start: int, lines: Iterable[bytes]) -> None:
    """Write one file, which is not synced.

    Raises:
        KeyFileError: ``KEYFILE_EXISTS`` or ``KEYFILE_IO``; a part may have been written.
    """
    path = segment_path(folder, start)
    try:
        write_new(str(path), b"".join(lines))
    except FileExistsError as error:
        raise KeyFileError("KEYFILE_EXISTS", "expected no such file yet", path=str(path)) from error
    except OSError as error:
        raise KeyFileError("KEYFILE_IO", os.strerror(error.errno or 0), path=str(path)) from error


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of drafts, by index."""

    start: int
    lines: Sequence[DraftLine]

    @classmethod
    def read(cls, folder: Path, start: int, count: int) -> Segment:
        """The segment of a batch of ``count`` that begins at an index.

        Raises:
            KeyFileError: it is missing or exposed.
            RefusedError: ``ISSUE_FOLDER``: cut short, or something else.
        """
        path = segment_path(folder, start)
        expected = min(SEGMENT, count - start)
        data = read_private(path, limit=expected * MAX_BUNDLE_BYTES)
        lines = data.split(b"\n")[:-1]
        if len(lines) != expected or not data.endswith(b"\n"):
            detail = f"expected {expected} whole lines, got {len(lines)}"
            raise RefusedError("ISSUE_FOLDER", detail, path=str(path))
        try:
            return cls(start, [_decoder.decode(line) for line in lines])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RefusedError("ISSUE_FOLDER", f"expected drafts: {error}", path=str(path)) from error

    def draft(self, index: int, path: Iterable[bytes]) -> bytes:
        """The file of one draft.

        Args:
            index: of the batch.
            path: from its leaf up.
        """
        return draft_file(bytes(self.lines[index - self.start].head), path)

    def holder_file(self, reference: LedgerReference) -> bytes | None:
        """What is handed over to somebody without a wallet."""
        seed = self.lines[reference.index - self.start].seed
        return None if seed is None else holder_file(reference, seed)


def holder_file(reference: LedgerReference, seed: str) -> bytes:
    """The seed of a holder key (hex), and what it is for."""
    return msgspec.json.encode({"credential": reference.urn, "seed": seed})


@dataclass(frozen=True, slots=True)
class Drafts(Mapping[int, bytes]):
    """The files of some drafts of a segment, made when they are asked for."""

    segment: Segment
    tree: BatchTree
    indexes: Sequence[int]

    def __getitem__(self, index: int) -> bytes:
        """The file of :func:`accord_client.bundle.draft_json`."""
        return self.segment.draft(index, self.tree.inclusion_path(index))

    def __iter__(self) -> Iterator[int]:
        """Ascending."""
        return iter(self.indexes)

    def __len__(self) -> int:
        """How many."""
        return len(self.indexes)
