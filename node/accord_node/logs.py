"""Structured logs on standard error: one JSON object a line for machines, aligned text for people."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog

from accord_node.config import Logging

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up(config: Logging, stream: TextIO | None = None) -> None:
    """Configure logging of the whole process; libraries that use ``logging`` report from warnings on.

    Args:
        config: level and format.
        stream: standard error if not given.
    """
    out = stream or sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, *_rendering(config, out)],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[config.level]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,  # module-level loggers follow a later set_up too
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(config, out),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_LEVELS[config.level], logging.WARNING))


def _rendering(config: Logging, out: TextIO) -> list[Any]:
    if config.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # a rich traceback would show local variables, and with them whatever a function was working on
    return [
        structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    ]
