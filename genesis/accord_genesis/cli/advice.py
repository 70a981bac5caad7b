"""What a founder can do about each error of the ceremony."""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "ACTS_KIND": "Genesis holds only some kinds; submit the others as transactions once the ledger runs.",
    "ACTS_SYNTAX": "Check the file against the example in the documentation of 'accord genesis new'.",
    "ACTS_VALUE": 'Correct the field that is named; numbers are written "n/d", hashes and keys in hexadecimal.',
    "CODEC_NOT_CANONICAL": "The file was changed or damaged on its way; ask for it again.",
    "CODEC_SCHEMA": "This is not the kind of file expected here, or it was damaged; check which file you named.",
    "E_DUPLICATE": "The same party or id stands twice; leave one of them out.",
    "E_KEY_INVALID": "A key or its proof of possession is not good; its owner runs 'accord genesis join' again.",
    "E_KEY_REUSE": "Every key serves one party and one use; its owner runs 'accord genesis join' again.",
    "E_NOT_READY": "A party with a seat needs node keys; it runs 'accord genesis join' with --endpoint.",
    "E_ROLE": "Check the roles of the party that is named.",
    "E_UNKNOWN_REF": "Something is named that is not there; add the statement, preset or act that makes it.",
    "E_VERSION": "The same framework, profile or list is defined twice, or a version is left out.",
    "FILE_EXISTS": "Nothing was overwritten; choose another name with --out or move the file away.",
    "FILE_MISSING": "Check the name of the file.",
    "GENESIS_MEMBERS": "Four parties with a seat are needed; more parties run 'accord genesis join --seat'.",
    "GENESIS_NETWORK": "Two different documents are about; compare the network hash and agree on one of them.",
    "GENESIS_ORIGIN": "Choose an origin such as ledger.example/alliance.",
    "GENESIS_SIGNATURE": "Do not use this file; ask the party that is named to sign again.",
    "GENESIS_SIGNATURE_ORDER": "The file was not made by 'accord genesis merge'; merge the signatures again.",
    "GENESIS_UNSIGNED": "The party runs 'accord genesis sign'; add what it sends with 'accord genesis merge'.",
    "KEYFILE_EXISTS": "Keys are never overwritten; move the old ones away or choose another folder.",
    "KEYFILE_EXPOSED": "Others can read the file: chmod 600 it, and if it held a key, replace that key.",
    "KEYFILE_MISSING": "Name the folder of the institution's keys with --keys.",
    "KEYFILE_PASSPHRASE": "Check --passphrase-file, ACCORD_PASSPHRASE or --no-passphrase.",
    "KEYFILE_WEAK": "Use a passphrase of several words.",
    "KEYS_TOGETHER": "Give --keys and --node-keys folders of their own.",
    "PRESET_UNKNOWN": "See 'accord genesis presets'.",
    "STATEMENT_ALTERED": "DO NOT SIGN: somebody changed what this party said; tell the other founders.",
    "STATEMENT_DUPLICATE": "Keep the statement whose fingerprint the party confirms; leave the other out.",
    "STATEMENT_KEY": "Name the folder with governance.pem or institution.pem of this party.",
    "STATEMENT_MISSING": "DO NOT SIGN: this party is not in the document; send the statement and ask for a new one.",
    "STATEMENT_PARTY": "Ask for the statement again; do not use this one.",
    "STATEMENT_SEAT": "A seat needs --endpoint and the role credit_bank, university or regulator.",
    "STATEMENT_SIGNATURE": "Ask for the statement again; do not use this one.",
}
"""Error code to advice."""
