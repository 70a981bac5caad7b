"""Policy files: what we write, the language of C2SP tlog-policy, and what is refused."""

import pytest

from accord_ledger.checkpoint import Checkpoint, cosign
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.keys import SigningKey
from accord_ledger.merkle import tree
from accord_ledger.note import COSIGNATURE, Note, NoteSigner, VerifierKey
from accord_ledger.policy import MAX_POLICY_BYTES, Group, Policy, parse_policy

LOG = NoteSigner("log.example", SigningKey(bytes([1]) * 32))
KEYS = [SigningKey(bytes([number]) * 32) for number in range(50, 56)]
VKEYS = [VerifierKey(f"w{at}.example", COSIGNATURE, key.public) for at, key in enumerate(KEYS)]
CHECKPOINT = Checkpoint(LOG.name, 1, tree.leaf_hash(b"entry"))
HEAD = f"log {LOG.verifier}\n" + "".join(f"witness W{at} {vkey}\n" for at, vkey in enumerate(VKEYS))
OURS = Policy.of_members([LOG.verifier], VKEYS[:4], 3)


def note_of(*signers: int) -> bytes:
    text = CHECKPOINT.text()
    lines = [cosign(text, KEYS[at], VKEYS[at].name, 1_700_000_000) for at in signers]
    return Note(text, (LOG.sign(text), *lines)).format()


def test_the_file_of_an_epoch() -> None:
    names = [f"w{at}.example" for at in range(4)]
    lines = [
        f"log {LOG.verifier}",
        *(f"witness {name} {key}" for name, key in zip(names, VKEYS, strict=False)),
    ]
    lines += [f"group members 3 {' '.join(names)}", "quorum members", ""]
    assert OURS.format().decode() == "\n".join(lines)
    assert parse_policy(OURS.format()) == OURS


def test_an_epoch_opens_with_its_quorum() -> None:
    assert OURS.open(note_of(0, 1, 3)).checkpoint == CHECKPOINT
    for signers in ((), (0, 1), (0, 1, 4, 5)):
        with pytest.raises(AccordError) as caught:
            OURS.open(note_of(*signers))
        assert caught.value.code == "CHECKPOINT_QUORUM"


def test_the_whole_language_is_read() -> None:
    text = f"""# comment
log {LOG.verifier} https://log.example/

\t witness  X1\t{VKEYS[0]} https://witness.example/
witness X2 {VKEYS[1]}
group X 2 X1 X2
witness Yé {VKEYS[2]}
  # another
witness Y2 {VKEYS[3]}
group Y any Yé Y2
group both all X Y
quorum both
witness late {VKEYS[4]}
"""
    policy = parse_policy(text.encode())
    assert policy.groups == {
        "X": Group(2, ("X1", "X2")),
        "Y": Group(1, ("Yé", "Y2")),
        "both": Group(2, ("X", "Y")),
    }
    assert parse_policy(policy.format()) == policy
    assert policy.open(note_of(0, 1, 3))
    for signers in ((0, 1), (0, 2, 3, 4), (2, 3)):
        assert not policy.satisfied_by({VKEYS[at] for at in signers})


def test_one_witness_can_be_the_quorum() -> None:
    policy = parse_policy((HEAD + "quorum W5\n").encode())
    assert policy.open(note_of(5))
    assert not policy.satisfied_by(set(VKEYS[:5]))


@pytest.mark.parametrize(
    ("code", "tail"),
    [
        ("POLICY_QUORUM", ""),
        ("POLICY_QUORUM", "quorum none\n"),
        ("POLICY_QUORUM", "quorum W1\nquorum W1\n"),
        ("POLICY_UNKNOWN_NAME", "quorum W9\n"),
        ("POLICY_UNKNOWN_NAME", "quorum g\ngroup g any W1\n"),
        ("POLICY_UNKNOWN_NAME", "group g any none\nquorum g\n"),
        ("POLICY_UNKNOWN_NAME", "group g any g\nquorum g\n"),
        ("POLICY_UNKNOWN_NAME", "group g any W1 w1\nquorum g\n"),
        ("POLICY_DUPLICATE", "group g any W1 W1\nquorum g\n"),
        ("POLICY_DUPLICATE", "group g any W1\ngroup h any W1\nquorum h\n"),
        ("POLICY_DUPLICATE", "group W0 any W1\nquorum W0\n"),
        ("POLICY_DUPLICATE", "group none any W1\nquorum W0\n"),
        ("POLICY_DUPLICATE", f"witness other {VKEYS[0]}\nquorum W0\n"),
        ("POLICY_DUPLICATE", f"log {LOG.verifier}\nquorum W0\n"),
        ("POLICY_MALFORMED", "group g 0 W1\nquorum g\n"),
        ("POLICY_MALFORMED", "group g 3 W1 W2\nquorum g\n"),
        ("POLICY_MALFORMED", "group g 01 W1\nquorum g\n"),
        ("POLICY_MALFORMED", "group g most W1\nquorum g\n"),
        ("POLICY_MALFORMED", "group g 1\nquorum g\n"),
        ("POLICY_MALFORMED", "quorum W1 W2\n"),
        ("POLICY_MALFORMED", "quorum\n"),
        ("POLICY_MALFORMED", "Quorum W1\n"),
        ("POLICY_MALFORMED", f"log {VKEYS[0]}\nquorum W1\n"),
        ("POLICY_MALFORMED", f"witness L {LOG.verifier}\nquorum W1\n"),
        ("NOTE_KEY", "witness L not+a+key\nquorum W1\n"),
        ("POLICY_ENCODING", "quorum W1"),
        ("POLICY_ENCODING", "quorum W1\r\n"),
        ("POLICY_ENCODING", "quorum W1\x7f\n"),
        ("POLICY_TOO_LARGE", "#" * MAX_POLICY_BYTES + "\nquorum W1\n"),
    ],
)
def test_refused_policies(code: str, tail: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_policy((HEAD + tail).encode())
    assert caught.value.code == code


def test_a_policy_is_utf8() -> None:
    with pytest.raises(DecodeError) as caught:
        parse_policy(HEAD.encode() + b"# \xff\nquorum W1\n")
    assert caught.value.code == "POLICY_ENCODING"


def test_an_error_names_its_line() -> None:
    with pytest.raises(DecodeError) as caught:
        parse_policy((HEAD + "quorum W9\n").encode())
    assert caught.value.path == "line 8"


def test_a_policy_needs_a_log() -> None:
    with pytest.raises(DecodeError) as caught:
        parse_policy(f"witness W0 {VKEYS[0]}\nquorum W0\n".encode())
    assert caught.value.code == "POLICY_MALFORMED"


def test_names_are_not_endless() -> None:
    groups = "".join(f"group g{at + 1} any g{at}\n" for at in range(600))
    with pytest.raises(DecodeError) as caught:
        parse_policy((HEAD + "group g0 any W0\n" + groups + "quorum g600\n").encode())
    assert caught.value.code == "POLICY_DUPLICATE"


@pytest.mark.parametrize("k", [0, 5])
def test_an_epoch_needs_a_possible_quorum(k: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        Policy.of_members([LOG.verifier], VKEYS[:4], k)


def test_members_need_names_and_keys_of_their_own() -> None:
    for other in (
        VerifierKey(VKEYS[0].name, COSIGNATURE, VKEYS[1].public),
        VerifierKey("alias.example", COSIGNATURE, VKEYS[0].public),
        VerifierKey("members", COSIGNATURE, VKEYS[1].public),
    ):
        with pytest.raises(ValueError, match="expected"):
            Policy.of_members([LOG.verifier], [VKEYS[0], other], 1)
