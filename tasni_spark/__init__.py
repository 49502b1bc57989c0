"""TASNI: a search of the infrared sky for cold, faint and strange sources, on Apache Spark."""

import sys
from pathlib import Path

__version__ = "0.1.0"

# A script's folder stands first on the path, and jobs are named for their tables: numba would import jobs/coverage.py.
if (_script := getattr(sys.modules.get("__main__"), "__file__", None)) and Path(_script).parent.name == "jobs":
    sys.path[:] = [p for p in sys.path if Path(p) != Path(_script).parent]
