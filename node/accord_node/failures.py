"""Failures of the process in one line: what failed, what a person does about it, and the exit code.

Exit codes: 0 stopped when asked; 1 a named failure, printed in one line with what to do next; 3 the node's
own state contradicts what it must be, so it stopped and must not simply be started again; 4 the network
has activated a protocol version that this program does not know: its data are sound, a newer one is needed.
"""

from __future__ import annotations

import sys
from typing import Final

import structlog

from accord_ledger.errors import AccordError, FatalError
from accord_node.storage.durable import disk_error

log = structlog.get_logger("main")

EXIT_NAMED: Final = 1
EXIT_FATAL: Final = 3
EXIT_UPGRADE: Final = 4

_NEXT: Final = (
    ("CONFIG_MISSING", "write one with: accord-node config > node.toml"),
    ("CONFIG_", "every key is explained by: accord-node config"),
    ("KEYFILE_", "check [keys] in the configuration, and the files' mode (0600)"),
    ("GENESIS_UNSIGNED", "the institution must sign this genesis file before its node may use it"),
    ("GENESIS_", "get the signed genesis file from the other founders again"),
    ("NODE_FAULT", "a defect: report it with the log; see 'When a node stops by itself' in deploy/README.md"),
    (
        "NODE_UNKNOWN",
        "the institution must have put its node's keys on the ledger; who joined later sets pin",
    ),
    ("NODE_", "use the key files whose public keys the genesis file names for this party"),
    ("ADDRESS", "choose another host or port in the configuration, or stop what uses it"),
    ("DATA_IN_USE", "stop the other node that uses this data folder"),
    ("DATA_FOREIGN", "name this party's own data folder in the configuration"),
    ("DATA_UNUSABLE", "check data in the configuration, and the rights of that folder"),
    ("DISK_FULL", "make room for the data folder and start again; nothing that was acknowledged is lost"),
    ("DISK_", "check the disk of the data folder and its rights, then start again"),
    ("DATA_MISSING", "check data in the configuration; a node that never ran has nothing to check"),
    (
        "RECOVERY_UNCARRIED",
        "choose a new data folder, then: accord-node join --from SNAPSHOT of the old network",
    ),
    ("RECOVERY_", "read 'When the quorum is lost for good' in docs/operations.md"),
    ("DATABASE_NETWORK", "choose another data folder; this one belongs to another network"),
    (
        "JOURNAL_",
        "keep the data folder as it is and restore it as deploy/README.md says; never delete a journal alone",
    ),
    ("LOG_", "keep the data folder for inquiry; see 'When a node stops by itself' in deploy/README.md"),
    ("DATABASE_", "keep the data folder for inquiry; see 'When a node stops by itself' in deploy/README.md"),
    ("VERSION_UNKNOWN", "install that release and start it on the same data folder: nothing is lost"),
    ("HANDOFF_", "keep the data folder for inquiry; see 'When a node stops by itself' in deploy/README.md"),
    ("SNAPSHOT_DATA", "a snapshot goes into a new data folder only"),
    ("SNAPSHOT_UNFINISHED", "run accord-node join again, or remove the folder joining/ to begin at genesis"),
    ("SNAPSHOT_CUT", "run it again: what was fetched is kept"),
    ("SNAPSHOT_GONE", "the source has a newer snapshot by now: run it again; what was fetched is kept"),
    ("SNAPSHOT_", "this source cannot be used: name another one, or tell its operator"),
    ("STATE_", "keep the data folder for inquiry; see 'When a node stops by itself' in deploy/README.md"),
)
_MISTAKES: Final = ("NODE_UNKNOWN", "NODE_KEYS", "DATABASE_NETWORK", "RECOVERY_UNCARRIED", "RECOVERY_END")
"""Fatal for the start but not for the data: a wrong file or folder was named."""


class ProcessError(AccordError):
    """The process cannot run here and now."""


def next_step(code: str) -> str:
    """What a person does about a failure."""
    return next((text for prefix, text in _NEXT if code.startswith(prefix)), "see the log above")


def explain_failure(error: AccordError) -> str:
    """One line: what failed and what to do."""
    return f"{' '.join(str(error).split())} -- {next_step(error.code)}"


def named(error: BaseException) -> AccordError:
    """The failure by its code, whatever it was raised as."""
    if isinstance(error, AccordError):
        return error
    return disk_error(error) or FatalError("NODE_FAULT", repr(error)[:300])


def exit_code(error: BaseException) -> int:
    """The exit code for what ended the process."""
    failure = named(error)
    if failure.code == "VERSION_UNKNOWN":
        return EXIT_UPGRADE
    fatal = isinstance(failure, FatalError) and failure.code not in _MISTAKES
    return EXIT_FATAL if fatal else EXIT_NAMED


def end_with(error: BaseException) -> int:
    """Say in one line what ended the process; returns the exit code."""
    failure = named(error)
    if failure.code == "NODE_FAULT":
        log.error("defect", error=repr(error), exc_info=error)
    sys.stderr.write(f"accord-node: {explain_failure(failure)}\n")
    return exit_code(failure)
