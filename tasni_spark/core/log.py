"""Logging: one line a record, to stderr; stdout is for results. In JSON, each line says to which work it belongs."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_WORK: ContextVar[dict[str, Any]] = ContextVar("work", default={})  # noqa: B039 - never changed in place


def start(verbose: bool = False, form: str = "text") -> None:
    """Send this package's records to stderr with time and level.

    Parameters
    ----------
    verbose
        Whether to log more.
    form
        `text`, or `json`, which is for machines and has all records.
    """
    logger = logging.getLogger("tasni_spark")
    logger.setLevel(logging.DEBUG if verbose or form == "json" else logging.INFO)
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler(sys.stderr))
        logger.propagate = False
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
    logger.handlers[0].setFormatter(_Json() if form == "json" else text)


@contextmanager
def work(**told: Any) -> Iterator[None]:
    """Say to which run, job, step and group the records of a block belong, on top of the blocks around it."""
    token = _WORK.set(_WORK.get() | told)
    try:
        yield
    finally:
        _WORK.reset(token)


class _Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        told = {"time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"), "level": record.levelname, **_WORK.get()}
        told |= {"logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)
