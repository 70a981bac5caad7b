"""A stranger's verifier over https: openvc's whole pipeline, which finds keys and status lists by itself.

``POST /credentials/verify`` as the JavaScript program beside it, for badges and for SD-JWT VCs. Prints its port;
ends with standard input. openvc's own fetch refuses loopback addresses (and is right), so here it is given another;
and it never fetches contexts, so it is given that of Open Badges.

    verifier_service.py CERTIFICATE KEY AUTHORITY CONTEXTS.json
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from openvc import verify_credential
from openvc.did.base import DidResolverRegistry
from openvc.did.did_key import DidKeyResolver
from openvc.did.did_web import DidWebResolver
from openvc.resolvers import default_status_list_resolver, default_status_list_token_resolver

CERTIFICATE, KEY, AUTHORITY, CONTEXTS = sys.argv[1:5]
EXTRA = json.loads(Path(CONTEXTS).read_text(encoding="utf-8"))
TRUSTED = ssl.create_default_context(cafile=AUTHORITY)


def fetch(url: str) -> str:
    """Text at an https address."""
    if not url.startswith("https://"):
        raise ValueError(f"no https: {url}")
    with urllib.request.urlopen(url, timeout=10, context=TRUSTED) as answer:  # noqa: S310 - https, just checked
        text: str = answer.read(1 << 20).decode()
    return text


KEYS = DidResolverRegistry([DidKeyResolver(), DidWebResolver(lambda url: json.loads(fetch(url)))])


def judge(credential: Any) -> dict[str, Any]:
    """What openvc says; it takes one proof, not an array of one."""
    proof = credential.get("proof") if isinstance(credential, dict) else None
    if isinstance(proof, list) and len(proof) == 1:
        credential = credential | {"proof": proof[0]}
    found = verify_credential(
        credential,
        resolver=KEYS,
        resolve_status_list=default_status_list_resolver(resolver=KEYS, fetch=fetch, extra_contexts=EXTRA),
        resolve_status_list_token=default_status_list_token_resolver(resolver=KEYS, fetch=fetch),
        extra_contexts=EXTRA,
    )
    return {"verified": True, "format": found.format, "issuer": found.issuer}


class Service(BaseHTTPRequestHandler):
    """One address."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            status, said = 200, judge(body["verifiableCredential"])
        except Exception as error:  # noqa: BLE001 - whatever a foreign program raises is its refusal
            status, said = 400, {"verified": False, "errors": [f"{type(error).__name__}: {error}"[:300]]}
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
