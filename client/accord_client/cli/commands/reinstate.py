"""``accord reinstate``: put suspended credentials back in force."""

from __future__ import annotations

from accord_client.cli.standing_command import standing_command

command = standing_command("reinstate", "Put suspended credentials back in force")
