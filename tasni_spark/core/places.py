"""Where the project's own files are: `conf`, `sql` and `jobs`, in a checkout and in an installed wheel alike."""

from __future__ import annotations

import os
from pathlib import Path

from tasni_spark.core.errors import ConfigError, nearest

SYNTHETIC = "SYNTHETIC.json"
"""A file of this name marks a folder, and all below it, as made-up data."""
PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").exists() else PACKAGE / "project"


def jars() -> Path:
    """The folder of the jars: `TASNI_JARS`, or `.jars` beside the checkout's `conf`."""
    return Path(os.environ.get("TASNI_JARS", ROOT / ".jars"))


def classes() -> Path:
    """The archive of the classes of those jars; `make setup` writes it."""
    return jars() / "classes.jsa"


def program() -> list[str]:
    """The files of which this program consists."""
    return sorted(str(p) for p in PACKAGE.rglob("*") if p.suffix in {".py", ".csv", ".html"})


def find(kind: str, name: str, suffix: str = ".toml") -> Path:
    """A file given by path, or by its name in one of the project's folders.

    Parameters
    ----------
    kind
        Folder of the project: `conf/surveys`, `conf/cuts`, `sql/examples`.
    name
        `allwise`, or a path to a file of the user's own.

    Raises
    ------
    ConfigError
        If there is neither, with the nearest known name.
    """
    own = Path(name)
    if own.suffix == suffix and own.is_file():
        return own
    here = ROOT / kind / f"{name.removesuffix(suffix)}{suffix}"
    if here.is_file():
        return here
    known = sorted(p.stem for p in (ROOT / kind).glob(f"*{suffix}"))
    raise ConfigError(
        f"{kind}: no file and no known name '{name}'{nearest(name, known)}; known: {', '.join(known)}; "
        f"or give the path of a {suffix} file"
    )


def settings(profile: str) -> dict[str, str]:
    """Spark properties of a profile: `common.conf`, then `<profile>.conf`."""
    found: dict[str, str] = {}
    for name in ("common", profile):
        for line in find("conf/spark", name, ".conf").read_text().splitlines():
            key, _, value = line.partition("#")[0].strip().partition(" ")
            if key:
                found[key] = value.strip()
    return found
