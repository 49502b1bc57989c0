"""Job scripts as Python objects."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from tasni_spark.core import places
from tasni_spark.core.errors import ConfigError, nearest
from tasni_spark.core.work import Work
from tasni_spark.pipeline import JOBS


def script(name: str) -> ModuleType:
    """The module `jobs/<name>.py`.

    Raises
    ------
    ConfigError
        If the map has no such job.
    """
    if name not in JOBS:
        raise ConfigError(f"no job '{name}'{nearest(name, list(JOBS))}; known: {', '.join(JOBS)}")
    spec = importlib.util.spec_from_file_location(f"tasni_job_{name}", places.ROOT / "jobs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def work(name: str) -> Work:
    """What a job script declares."""
    found: Work = script(name).WORK
    return found
