"""The root command ``accord``.

Commands are found, not listed: modules of ``accord_client.cli.commands`` and whatever installed packages
register under the entry-point group ``accord.commands``. A command is imported only when it is used.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Callable
from functools import partial
from importlib.metadata import entry_points
from typing import Any, Final

import click

from accord_client.cli.output import EXIT_FAULT, EXIT_REFUSED, show_failure, show_fault
from accord_ledger import __version__
from accord_ledger.errors import AccordError

ENTRY_POINTS: Final = "accord.commands"
COMMANDS: Final = "accord_client.cli.commands"
DEBUG_VARIABLE: Final = "ACCORD_DEBUG"
"""If set, faults of the program are shown with their traceback."""

Loader = Callable[[], click.Command]


class CommandError(AccordError):
    """A command that is installed but cannot be loaded."""


def own_commands() -> dict[str, Loader]:
    """Commands of this package: module ``some_name`` is the command ``some-name``."""
    package = importlib.import_module(COMMANDS)
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return {name.replace("_", "-"): partial(_load_own, f"{COMMANDS}.{name}") for name in names}


def _load_own(module: str) -> click.Command:
    found: click.Command = importlib.import_module(module).command
    return found


def installed_commands() -> dict[str, Loader]:
    """Commands that installed packages register."""
    return {
        point.name: point.load for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda p: p.name)
    }


class Root(click.Group):
    """A group that finds its commands and shows every failure; nothing else prints errors."""

    def __init__(self, *, loaders: Callable[[], dict[str, Loader]], **options: Any) -> None:
        super().__init__(**options)
        self._find = loaders

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, in order."""
        return sorted({*super().list_commands(ctx), *self._find()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; one that cannot be loaded is there too, and says so when it is run."""
        loader = self._find().get(cmd_name)
        if loader is None:
            return super().get_command(ctx, cmd_name)
        try:
            return loader()
        except Exception as error:
            if os.environ.get(DEBUG_VARIABLE):
                raise
            return _broken(cmd_name, error)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; failures become messages and exit codes, never tracebacks."""
        try:
            return super().invoke(ctx)
        except AccordError as error:
            show_failure(error)
            ctx.exit(EXIT_REFUSED)
        except OSError as error:
            if isinstance(error, BrokenPipeError):  # the reader went away; click ends quietly
                raise
            show_failure(AccordError("IO", error.strerror or str(error), path=str(error.filename or "")))
            ctx.exit(EXIT_REFUSED)
        except (click.exceptions.Exit, click.Abort, click.ClickException):
            raise
        except Exception as error:  # the one place where a fault of the program meets its user
            if os.environ.get(DEBUG_VARIABLE):
                raise
            show_fault(error)
            ctx.exit(EXIT_FAULT)


def _broken(name: str, error: Exception) -> click.Command:
    def refuse() -> None:
        raise CommandError("COMMAND_BROKEN", f"{type(error).__name__}: {error}", path=name) from error

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(
        name, callback=refuse, context_settings=settings, help="(cannot be loaded)", add_help_option=False
    )


def _all_commands() -> dict[str, Loader]:
    return {**installed_commands(), **own_commands()}


@click.command(
    cls=Root,
    loaders=_all_commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", prog_name="accord")
def accord() -> None:
    """Accord: a ledger for cross-institution credential exchange.

    Most commands take --json to print one JSON document for programs. Exit codes: 0 done, 1 refused,
    2 wrong use, 70 a fault of the program.
    """


def main() -> None:
    """Entry point of the script ``accord``."""
    accord()
