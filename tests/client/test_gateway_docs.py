"""What docs/gateway.md says of the configuration and the addresses is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

from accord_client.gateway.config import load_config
from accord_client.gateway.server import application
from gateway_desk import running

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "gateway.md").read_text()


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    file = tmp_path / "gateway.toml"
    file.write_text(example)
    config, folder = load_config(file)
    assert folder == tmp_path
    assert [item.id for item in config.credentials] == ["micro-credential", "badge"]


async def test_every_address_is_described(tmp_path: Path) -> None:
    described = re.findall(r"^\| `(GET|POST) (\S+)` \| (yes)? ?\|", DOCS, re.MULTILINE)
    async with running(tmp_path) as (gateway, session):
        resources = application(gateway.desk).router.routes()
        served = {
            (route.method, re.sub(r"\{(\w+):[^}]*(\{[^}]*\})?[^}]*\}", r"{\1}", route.resource.canonical))
            for route in resources
            if route.resource is not None and route.method != "HEAD"
        }
        assert {(method, path) for method, path, _ in described} == served
        for method, path, guarded in described:
            address = (
                path.replace("{id}", "A" * 43).replace("{number}", "0").replace("{purpose}", "revocation")
            )
            async with session.request(method, address, data=b"") as answer:
                assert (answer.status == 401 and "openid4vci/credential" not in path) is bool(guarded), path
