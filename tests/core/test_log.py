"""Lines of the log as objects that say to which work they belong."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from tasni_spark.core import log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the log goes, as JSON."""
    logger = logging.getLogger("tasni_spark")
    before, level = logger.handlers[:], logger.level
    caught = io.StringIO()
    logger.handlers[:] = [logging.StreamHandler(caught)]
    log.start(form="json")
    yield caught
    logger.handlers[:] = before
    logger.setLevel(level)


def test_lines_name_run_job_group_and_tile(stream: io.StringIO) -> None:
    logger = logging.getLogger("tasni_spark.core.engine")
    with log.work(run="r", job="search"), log.work(group=3, tile=12):
        logger.warning("group %d: %s", 3, "poisoned")
    logger.debug("after")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert {k: first[k] for k in ("run", "job", "group", "tile", "level", "message")} == {
        "run": "r",
        "job": "search",
        "group": 3,
        "tile": 12,
        "level": "WARNING",
        "message": "group 3: poisoned",
    }
    assert "run" not in second
    assert second["message"] == "after"


def test_a_traceback_stays_in_its_line(stream: io.StringIO) -> None:
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("tasni_spark").exception("failed")
    assert "ValueError: no" in json.loads(stream.getvalue())["traceback"]
