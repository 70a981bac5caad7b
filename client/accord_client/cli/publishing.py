"""Where an institution's documents point to: its DID and its status list, as its node publishes them.

A registrar names the public address of the node; the rest follows from it and from the ledger, or is named
where an institution publishes elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from accord_client.documents.did_web import party_did
from accord_ledger.domain.model.party import Party

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Publishing:
    """What documents of one issuance name."""

    base_url: str
    """Addresses of programmes begin with it."""
    did: str
    """The issuer's."""
    status_url: str
    """Of the list, without its last part."""

    @classmethod
    def of(cls, party: Party, status_list: str, *, base_url: str, did: str, status_url: str) -> Publishing:
        """What was named, and for the rest what the party's node publishes at ``base_url``.

        Raises:
            DecodeError: ``DID_WEB``: no DID was named, the ledger has none of the party, and the address is not
                one that a DID can be made of.
        """
        base = base_url.rstrip("/")
        lists = status_url or f"{base}/v1/status-lists/{party.party_id}/{status_list}"
        return cls(base_url, did or party_did(party, base), lists)


def publishing(command: F) -> F:
    """Options ``base_url``, ``did``, ``status_url`` and ``status_list``."""
    options = [
        click.option(
            "--base-url",
            required=True,
            metavar="URL",
            help="Public address of your node, as https://node.uni.example; addresses in documents begin with it.",
        ),
        click.option(
            "--did", default="", help="Your DID; the one on the ledger, or your node's, if none is named."
        ),
        click.option(
            "--status-url",
            default="",
            metavar="URL",
            help="Where the list is published, without its last part (/revocation, /suspension, /token), if not by "
            "your node.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command
