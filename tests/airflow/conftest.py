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

from tests import small

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

    def write(mock: str = "mock", **keys: Any) -> str:
        small.pipeline(tmp_path, mock)
        own = {"pipeline": str(tmp_path / "pipeline.toml"), "lake": str(tmp_path / "lake"), "retry_delay_s": 0.0}
        own |= keys
        text = (ROOT / "conf/airflow/local.toml").read_text().splitlines()
        kept = [line for line in text if line.split(" ")[0] not in own]
        (tmp_path / "platform.toml").write_text("\n".join([f"{k} = {v!r}" for k, v in own.items()] + kept))
        return str(tmp_path / "platform.toml")

    return write


@pytest.fixture
def events(database: None) -> Callable[[float], dict[str, dict[str, Any]]]:
    """What the events of tables have told since a time, by table."""

    def told(since: float) -> dict[str, dict[str, Any]]:
        from airflow.models.asset import AssetEvent, AssetModel
        from airflow.utils.session import create_session
        from sqlalchemy import select

        columns = select(AssetModel.name, AssetEvent.extra, AssetEvent.timestamp)
        with create_session() as session:
            found = session.execute(columns.join(AssetEvent, AssetEvent.asset_id == AssetModel.id)).all()
        return {name: extra for name, extra, at in found if at.timestamp() > since}

    return told
