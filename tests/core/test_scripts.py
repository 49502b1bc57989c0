"""Job scripts as spark-submit starts them: their folder stands first on the path and must hide no package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_script_hides_no_package(tmp_path: Path) -> None:
    """Numba imports `coverage`, which is also a job."""
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    (jobs / "coverage.py").write_text("raise SystemExit('the job instead of the package')")
    (jobs / "other.py").write_text("import tasni_spark, numba, sys; print(sys.path)")
    told = subprocess.run([sys.executable, jobs / "other.py"], capture_output=True, text=True, check=True, cwd=ROOT)
    assert str(jobs) not in told.stdout
