"""Logging: one line a record, to stderr; stdout is for results."""

from __future__ import annotations

import logging
import sys


def start(verbose: bool = False) -> None:
    """Send this package's records to stderr with time and level."""
    logger = logging.getLogger("tasni_spark")
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
        logger.propagate = False
