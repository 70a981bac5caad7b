"""A small page for people: what this network is, how this node is, what happened last. Needs no scripts."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import Final

from aiohttp import web

from accord_client.api import NodeStatus
from accord_node.http.respond import text_response
from accord_node.http.routes import Call, Nothing, Route
from accord_node.http.site import Site
from accord_node.http.state_keys import table_range
from accord_node.http.status import node_status
from accord_node.readmodel import RecordRow, Snapshot

NEWEST: Final = 20
COUNT_UP_TO: Final = 1000

STYLE: Final = """
:root { color-scheme: light dark; --bad: #b00020; --focus: #06c }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --focus: #8cf } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem; line-height: 1.3; margin: .5rem 0; overflow-wrap: anywhere } h2 { font-size: 1.15rem; margin-top: 2rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem } dt { font-weight: 700 }
dd { margin: 0; overflow-wrap: anywhere }
code { font-size: .875rem; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .35rem .5rem; vertical-align: top }
tbody tr { border-top: 1px solid #8888 } td span { white-space: nowrap } .wide { overflow-x: auto }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0 }
.notice { border: 2px dashed #b60; padding: .5rem .75rem } .bad { color: var(--bad); font-weight: 700 }
[hidden] { display: none }
a:focus-visible, .wide:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px }
@media (max-width: 35rem) {
  dl { grid-template-columns: 1fr } dd { margin-bottom: .5rem }
  table { font-size: .875rem } th, td { padding: .35rem .3rem } th:first-child, td:first-child { padding-left: 0 }
}
"""
STYLE_HASH: Final = base64.b64encode(sha256(STYLE.encode()).digest()).decode()

_LISTS: Final = (
    ("programmes", "programme_head", "Programmes"),
    ("parties", "party", "Parties"),
    ("agreements", "agreement", "Agreements"),
    ("batches", "batch", "Issuances"),
    ("recognitions", "recognition", "Recognitions"),
    ("grants", "grant", "Accreditations"),
    ("frameworks", "framework", "Credit frameworks"),
)


async def page(site: Site, call: Call[Nothing, Nothing]) -> web.Response:
    """The landing page."""
    rows, counts = await site.reads.visit(_read)
    response = text_response(call.request, render(node_status(site), rows, counts), "text/html")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    response.headers["Cache-Control"] = "no-cache"
    return response


def _read(now: Snapshot) -> tuple[list[RecordRow], dict[str, int]]:
    counts = {name: now.count(*table_range(table), COUNT_UP_TO) for name, table, _ in _LISTS}
    return now.newest_records(NEWEST), counts


def render(status: NodeStatus, rows: Iterable[RecordRow], counts: dict[str, int]) -> str:
    """The page as HTML; everything that is not ours is escaped."""
    name = escape(status.name)
    notice = (
        '<p class="notice">This is a test network with a scripted clock.</p>' if status.test_network else ""
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}: {escape(status.party)}</title><style>{STYLE}</style></head><body>"
        f"<header><h1>{name}</h1>{notice}</header><main>"
        f"{_about(status)}{_lists(counts)}{_newest(rows)}{_machines()}</main></body></html>\n"
    )


def _about(status: NodeStatus) -> str:
    state = "makes progress" if status.ready else f"does not make progress: {status.reason}"
    height, role = status.position.height, "votes" if status.voting else "observes"
    block = f"/v1/blocks/{height}" if height else "/genesis"
    standing = escape(state) if status.ready else f'<strong class="bad">{escape(state)}</strong>'
    pairs = (
        ("Network", f"<code>{escape(status.network)}</code>"),
        ("This node", f"{escape(status.party)} ({role}; {standing})"),
        ("Newest block", f'<a href="{block}">{height}</a>, {_when(status.position.time)}'),
        ("Log", f'{status.log_size} entries, <a href="/checkpoint">cosigned checkpoint</a>'),
        ("Members", f"{escape(', '.join(status.members))} (quorum {status.quorum} of {len(status.members)})"),
    )
    items = "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in pairs)
    return f"<h2>This ledger</h2><dl>{items}</dl>"


def _lists(counts: dict[str, int]) -> str:
    items = "".join(
        f'<li><a href="/v1/{name}">{title}</a> ({_count(counts[name])})</li>' for name, _, title in _LISTS
    )
    return f'<nav aria-labelledby="holds"><h2 id="holds">What it holds</h2><ul>{items}</ul></nav>'


def _count(number: int) -> str:
    return f"{number} or more" if number >= COUNT_UP_TO else str(number)


def _newest(rows: Iterable[RecordRow]) -> str:
    body = "".join(
        f'<tr><td><a href="/v1/records/{row.index}">{row.index}</a></td><td>{_when(row.time, parts=True)}</td>'
        f"<td>{escape(row.kind)}</td><td>{escape(row.author)}</td></tr>"
        for row in rows
    )
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Index", "Time (UTC)", "Kind", "Author"))
    table = f'<div class="wide" role="region" aria-labelledby="newest" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    return f'<h2 id="newest">Newest records</h2>{table if body else "<p>None yet.</p>"}'


def _machines() -> str:
    links = (
        ("/v1/openapi.json", "OpenAPI"), ("/v1/status", "Status"), ("/v1/records", "Records"),
        ("/v1/state", "State tables"), ("/policy", "Policy"), ("/genesis", "Genesis file"), ("/metrics", "Metrics"),
    )  # fmt: skip
    items = "".join(f'<li><a href="{address}">{title}</a></li>' for address, title in links)
    return f'<nav aria-labelledby="machines"><h2 id="machines">For programs</h2><ul>{items}</ul></nav>'


def _when(seconds: int, *, parts: bool = False) -> str:
    """A time; in two parts where a column may be too narrow for a line, and its head says UTC."""
    moment = datetime.fromtimestamp(seconds, UTC)
    shown = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    if parts:
        shown = f"<span>{moment:%Y-%m-%d}</span> <span>{moment:%H:%M:%S}</span>"
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{shown}</time>'


ROUTES: Final = (Route("GET", "/", page, "A page for people", "text/html"),)
