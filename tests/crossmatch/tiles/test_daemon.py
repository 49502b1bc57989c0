"""Workers do not look for garbage in what they have imported."""

from __future__ import annotations

import gc
import importlib
from typing import Any

from tasni_spark.crossmatch.tiles.daemon import tidy


def test_imports_are_set_aside_once() -> None:
    def task(module: str) -> Any:
        importlib.import_module(module)
        return module

    worker = tidy(task)
    frozen = gc.get_freeze_count()
    try:
        assert worker("colorsys") == "colorsys"
        aside = gc.get_freeze_count()
        assert aside > frozen
        kept = [[] for _ in range(1000)]
        assert worker("colorsys") == "colorsys"
        assert gc.get_freeze_count() < aside + len(kept), "what a task makes is still looked at"
    finally:
        gc.unfreeze()
