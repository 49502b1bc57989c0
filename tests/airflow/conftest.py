"""Airflow with a database of its own, and a platform whose lake is empty."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An empty database of Airflow; its home must be set before Airflow is imported."""
    home = tmp_path_factory.mktemp("airflow")
    patch = pytest.MonkeyPatch()
    patch.setenv("AIRFLOW_HOME", str(home))
    patch.setenv("AIRFLOW__CORE__UNIT_TEST_MODE", "False")
    subprocess.run([Path(sys.executable).parent / "airflow", "db", "migrate"], check=True, capture_output=True)


@pytest.fixture
def dags(database: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """The DAGs of a platform."""

    def load(platform: str) -> dict[str, Any]:
        monkeypatch.setenv("TASNI_AIRFLOW", platform)
        sys.modules.pop("airflow_dags.tasni", None)
        module: ModuleType = importlib.import_module("airflow_dags.tasni")
        return {name: made for name, made in vars(module).items() if name.startswith("tasni_")}

    return load


@pytest.fixture
def platform(tmp_path: Path) -> Callable[..., str]:
    """The local platform, with its lake and the inputs of its pipeline in a folder of the test."""

    def write(mock: str = "mock", surveys: tuple[str, ...] = (), **keys: Any) -> str:
        pipeline = (ROOT / "conf/pipeline/demo.toml").read_text().replace('"mock/', f'"{mock}/')
        pipeline = pipeline.replace("report.html", str(tmp_path / "report.html")).replace("20_000", "5_000")
        if surveys:
            lines = [line for line in pipeline.splitlines() if "{ survey" not in line or line.split()[0] in surveys]
            pipeline = "\n".join(lines)
        (tmp_path / "pipeline.toml").write_text(pipeline)
        own = {"pipeline": str(tmp_path / "pipeline.toml"), "lake": str(tmp_path / "lake"), "retry_delay_s": 0.0}
        own |= keys
        text = (ROOT / "conf/airflow/local.toml").read_text().splitlines()
        kept = [line for line in text if line.split(" ")[0] not in own]
        (tmp_path / "platform.toml").write_text("\n".join([f"{k} = {v!r}" for k, v in own.items()] + kept))
        return str(tmp_path / "platform.toml")

    return write
