"""Leases: one Delta table has one writing driver at a time.

Why: open-source Delta on an object store loses commits when two drivers write one table (stack notes: of 300 appends
all reported good, 292 arrived). A lease is a small file per holder: write your own, list the others, and give way if
any other lives. Listings are consistent on every store in use, so of two drivers at least one sees the other; both may
give way, never both go on.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

from tasni_spark.core.errors import HeldError
from tasni_spark.core.files import Folder


def _owner(run_id: str) -> dict[str, Any]:
    process = psutil.Process()
    return {"run": run_id, "host": socket.gethostname(), "pid": process.pid, "born": process.create_time()}


def _lives(lease: dict[str, Any], timeout_s: float) -> bool:
    """Whether a holder still works: its process exists (on this host), or its heartbeat is fresh (elsewhere)."""
    if lease["host"] == socket.gethostname():
        try:
            return bool(abs(psutil.Process(lease["pid"]).create_time() - lease["born"]) < 1)
        except psutil.NoSuchProcess:
            return False
    return bool(time.time() - lease["beat"] < timeout_s)


@dataclass
class Lease:
    """The lease of one run on some tables."""

    folder: Folder
    tables: tuple[str, ...]
    run_id: str
    timeout_s: float
    _stop: threading.Event = field(default_factory=threading.Event)
    _beat: float = 0.0
    _lost: bool = False

    @property
    def _file(self) -> str:
        return f"{self.run_id}-{socket.gethostname()}-{os.getpid()}.json"

    def take(self) -> None:
        """Take the tables, or give way.

        Raises
        ------
        HeldError
            Naming the table, the run that holds it and where that runs.
        """
        self._renew()
        for table in self.tables:
            for name in (self.folder / table).names(".json"):
                if name == self._file:
                    continue
                other = (self.folder / table).read(name)
                if other is None:
                    continue
                if _lives(other, self.timeout_s):
                    self.release()
                    raise HeldError(
                        f"table {table} is being written by run {other['run']} (process {other['pid']} on "
                        f"{other['host']}): wait for it, or stop it and try again after {self.timeout_s:.0f} s"
                    )
                (self.folder / table).delete(name)
        threading.Thread(target=self._keep, daemon=True).start()

    def check(self) -> None:
        """Refuse to commit where the heartbeat could not be kept.

        Raises
        ------
        HeldError
            If the lease has run out: another run may have taken the tables.
        """
        if self._lost or time.time() - self._beat > self.timeout_s:
            raise HeldError(f"run {self.run_id} could not renew its lease on {', '.join(self.tables)}: resume it")

    def release(self) -> None:
        """Give the tables back."""
        self._stop.set()
        for table in self.tables:
            (self.folder / table).delete(self._file)

    def _renew(self) -> None:
        now = time.time()
        for table in self.tables:
            (self.folder / table).write(self._file, _owner(self.run_id) | {"table": table, "beat": now})
        self._beat = now

    def _keep(self) -> None:
        while not self._stop.wait(self.timeout_s / 6):
            if time.time() - self._beat > self.timeout_s:
                self._lost = True
                return
            with suppress(OSError):  # the store may answer again before the time is over
                self._renew()


@contextmanager
def held(folder: Folder, tables: Iterable[str], run_id: str, timeout_s: float, wait_s: float = 0.0) -> Iterator[Lease]:
    """Hold a lease on `tables` for the time of the block.

    Parameters
    ----------
    folder
        Where leases of the lake are.
    tables
        Names, with release.
    timeout_s
        A heartbeat older than this is dead.
    wait_s
        How long to wait for another holder before giving up.

    Raises
    ------
    HeldError
        If another run holds one of them.
    """
    until = time.time() + wait_s
    while True:
        lease = Lease(folder, tuple(sorted(tables)), run_id, timeout_s)
        try:
            lease.take()
            break
        except HeldError:
            if time.time() >= until:
                raise
            time.sleep(0.5)
    try:
        yield lease
    finally:
        lease.release()
