"""What all tests share: one Spark session for the whole run, an empty lake, the real data where it is present."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tasni_spark.core.arguments import Request
from tasni_spark.core.run import execute
from tasni_spark.pipeline import JOBS

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data"
SURVEYS = ROOT / "tests" / "data" / "surveys"
OF_THE_LAKE = ("demo_lake", "mock_sky", "published: Lake", "named: Any")
"""Words of files whose tests need the mock lake, or one as dear."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the files of tests between processes: those of a lake together, others anywhere.

    Why: one session leaves half of two cores idle, and the mock lake is dear (mark `xdist_group` of pytest-xdist 3.8
    has no effect under pytest 9.2).
    """
    from xdist.scheduler import LoadScopeScheduling

    class Shared(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return share(nodeid.partition("::")[0])

    return Shared(config, log)


def share(file: str) -> str:
    """The share of a file's tests."""
    text = (ROOT / file).read_text()
    return "lake" if any(word in text for word in OF_THE_LAKE) else file


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """The one session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tasni_spark.core.session import session

        active = session("short", "tests")
    yield active
    active.stop()


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real survey data."""
    if not REAL.is_dir():
        pytest.skip(f"real data are absent: no folder {REAL.name} beside the checkout's parent")
    return REAL


@pytest.fixture
def lake(spark: Any, tmp_path: Path) -> Any:
    """An empty lake."""
    from tasni_spark.core.lake import Lake

    return Lake(spark, str(tmp_path / "lake"))


@pytest.fixture(scope="session")
def script() -> Callable[[str], ModuleType]:
    """A job script as a module."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"job_{name}", ROOT / "jobs" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def job(spark: Any, script: Callable[[str], ModuleType]) -> Callable[..., dict[str, Any]]:
    """Run a job in this process: job("ingest", lake, survey="allwise", input="raw")."""

    def call(name: str, lake: Any, *, request: Request | None = None, **settings: Any) -> dict[str, Any]:
        root = getattr(lake, "root", str(lake))
        given = request or Request()
        sets = (
            *given.sets,
            *(f"{name}.{k}={str(v).lower() if isinstance(v, bool) else repr(v)}" for k, v in settings.items()),
        )
        fields = {**given.__dict__, "lake": root, "sets": sets}
        return execute(script(name).WORK, JOBS, Request(**fields))

    return call


@pytest.fixture(scope="session")
def published(spark: Any, job: Callable[..., Any], real: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A lake with the 4,137 sources that the first edition published, in small tiles, and what was observed."""
    from tasni_spark.core.lake import Lake

    lake = Lake(spark, str(tmp_path_factory.mktemp("published") / "lake"))
    sources = str(real / "wise" / "allwise_tier5.parquet")
    job("tiling", lake, survey="allwise_tier5", input=sources, rows_per_tile=500)
    job("coverage", lake, surveys=["allwise", "gaia_dr3", "twomass", "panstarrs1", "nvss"])
    job("ingest", lake, survey="allwise_tier5", input=sources)
    return lake


@pytest.fixture(scope="session")
def mock_sky(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small mock sky in the published formats."""
    from tasni_spark.demo.mock import MockConfig, make

    out = tmp_path_factory.mktemp("mock") / "sky"
    make(spark, MockConfig(str(out), rows=20_000, seed=3))
    return out


@pytest.fixture(scope="session")
def demo_lake(spark: Any, mock_sky: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The whole map on the small mock sky, with tables, views and functions named."""
    from tasni_spark.cli import demo, pipeline
    from tasni_spark.core.lake import Lake
    from tasni_spark.demo.mock import MockConfig
    from tasni_spark.explore import name_all

    folder = tmp_path_factory.mktemp("demo")
    root = str(folder / "lake")
    sets = ["tiling.rows_per_tile=5000", f"report.out={folder / 'report.html'}"]
    inputs = demo.inputs(MockConfig(str(mock_sky), rows=20_000))
    conf = str(ROOT / "conf" / "pipeline" / "demo.toml")
    sets.append(demo.WITHOUT_MODELS)
    code = pipeline.go(Request(lake=root, conf=(conf,), sets=(*inputs, *sets), run_id="demo"))
    assert code == 0
    lake = Lake(spark, root)
    assert name_all(lake) == []
    return lake


@pytest.fixture(scope="session")
def features(demo_lake: Any, job: Callable[..., Any]) -> dict[str, Any]:
    """The record of the job that gives every source of the small mock sky its features."""
    return job("features", demo_lake, left="allwise")
