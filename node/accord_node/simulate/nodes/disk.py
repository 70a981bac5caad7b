"""The disk of a simulated host: real files in memory, and the knowledge of what a power cut would leave.

The node's own code writes the files. This class stands where it asks the kernel to sync
(``accord_node.storage.durable.SYNCS``) and remembers what was durable when: content by file, names by
folder, each as of its last sync. A crash makes of that a new folder: what was synced is there; the rest is
there, lost, or torn. Nothing is assumed that POSIX does not promise: a new file, renamed file or new folder
is there for sure only once the folder that names it was synced.

SQLite syncs by itself, where Python cannot see it. Its promise is taken as given: what it committed is
there, but for the last statement while its answer is not out yet, whose write may be lost or torn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

from accord_node.simulate.disk import Loss

_DATABASE: Final = "state.sqlite"
_WRITE_AHEAD: Final = _DATABASE + "-wal"
_SHARED: Final = _DATABASE + "-shm"
"""SQLite's index of the other two, in memory everywhere; made anew."""


class HostDisk:
    """See :class:`accord_node.storage.durable.Syncs`.

    Args:
        root: the host's folder; what is in it now is durable.
        boundary: called with a word at every place where the host may die.
    """

    def __init__(self, root: Path, boundary: Callable[[str], None]) -> None:
        self.root = root
        self._boundary = boundary
        self._contents: dict[int, bytes] = {}
        """Inode -> content as of its last sync."""
        self._names: dict[str, dict[str, int]] = {}
        """Folder, relative -> names and inodes as of its last sync."""
        self._unanswered: tuple[int, int] | None = None
        """Write-ahead log's size before and after the statement whose answer is not out."""
        self.frozen = False
        for folder, names in _tree(root):
            self._names[folder] = {name: inode for name, inode, _ in names}
            for name, inode, is_folder in names:
                if not is_folder:
                    self._contents[inode] = (root / folder / name).read_bytes()

    # -- syncs -------------------------------------------------------------------------------------

    def file(self, descriptor: int) -> None:
        """Make an open file's content durable."""
        self._boundary("before a sync")
        if not self.frozen:
            path = Path(f"/proc/self/fd/{descriptor}")
            self._contents[os.fstat(descriptor).st_ino] = path.read_bytes()
        self._boundary("after a sync")

    def directory(self, path: Path) -> None:
        """Make a folder's names durable."""
        self._boundary("before a folder's sync")
        if not self.frozen:
            self._names[self._relative(path)] = {entry.name: entry.inode() for entry in os.scandir(path)}
        self._boundary("after a folder's sync")

    def statement(self, run: Callable[[], object]) -> object:
        """Run a statement of the database; its write counts once :meth:`answered` was called."""
        before = self._written_ahead()
        result = run()
        after = self._written_ahead()
        self._unanswered = (before, after)
        if after != before:
            self._boundary("after a commit")
        return result

    def answered(self) -> None:
        """The answer to the last statement is out."""
        self._unanswered = None

    def _written_ahead(self) -> int:
        try:
            return (self.root / "data" / _WRITE_AHEAD).stat().st_size
        except FileNotFoundError:
            return 0

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self.root))

    # -- what is durable ---------------------------------------------------------------------------

    def durable(self, folder: str) -> bytes:
        """Every file of a folder as a power cut would leave it at worst, one after another."""
        if not self._folder_is_durable(folder):
            return b""
        names = self._names.get(folder, {})
        return b"".join(self._contents.get(inode, b"") for _, inode in sorted(names.items()))

    def _folder_is_durable(self, folder: str) -> bool:
        parent, _, name = folder.rpartition("/")
        if not parent:
            return name in self._names.get(".", {})
        return name in self._names.get(parent, {}) and self._folder_is_durable(parent)

    # -- crash -------------------------------------------------------------------------------------

    def crash(self, target: Path, loss: Loss, chance: Random) -> None:
        """Write to ``target`` what the next start finds."""
        self.frozen = True
        self._restore(".", target, loss, chance)

    def after_crash(self, target: Path, loss: Loss, boundary: Callable[[str], None]) -> HostDisk:
        """The disk of the next life. If only the program died, what was not synced still is not."""
        disk = HostDisk(target, boundary)
        if loss is Loss.KEPT:
            disk._inherit(self)
        return disk

    def _inherit(self, before: HostDisk) -> None:
        found = {folder: {name: inode for name, inode, _ in names} for folder, names in _tree(before.root)}
        for folder, names in list(self._names.items()):
            old_names = before._names.get(folder, {})
            for name, inode in names.items():
                old = found.get(folder, {}).get(name)
                if inode in self._contents and name not in (_DATABASE, _WRITE_AHEAD):
                    self._contents[inode] = before._contents.get(-1 if old is None else old, b"")
            self._names[folder] = {
                name: inode
                for name, inode in names.items()
                if name in (_DATABASE, _WRITE_AHEAD) or old_names.get(name) == found.get(folder, {}).get(name)
            }

    def _restore(self, folder: str, target: Path, loss: Loss, chance: Random) -> None:
        here = target / folder
        here.mkdir(parents=True, exist_ok=True)
        now = {entry.name: entry.inode() for entry in os.scandir(self.root / folder)}
        was = self._names.get(folder, {})
        torn = loss is Loss.TORN
        names = now if loss is Loss.KEPT or (torn and chance.random() < 0.5) else was
        database = {name: inode for name, inode in now.items() if name in (_DATABASE, _WRITE_AHEAD)}
        for name, inode in sorted((names | database).items()):
            path = self.root / folder / name
            inner = os.path.normpath(f"{folder}/{name}")
            if name == _SHARED:
                continue
            if path.is_dir():
                self._restore(inner, target, loss, chance)
            elif name in database:
                _write(here / name, self._database_file(name, path.read_bytes(), loss, chance))
            else:
                current = path.read_bytes() if now.get(name) == inode else None
                _write(here / name, self._content(inode, current, loss, chance))

    def _content(self, inode: int, current: bytes | None, loss: Loss, chance: Random) -> bytes:
        synced = self._contents.get(inode, b"")
        if current is None or loss is Loss.LOST:
            return synced
        if loss is Loss.KEPT:
            return current
        if not current.startswith(synced):  # cut or written over since: the one or the other
            return chance.choice([synced, current])
        more = len(current) - len(synced)
        kept = chance.randint(0, more)
        zeros = chance.randint(0, more - kept) if chance.random() < 0.5 else 0
        return current[: len(synced) + kept] + bytes(zeros)

    def _database_file(self, name: str, data: bytes, loss: Loss, chance: Random) -> bytes:
        """A statement whose answer is not out may be lost: its frames stand at the log's end."""
        if name != _WRITE_AHEAD or self._unanswered is None or loss is Loss.KEPT:
            return data
        before, after = self._unanswered
        if not 0 < before <= after == len(data):
            return data
        return data[: before if loss is Loss.LOST else chance.randint(before, after)]


def _write(path: Path, data: bytes) -> None:
    """Private, as a node's files are."""
    path.touch(mode=0o600)
    path.write_bytes(data)


def _tree(root: Path) -> Iterator[tuple[str, list[tuple[str, int, bool]]]]:
    """Every folder below a root, relative, with (name, inode, whether it is a folder) of what is in it."""
    waiting = ["."]
    while waiting:
        folder = waiting.pop()
        found = sorted(
            (entry.name, entry.inode(), entry.is_dir())
            for entry in os.scandir(root / folder)
            if entry.name != _SHARED
        )
        yield folder, found
        waiting += [os.path.normpath(f"{folder}/{name}") for name, _, is_folder in found if is_folder]
