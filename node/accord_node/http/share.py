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
const TEXTS = {
  en: { shared: "A shared credential", status: "Status", issuer: "Issuer", level: "Level", credits: "Credits", issued: "Issued",
    until: "Valid until", forever: "no end", valid: "valid", suspended: "suspended", revoked: "REVOKED",
    late: "past its validity", unknown: "not known to this node; ask the issuer's own",
    name: "Name in the link (not checked)", test: "From a test network: its time is made up.",
    note: "As this node's ledger has it. That the person before you holds it, this page cannot show.",
    failed: "Cannot be shown: ", broken: "this is not a whole link", absent: "this node's ledger has no such credential" },
  zh: { shared: "分享的微证书", status: "状态", issuer: "颁发机构", level: "等级", credits: "学分", issued: "颁发日期",
    until: "有效期至", forever: "长期有效", valid: "有效", suspended: "已暂停", revoked: "已撤销",
    late: "已过有效期", unknown: "本节点不掌握其状态，请向颁发机构的节点查询",
    name: "链接中的姓名（未经核验）", test: "来自测试网络：时间为虚拟。",
    note: "以上为本节点账本所载。本页无法证明出示者即为持有人。",
    failed: "无法显示：", broken: "链接不完整", absent: "本节点的账本中没有此证书" },
};
const spoken = navigator.languages.map(tag => tag.split("-")[0]).find(tag => TEXTS[tag]) || "en";
const T = TEXTS[spoken];
let test = false;  // every answer of a test network says that it is one
const ask = async address => {
  const answer = await fetch(address);
  if (answer.status === 404) throw new Error(T.absent);
  if (!answer.ok) throw new Error(address + " answered " + answer.status);
  test = answer.headers.has("Accord-Test-Network");
  return answer.json();
};
const fact = async address => (await ask(address)).value;
const best = texts => navigator.languages.map(tag => texts[tag] || texts[tag.split("-")[0]]).find(Boolean)
  || texts.en || Object.values(texts)[0];
const day = seconds => new Date(seconds * 1000).toISOString().slice(0, 10);
const plain = rational => {  // 5/2 is 2.5 to people, 1/3 stays what it is
  const [above, below] = rational.split("/").map(Number);
  return 1000 % below ? rational : String(above / below);
};
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
    return revoked ? "revoked" : suspended ? "suspended" : await late(batch) ? "late" : "valid";
  } catch { return "unknown"; }
}
async function late(batch) {  // a test network lives in its own time
  const now = test ? (await ask("/v1/status")).position.time : Date.now() / 1000;
  return batch.valid_until !== null && day(now) > batch.valid_until;
}
async function show() {
  const parts = location.hash.slice(1).split(".");
  if (parts[0] !== "1" || parts.length < 2 || parts.length > 3) throw new Error(T.broken);
  let id, name;
  try {
    id = bytes(parts[1]);
    if (parts.length === 3) name = new TextDecoder("utf-8", { fatal: true }).decode(bytes(parts[2])).slice(0, 300);
  } catch { throw new Error(T.broken); }
  if (id.length !== 20) throw new Error(T.broken);
  const batchId = [...id.slice(0, 16)].map(b => b.toString(16).padStart(2, "0")).join("");
  const index = new DataView(id.buffer).getUint32(16);
  const batch = await fact("/v1/batches/" + batchId);
  if (index >= batch.count) throw new Error(T.absent);
  const terms = (await fact(`/v1/programmes/${batch.programme.join("/")}`)).terms;
  const framework = (await fact(`/v1/frameworks/${terms.framework.join("/")}`)).terms;
  const issuers = await Promise.all(batch.issuers.map(async name => best((await fact("/v1/parties/" + name)).legal_name)));
  const found = await status(batch, index);
  document.title = document.getElementById("title").textContent = best(terms.title);
  add(T.status, T[found]);
  if (found !== "valid") out.lastChild.className = "bad";
  add(T.issuer, issuers.join(", "));
  if (terms.level !== null) add(T.level, terms.level + " (" + framework.framework_id.toUpperCase() + ")");
  add(T.credits, plain(terms.credits) + " " + best(framework.unit));
  add(T.issued, day(batch.issued_at));
  add(T.until, batch.valid_until || T.forever);
  if (name !== undefined) add(T.name, name);
  document.getElementById("test").hidden = !test;
  say.textContent = T.note;
}
document.documentElement.lang = spoken === "zh" ? "zh-Hans" : spoken;
document.title = document.getElementById("title").textContent = T.shared;
document.getElementById("test").textContent = T.test;
addEventListener("hashchange", () => location.reload());  // another link in the same tab
show().catch(error => { say.textContent = T.failed + error.message; say.className = "bad"; });
"""
SCRIPT_HASH: Final = base64.b64encode(sha256(SCRIPT.encode()).digest()).decode()

PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
    f"<title>A shared credential</title><style>{STYLE}</style></head><body>"
    '<main><h1 id="title">A shared credential</h1><p id="test" class="notice" hidden></p><p id="state" role="status">'
    "<noscript>This link keeps its contents in your browser, and shows them with a script. "
    "Without scripts, ask for the file instead: it opens everywhere and can be verified offline. "
    '<span lang="zh-Hans">此链接的内容只保存在您的浏览器中，须用脚本显示；如不启用脚本，请索取文件，可离线核验。</span></noscript></p>'
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
