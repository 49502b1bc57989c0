"""`tasni doctor`: what this machine has, what is missing, what to do about it. Exit code 7 where something is."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.table import Table as Grid

from tasni_spark.cli.main import console, parser
from tasni_spark.core import jars, places
from tasni_spark.core.errors import DependencyError

GIB = 1 << 30
CAPS = {"numpy": "2", "pandas": "3", "pyarrow": "26", "astropy": "8", "pyspark": "3.6"}
"""First version of each package that does not work: pandas 3, numpy 2 or pyarrow 26 break nulls beside Spark 3.5."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `mend` says what to do where it is wrong."""

    what: str
    found: str
    mend: str = ""


def main(argv: list[str]) -> int:
    """Look at everything; exit code 7 if something must be mended."""
    p = parser("doctor", "tasni doctor")
    p.add_argument("--jars", action="store_true", help="only the jars")
    args = p.parse_args(argv)
    found = [_jars()] if args.jars else list(findings())
    grid = Grid("", "what", "found", box=None, pad_edge=False)
    for f in found:
        grid.add_row("[red]x[/]" if f.mend else "[green]ok[/]", f.what, f.found)
    console().print(grid)
    for f in found:
        if f.mend:
            print(f"{f.what}: {f.mend}")
    return DependencyError.exit_code if any(f.mend for f in found) else 0


def findings() -> Iterator[Finding]:
    """Everything that can be wrong with a machine."""
    version = ".".join(str(v) for v in sys.version_info[:3])
    yield Finding("Python", version, "" if sys.version_info[:2] == (3, 11) else "use Python 3.11 (package python3.11)")
    yield _java()
    memory = psutil.virtual_memory().total / GIB
    yield Finding("memory", f"{memory:.0f} GiB", "" if memory > 7 else "8 GiB are needed: lower spark.driver.memory")
    free = psutil.disk_usage(str(places.ROOT)).free / GIB
    yield Finding("disk", f"{free:.0f} GiB free", "" if free > 3 else "3 GiB are needed: make room")
    yield _jars()
    for package, cap in CAPS.items():
        yield _package(package, cap)
    yield _gpu()


def _java() -> Finding:
    java = shutil.which("java")
    if not java:
        return Finding("Java", "none", "install a Java 17 runtime (Debian: openjdk-17-jre-headless)")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    number = int(version.group(1)) if version else 0
    mend = (
        ""
        if number == 17
        else "Spark 3.5 wants Java 17: install it and set JAVA_HOME (Debian: openjdk-17-jre-headless)"
    )
    return Finding("Java", (told.splitlines() or ["unknown"])[0], mend)


def _jars() -> Finding:
    wrong = jars.faults(places.jars())
    told = f"{len(jars.locked()) - len(wrong)} of {len(jars.locked())} as locked, in {places.jars()}"
    return Finding("jars", told, "; ".join(wrong) + ": run 'make jars'" if wrong else "")


def _package(package: str, cap: str) -> Finding:
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return Finding(package, "none", "run 'make setup'")
    parts, limit = ([int(n) for n in re.findall(r"\d+", v)] for v in (version, cap))
    return Finding(package, version, f"expected below {cap}: run 'make setup'" if parts >= limit else "")


def _gpu() -> Finding:
    smi = shutil.which("nvidia-smi")
    told = subprocess.run([smi, "-L"], capture_output=True, text=True, check=False).stdout if smi else ""
    devices = [line.split(" (UUID")[0] for line in told.splitlines() if line.startswith("GPU")]
    devices = devices or sorted(p.name for p in Path("/dev").glob("nvidia[0-9]*"))
    rapids = sorted(p.name for p in (places.jars() / "gpu").glob("rapids-4-spark*.jar"))
    return Finding("GPU", gpu_state(devices, rapids[0] if rapids else ""))


def gpu_state(devices: Sequence[str], rapids: str) -> str:
    """What there is for a GPU and what to do; no job needs one, so nothing here is a fault.

    Parameters
    ----------
    devices
        GPUs as the driver names them, or device files.
    rapids
        Name of the RAPIDS jar; empty for none.
    """
    there = "; ".join(devices) or "no GPU: jobs run on the CPU"
    if rapids:
        return f"{there}; {rapids}" + ("" if devices else " is not used")
    return there + ("; no RAPIDS jar, so Spark does not use it: run 'make jars-gpu'" if devices else "; no RAPIDS jar")
