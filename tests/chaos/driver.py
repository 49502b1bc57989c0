"""A job in a process of its own, which dies or stumbles at a place that the environment names.

`TASNI_KILL=step:group:before|after` kills the whole process group with SIGKILL when that group has been computed:
`before` its commit, or `after` the commit and before its row of progress. `TASNI_POISON=step:group` makes a group fail.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from tasni_spark.cli import run
from tasni_spark.core import engine
from tasni_spark.core.progress import Tracker
from tasni_spark.core.run import reported


def here(name: str, step: str, group: int) -> str:
    """The rest of a setting that names this step and group, or nothing."""
    wanted = os.environ.get(name, "").split(":")
    return (wanted[2] if len(wanted) > 2 else "yes") if wanted[:2] == [step, str(group)] else ""


def die() -> None:
    """As the kernel would have it: no handler, no farewell, JVM and workers as well."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main() -> int:
    """Run `tasni run ...` with the faults in place."""
    commit, write = engine.Run._commit, Tracker.write

    def faulty_commit(self: engine.Run, step: Any, group: Any, held: Any) -> Any:
        if here("TASNI_POISON", step.name, group.number):
            raise RuntimeError("poisoned")
        if here("TASNI_KILL", step.name, group.number) == "before":
            die()
        return commit(self, step, group, held)

    def faulty_write(self: Tracker, group: Any, state: str, *args: Any) -> None:
        if here("TASNI_KILL", self.step, group.number) == "after" and state == "done":
            die()
        write(self, group, state, *args)

    engine.Run._commit, Tracker.write = faulty_commit, faulty_write  # type: ignore[method-assign]
    with reported(verbose=False) as status:
        status.code = run.main(sys.argv[1:])
    return status.code


if __name__ == "__main__":
    sys.exit(main())
