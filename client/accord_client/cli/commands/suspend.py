"""``accord suspend``: take credentials out of force for a while."""

from __future__ import annotations

from accord_client.cli.standing_command import standing_command

command = standing_command("suspend", "Take credentials out of force for a while")
