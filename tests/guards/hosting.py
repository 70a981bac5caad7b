"""Guards that only whole nodes on failing hosts show the need of: folders, the pending log, and going on."""

from __future__ import annotations

from typing import Final

from guards.guard import CORE, NODE, Guard

_WHOLE: Final = "tests/node/test_simulate_nodes.py::test_a_seed_of_each_scenario"

HOSTING: Final = (
    Guard(
        "accepted waits for the pending log",
        NODE + "acceptance.py",
        "        await writing\n",
        "",
        (f"{_WHOLE}[nodes_calm_4]",),
    ),
    Guard(
        "the pending log is synced",
        NODE + "pending.py",
        "        self._disk.append(name, data)\n        self._disk.sync(name)\n",
        "        self._disk.append(name, data)\n",
        (f"{_WHOLE}[nodes_calm_4]",),
    ),
    Guard(
        "what a restart finds pending is made durable",
        NODE + "pending.py",
        "            self._disk.sync(name)  # a process that died may have left it written and not durable\n",
        "",
        (
            (
                "tests/node/test_pending.py"
                "::test_what_a_killed_process_left_unsynced_is_durable_before_it_is_vouched_for"
            ),
        ),
    ),
    Guard(
        "a folder's own name is synced",
        NODE + "disk.py",
        "        make_directory(directory, 0o700)\n",
        "        directory.mkdir(mode=0o700, parents=True, exist_ok=True)\n",
        (
            (
                "tests/node/test_simulate_nodes_disk.py"
                "::test_a_folder_that_a_killed_process_made_is_made_durable_by_the_next"
            ),
            f"{_WHOLE}[nodes_calm_4]",
        ),
    ),
    Guard(
        "a new database is named in one transaction",
        NODE + "storage/database.py",
        '            await self._in_transaction(lambda db: db.executemany("INSERT INTO meta VALUES (?, ?)", named))\n',
        '            for row in named:\n                await self._db.execute("INSERT INTO meta VALUES (?, ?)", row)\n',
        ("tests/node/test_database_start.py::test_a_database_of_which_only_a_part_was_made_is_made_whole",),
    ),
    Guard(
        "who follows signs nothing",
        CORE + "speech.py",
        "        if self._memory.party is None:\n            return\n",
        "",
        (
            (
                "tests/ledger/test_consensus_restore.py"
                "::test_who_follows_in_doubt_says_none_of_its_old_votes_again"
            ),
        ),
    ),
    Guard(
        "records of a dead block are work",
        NODE + "driver.py",
        "in_flight_where(self._promising)",
        "in_flight()",
        (
            (
                "tests/node/test_driver_work.py"
                "::test_records_of_a_block_that_nobody_certified_in_its_view_are_work_again"
            ),
        ),
    ),
    Guard(
        "a record that nobody heard is said again",
        NODE + "intake.py",
        "self._say([item.prepared.record.entry for item in window], again=True)",
        "self._say([item.prepared.record.entry for item in window])",
        (f"{_WHOLE}[nodes_cut_off]",),
    ),
    Guard(
        "what says that a key never signed is gone before a vote",
        NODE + "firststart.py",
        "        path.unlink()  # of two that find it, one fails here\n        sync_directory(path.parent)\n",
        "        pass\n",
        (
            "tests/node/test_firststart.py::test_it_counts_once",
            f"{_WHOLE}[nodes_calm_4]",
        ),
    ),
    Guard(
        "it is gone for good",
        NODE + "firststart.py",
        "        sync_directory(path.parent)\n",
        "",
        ("tests/node/test_firststart.py::test_it_is_gone_for_good", f"{_WHOLE}[nodes_calm_4]"),
    ),
    Guard(
        "doubt is noted in one step with the journal's identity",
        NODE + "doubt.py",
        "    await database.set_metas({JOURNAL: identity, FLAG: _IN_DOUBT})\n",
        "    await database.set_meta(JOURNAL, identity)\n    await database.set_meta(FLAG, _IN_DOUBT)\n",
        ("tests/node/test_doubt_start.py::test_identity_and_doubt_are_written_in_one_step",),
    ),
    Guard(
        "a vote of ours in an old certificate is noticed",
        NODE + "epochs.py",
        "if self._doubt is None and self._unaccounted(seal.parent_certificate, certificate):",
        "if self._stopped:",
        (
            (
                "tests/node/test_first_start_network.py"
                "::test_who_finds_its_vote_in_a_range_was_lied_to_by_the_file"
            ),
        ),
    ),
)
