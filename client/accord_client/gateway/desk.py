"""What the protocols of one gateway share: the issuer, the keys, the clock, the store and the workbench."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from accord_client.badges import verification_method
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import did_key
from accord_client.gateway.config import (
    Config,
    ConfigError,
    context_texts,
    fetching_context,
    keyring,
    pinned_documents,
)
from accord_client.gateway.fetching import Fetcher
from accord_client.gateway.foreign_status import ForeignLists, judge_foreign
from accord_client.gateway.open_contexts import open_contexts
from accord_client.gateway.problems import GatewayError
from accord_client.gateway.resolving import DidResolver
from accord_client.gateway.signing import Issuer
from accord_client.gateway.store import Store
from accord_client.gateway.verification import Verifier
from accord_client.gateway.web import Guard, Workbench
from accord_genesis.keyfiles import KeyFileError
from accord_ledger.errors import AccordError
from accord_ledger.keys import SigningKey


@dataclass(slots=True)
class Desk:
    """One gateway."""

    config: Config
    issuer: Issuer
    resolver: DidResolver
    lists: ForeignLists
    guard: Guard
    workbench: Workbench
    holder_key: SigningKey | None
    """``institution``: signs presentations; None if its file is not here."""

    @property
    def base_url(self) -> str:
        """How others reach this gateway."""
        return self.config.base_url

    @property
    def store(self) -> Store:
        """What must not be forgotten."""
        return self.issuer.store

    def now(self) -> int:
        """POSIX seconds."""
        return self.issuer.clock()

    def check_reader(self, request: web.Request) -> None:
        """Whether the caller may verify."""
        if not self.config.verify.open:
            self.guard.check(request)

    def holder(self) -> tuple[SigningKey, str]:
        """The key for presentations and its URL; raises ``GatewayError`` ``HOLDER_KEY_ABSENT``."""
        if self.holder_key is None:
            raise GatewayError("HOLDER_KEY_ABSENT", "expected the institution key beside the gateway")
        return self.holder_key, verification_method(self.config.did, self.holder_key.public)

    async def verifier(self, *documents: Any) -> Verifier:
        """What is known for judging these documents, after fetching what may be fetched."""
        at = self.now()
        resolve = await self.resolver.prepare(self.config.did, *documents, at=at)
        known = await self.lists.prepare(*documents, at=at)

        def judge(entry: JsonObject, issuer: str) -> AccordError | None:
            found = self.issuer.judge_status(entry)
            if found is None or found.code != "STATUS_UNCHECKED":
                return found
            return judge_foreign(entry, issuer, known)

        return Verifier(self.issuer.contexts, resolve, at, judge)


def open_desk(config: Config, folder: Path, clock: Callable[[], float] = time.time) -> Desk:
    """The gateway of a configuration.

    Raises:
        ConfigError: ``CONFIG_DID``: a did:key that is not of the issuance key.
        AccordError: a key, context or document file that cannot be used.
    """
    keys, party = keyring(config, folder), config.keys.party
    key = keys.signing_key(party, "issuance")
    alone = config.did.startswith("did:key:")
    if alone and config.did != did_key(key.public):
        raise ConfigError("CONFIG_DID", f"expected {did_key(key.public)}", path="did")
    status_key = key if alone else keys.signing_key(party, "status")
    issuer = Issuer(
        did=config.did,
        key=key,
        status_key=status_key,
        status_url=f"{config.base_url}/status-lists" if config.add_status else "",
        contexts=open_contexts(context_texts(config, folder)),
        store=Store(folder / config.state),
        clock=lambda: int(clock()),
    )
    holder = key if alone else _optional_key(lambda: keys.signing_key(party, "institution"))
    document = issuer.document()
    if holder is not None and not alone:
        method = verification_method(config.did, holder.public)
        document["verificationMethod"].append(
            document["verificationMethod"][0] | {"id": method, "publicKeyMultibase": method.partition("#")[2]}
        )
        document["authentication"] = [method]
    pinned = {config.did: document} | pinned_documents(config, folder)
    verify = config.verify
    fetch = Fetcher(fetching_context(config, folder), frozenset(verify.inner_hosts))
    resolver = DidResolver(pinned, frozenset(verify.did_web_hosts), fetch)
    lists = ForeignLists(resolver, frozenset(verify.status_hosts), fetch)
    return Desk(config, issuer, resolver, lists, Guard(config.tokens), Workbench(), holder)


def _optional_key(load: Callable[[], SigningKey]) -> SigningKey | None:
    try:
        return load()
    except KeyFileError as error:
        if error.code == "KEYFILE_MISSING":
            return None
        raise
