"""The node's configuration: one TOML file, every key explained, nothing guessed.

``accord-node config`` prints a complete file with these explanations; an unknown key or a value out of
range is refused by name, so a misspelt key can never be silently ignored.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from accord_ledger.errors import AccordError
from accord_ledger.fields import Slug


class ConfigError(AccordError):
    """A configuration that cannot be used; says which key, what was expected and what came."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the sections: closed to unknown keys."""


Port = Annotated[int, Meta(ge=0, le=65_535)]
Positive = Annotated[int, Meta(ge=1)]


class ComingKeys(Section, frozen=True, kw_only=True):
    """Files of keys being rotated in; votes and cosignatures change over in the epoch that names them."""

    link: str = ""
    """Opens links once the ledger names it; it may name both for a while."""
    log: str = ""
    """Signs checkpoints and rejections once the ledger names it."""
    vote: str = ""
    """Votes from the epoch on whose members name it."""
    witness: str = ""
    """Cosigns from the epoch on whose members name it."""


class Keys(Section, frozen=True, kw_only=True):
    """Files of the node's own keys (PKCS#8 PEM). Institution keys never live on the node's host."""

    link: str = "keys/link.pem"
    """Opens links to other nodes."""
    log: str = "keys/log.pem"
    """Signs checkpoints and rejections of this node."""
    vote: str = ""
    """Votes in consensus; empty for an observer."""
    witness: str = ""
    """Cosigns checkpoints; empty for an observer."""
    passphrase_file: str = ""
    """File with the passphrase of encrypted key files; empty: they are not encrypted."""
    coming: ComingKeys = ComingKeys()


class Http(Section, frozen=True, kw_only=True):
    """The interface for clients, auditors and browsers."""

    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 or :: for all of this machine."""
    port: Port = 8080
    """0 takes a free port."""
    certificate: str = ""
    """TLS certificate chain (PEM); empty: plain HTTP, for use behind a reverse proxy or on loopback."""
    private_key: str = ""
    """Key of that certificate (PEM); empty: it stands in the same file."""
    max_connections: Positive = 1000
    """Open connections; further ones wait in the listen queue."""
    submissions_at_once: Positive = 64
    """Submission requests being worked on; further ones are answered 503 with Retry-After."""


class Publish(Section, frozen=True, kw_only=True):
    """What the node serves to verifiers in the name of institutions: status lists and DID documents."""

    url: Annotated[str, Meta(pattern=r"^(?:https://[a-z0-9.-]+(?::[0-9]{1,5})?)?\Z")] = ""
    """Public address of this node, as https://node.example; empty: neither is served."""
    status_keys: dict[Slug, str] = {}
    """Files of the `status` keys that institutions delegated to this node, by party."""
    status_ttl_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 300
    """Verifiers and caches may use their copy of a status list for so long."""
    status_window_seconds: Annotated[int, Meta(ge=60, le=30 * 86_400)] = 43_200
    """A list is signed anew when it changes and at least this often; it counts for up to twice as long."""


class Peers(Section, frozen=True, kw_only=True):
    """The interface for other nodes."""

    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 or :: for all of this machine. Others dial the endpoint on the ledger."""
    port: Port = 7443
    """0 takes a free port, which only helps where nobody has to dial this node."""
    links: list[Slug] = []
    """Link to these parties only; empty: to all validators."""


class Consensus(Section, frozen=True, kw_only=True):
    """Timing; numbers need not be equal on all nodes."""

    delta_ms: Annotated[int, Meta(ge=10, le=60_000)] = 500
    """Assumed bound on one message delay, milliseconds."""
    heartbeat_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 60
    """An idle network seals an empty block this often, so that freshness can be proved."""
    pace_ms: Annotated[int, Meta(ge=0, le=10_000)] = 100
    """Under load a block is proposed at most this often, milliseconds; at rest nothing waits."""
    block_records: Annotated[int, Meta(ge=1, le=65_536)] = 1000
    """Most records in a block this node proposes."""
    block_bytes: Annotated[int, Meta(ge=65_535, le=4 * 1024 * 1024)] = 2 * 1024 * 1024
    """Most bytes of records in a block this node proposes."""


class Pool(Section, frozen=True, kw_only=True):
    """Transactions waiting for a block."""

    capacity: Positive = 50_000
    """Most transactions that wait; further ones are answered "busy"."""
    author_share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """Largest part of the pool that one author's transactions may take."""
    max_bytes: Positive = 128 * 1024 * 1024
    """Most bytes that wait."""


class Work(Section, frozen=True, kw_only=True):
    """Threads and memory."""

    signature_threads: Annotated[int, Meta(ge=1, le=64)] = 1
    """Threads that read records and check signatures."""
    signature_processes: bool = True
    """Check the signatures of many records in a process beside each of these threads (30 MiB each)."""
    signatures_remembered: Positive = 200_000
    """Good signatures that are not checked again when their record comes in a block."""
    state_values_cached: Positive = 100_000
    """Decoded state values kept in memory."""
    database_cache_mib: Annotated[int, Meta(ge=1, le=65_536)] = 64
    """Pages of the database kept in memory at most, MiB; they fill as the ledger grows."""
    settle_rows: Annotated[int, Meta(ge=16, le=1_000_000)] = 65_536
    """Rows with random keys gathered before they are written to the database in sorted order (300 bytes each)."""
    uvloop: bool = True
    """Use the faster event loop where it is installed."""


class Logging(Section, frozen=True, kw_only=True):
    """Structured logs on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged: debug, info, warning or error."""
    format: Literal["json", "console"] = "json"
    """json: one object a line, for machines; console: aligned text, for people."""


class Config(Section, frozen=True, kw_only=True):
    """Everything a node needs to know. Paths are relative to the file's folder."""

    party: Slug
    """Whose node this is; the ledger must know the party and these node keys."""
    genesis: str = "genesis.accord"
    """The signed genesis file; refused unless this party signed it, or `pin` names it."""
    pin: Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{64})?\Z")] = ""
    """Hash of the genesis document, for a node of a party that joined later and did not sign it."""
    data: str = "data"
    """Folder for the log, the database and the vote journal."""
    token: str = ""
    """A file that changes with every start, outside the data folder and never backed up with it: by it
    the node sees that an older copy of its data was put back, and abstains until that is safe; empty: none."""
    keys: Keys = Keys()
    http: Http = Http()
    publish: Publish = Publish()
    peers: Peers = Peers()
    consensus: Consensus = Consensus()
    pool: Pool = Pool()
    work: Work = Work()
    logging: Logging = Logging()


def load(path: Path) -> tuple[Config, Path]:
    """Read a configuration file; returns it with the folder its paths are relative to.

    Raises:
        ConfigError: ``CONFIG_MISSING``, ``CONFIG_SYNTAX`` or ``CONFIG_VALUE`` with the key's path.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError("CONFIG_MISSING", f"expected a configuration file at {path}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("CONFIG_SYNTAX", f"expected TOML in {path}: {error}") from error
    return parse(data), path.resolve().parent


def parse(data: dict[str, Any]) -> Config:
    """A configuration from parsed TOML."""
    try:
        return msgspec.convert(data, Config)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        raise ConfigError("CONFIG_VALUE", text, path=where.rstrip("`").lstrip(".")) from error


def explain() -> str:
    """A complete configuration file: every key with its default and its explanation."""
    return "\n".join(_explain(Config, "")) + "\n"


def _explain(section: type[Section], table: str) -> list[str]:
    lines: list[str] = []
    nested: list[str] = []
    notes = _notes(section)
    for field in msgspec.structs.fields(section):
        default = field.default if field.default is not msgspec.NODEFAULT else (
            field.default_factory() if field.default_factory is not msgspec.NODEFAULT else None
        )  # fmt: skip
        if isinstance(default, Section):
            name = f"{table}.{field.name}" if table else field.name
            nested += [
                "",
                f"# {(type(default).__doc__ or '').strip()}",
                f"[{name}]",
                *_explain(type(default), name),
            ]
            continue
        if note := notes.get(field.name):
            lines += [f"# {line}" for line in note.splitlines()]
        shown = '"your-party-id"' if default is None else _toml(default)
        lines.append(f"{field.name} = {shown}")
    return lines + nested


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return msgspec.json.encode(value).decode()


def _notes(section: type[Section]) -> dict[str, str]:
    """The docstring under each field, read from the source: the explanation stands in one place."""
    import ast
    import inspect
    import textwrap

    body = ast.parse(textwrap.dedent(inspect.getsource(section))).body[0]
    notes: dict[str, str] = {}
    name = ""
    for node in getattr(body, "body", []):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            notes[name] = textwrap.dedent(str(node.value.value)).strip()
            name = ""
    return notes
