"""Bodies that a node's host makes for its institution: new keys (T43) and the wish for a seat (T42)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from accord_client.plain import body_from_json
from accord_genesis.keyfiles import load_key, write_key
from accord_genesis.unusedkeys import says_unused
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.keys import check_possession
from accord_node.cli import node
from node_network import Alliance, key, make_alliance

ENDPOINT = "wss://node.example:7443/peer"


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return make_alliance(4)


def write_config(alliance: Alliance, folder: Path, keys: str, *, party: str = "p0") -> Path:
    (folder / "genesis.accord").write_bytes(alliance.genesis_file)
    file = folder / "node.toml"
    file.write_text(
        f'party = "{party}"\npin = "{alliance.genesis.network.hex()}"\n[keys]\n{keys}\n', encoding="utf-8"
    )
    return file


def keys_body(config: Path, out: Path) -> NodeKeysSet:
    done = CliRunner().invoke(node, ["keys", "--config", str(config), "--endpoint", ENDPOINT, str(out)])
    assert done.exit_code == 0, done.output
    body = body_from_json("node_keys_set", out.read_bytes())
    assert isinstance(body, NodeKeysSet)
    return body


def test_a_newcomers_keys_are_made_and_proved(alliance: Alliance, tmp_path: Path) -> None:
    config = write_config(
        alliance, tmp_path, 'vote = "keys/vote.pem"\nwitness = "keys/witness.pem"', party="late"
    )
    body = keys_body(config, tmp_path / "body.json")
    assert (body.party, body.endpoint) == ("late", ENDPOINT)
    for path, use, item in body.uses():
        check_possession(alliance.genesis.network, "late", use, item.public, item.proof, path)
        assert load_key(tmp_path / "keys" / f"{use}.pem").public == item.public
    assert says_unused(tmp_path / "keys" / "vote.unused", body.vote.public)


def test_coming_keys_take_the_place_of_those_in_use_and_links_overlap(
    alliance: Alliance, tmp_path: Path
) -> None:
    for use in ("link", "log", "witness"):  # the vote key is lost
        write_key(_made(tmp_path / "keys") / f"{use}.pem", key("p0", use), passphrase=None)
    config = write_config(
        alliance, tmp_path,
        'witness = "keys/witness.pem"\n[keys.coming]\nlink = "new/link.pem"\nvote = "new/vote.pem"',
    )  # fmt: skip
    body = keys_body(config, tmp_path / "body.json")
    new = {use: load_key(tmp_path / "new" / f"{use}.pem").public for use in ("link", "vote")}
    assert {item.public for item in body.link} == {new["link"], key("p0", "link").public}
    assert body.vote.public == new["vote"]
    assert [path.parent.name for path in tmp_path.rglob("*.unused")] == ["new"]
    assert says_unused(tmp_path / "new" / "vote.unused", new["vote"])
    assert (body.log.public, body.witness.public) == (key("p0", "log").public, key("p0", "witness").public)


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def test_made_again_the_same_keys_are_named(alliance: Alliance, tmp_path: Path) -> None:
    config = write_config(alliance, tmp_path, 'vote = "keys/vote.pem"\nwitness = "keys/witness.pem"')
    assert keys_body(config, tmp_path / "one.json") == keys_body(config, tmp_path / "two.json")


@pytest.mark.parametrize(
    ("keys", "endpoint", "said"),
    [
        ('witness = "keys/witness.pem"', ENDPOINT, "NODE_KEYS_UNNAMED"),
        ('vote = "keys/vote.pem"\nwitness = "keys/witness.pem"', "http://node.example", "endpoint"),
    ],
)
def test_what_cannot_become_a_record_is_refused(
    alliance: Alliance, tmp_path: Path, keys: str, endpoint: str, said: str
) -> None:
    config = write_config(alliance, tmp_path, keys)
    out = tmp_path / "body.json"
    done = CliRunner().invoke(node, ["keys", "--config", str(config), "--endpoint", endpoint, str(out)])
    assert done.exit_code == 1
    assert said in done.output
    assert not out.exists()


def test_a_node_that_does_not_run_asks_for_no_seat(alliance: Alliance, tmp_path: Path) -> None:
    config = write_config(alliance, tmp_path, 'vote = "keys/vote.pem"\nwitness = "keys/witness.pem"')
    done = CliRunner().invoke(node, ["ready", "--config", str(config), str(tmp_path / "seat.json")])
    assert done.exit_code == 1
    assert "NOT_READY_NODE" in done.output


def test_a_pin_of_another_network_is_refused(alliance: Alliance, tmp_path: Path) -> None:
    config = write_config(alliance, tmp_path, 'vote = "keys/vote.pem"\nwitness = "keys/witness.pem"')
    config.write_text(config.read_text().replace(alliance.genesis.network.hex(), "0" * 64))
    done = CliRunner().invoke(
        node, ["keys", "--config", str(config), "--endpoint", ENDPOINT, str(tmp_path / "body.json")]
    )
    assert done.exit_code == 1
    assert "GENESIS_PIN" in done.output


def test_the_body_is_readable_json(alliance: Alliance, tmp_path: Path) -> None:
    config = write_config(alliance, tmp_path, 'vote = "keys/vote.pem"\nwitness = "keys/witness.pem"')
    keys_body(config, tmp_path / "body.json")
    assert json.loads((tmp_path / "body.json").read_text())["party"] == "p0"
