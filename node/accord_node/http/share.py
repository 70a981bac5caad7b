"""The page that opens a learner's link: what the ledger says of one credential, and nothing else.

    https://node.example/share#1.<credential>[.<name>]

The fragment is never sent, so this node does not learn who is looked at: the page is the same for everybody,
and the script in it asks for the batch, its programme and its issuer, and for whole status lists, in which
the browser finds the one bit. Everything shown is the ledger's, but a name that the learner put into the
link, which is shown as such. Without scripts the page says what to ask for instead: the file, which needs
none (``accord export share``).
"""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Final

from aiohttp import web

from accord_node.http.page import STYLE, STYLE_HASH
from accord_node.http.respond import file_response
from accord_node.http.routes import Call, Nothing, Route
from accord_node.http.site import Site

SCRIPT: Final = """
"use strict";
const out = document.getElementById("facts"), say = document.getElementById("state");
const bytes = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
const add = (term, text) => {
  const dt = document.createElement("dt"), dd = document.createElement("dd");
  dt.textContent = term; dd.textContent = text; out.append(dt, dd);
};
const ask = async address => {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(address + " answered " + answer.status);
  return answer.json();
};
const fact = async address => (await ask(address)).value;
const best = texts => navigator.languages.map(tag => texts[tag] || texts[tag.split("-")[0]]).find(Boolean)
  || texts.en || Object.values(texts)[0];
const day = seconds => new Date(seconds * 1000).toISOString().slice(0, 10);
const plain = rational => rational.replace(/\\/1$/, "");
async function bit(batch, index, purpose) {
  const list = await ask(`/v1/status-lists/${batch.status_owner}/${batch.status_list}/${purpose}`);
  const packed = bytes(list.credentialSubject.encodedList.slice(1));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bits = new Uint8Array(await new Response(stream).arrayBuffer()), at = batch.status_start + index;
  return (bits[at >> 3] >> (7 - at % 8)) & 1;
}
async function status(batch, index) {
  try {
    const bits = ["revocation", "suspension"].map(purpose => bit(batch, index, purpose));
    const [revoked, suspended] = await Promise.all(bits);  // both, whatever they say: asking tells nothing
    return revoked ? "REVOKED" : suspended ? "suspended" : "valid";
  } catch (error) { return "not known here: " + error.message; }
}
async function show() {
  const parts = location.hash.slice(1).split("."), id = parts.length < 2 ? [] : bytes(parts[1]);
  if (parts[0] !== "1" || parts.length > 3 || id.length !== 20) throw new Error("this is not a whole link");
  const batchId = [...id.slice(0, 16)].map(b => b.toString(16).padStart(2, "0")).join("");
  const index = new DataView(id.buffer).getUint32(16);
  const batch = await fact("/v1/batches/" + batchId);
  if (index >= batch.count) throw new Error("the batch has no such credential");
  const terms = (await fact(`/v1/programmes/${batch.programme.join("/")}`)).terms;
  const framework = (await fact(`/v1/frameworks/${terms.framework.join("/")}`)).terms;
  const issuers = await Promise.all(batch.issuers.map(async name => best((await fact("/v1/parties/" + name)).legal_name)));
  document.getElementById("title").textContent = best(terms.title);
  add("Status", await status(batch, index));
  add("Issuer", issuers.join(", "));
  if (terms.level !== null) add("Level", terms.level + " (" + framework.framework_id.toUpperCase() + ")");
  add("Credits", plain(terms.credits) + " " + best(framework.unit));
  add("Issued", day(batch.issued_at));
  add("Valid until", batch.valid_until || "no end");
  if (parts.length === 3) add("Name in the link (not checked)", new TextDecoder("utf-8", { fatal: true }).decode(bytes(parts[2])).slice(0, 300));
  say.textContent = "As this node's ledger has it. That the person before you holds it, this page cannot show.";
}
show().catch(error => { say.textContent = "Cannot be shown: " + error.message; });
"""
SCRIPT_HASH: Final = base64.b64encode(sha256(SCRIPT.encode()).digest()).decode()

PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
    f"<title>A shared credential</title><style>{STYLE}</style></head><body>"
    '<main><h1 id="title">A shared credential</h1><p id="state" role="status">'
    "<noscript>This link keeps its contents in your browser, and shows them with a script. "
    "Without scripts, ask for the file instead: it opens everywhere and can be verified offline.</noscript></p>"
    f'<dl id="facts"></dl></main><script>{SCRIPT}</script></body></html>\n'
)


async def share(_: Site, call: Call[Nothing, Nothing]) -> web.Response:
    """The page, the same for everybody."""
    response = file_response(call.request, PAGE.encode(), media_type="text/html", cache="public, max-age=300")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; script-src 'sha256-{SCRIPT_HASH}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return response


ROUTES: Final = (
    Route("GET", "/share", share, "Opens a learner's link; shows what the ledger says", "text/html"),
)
