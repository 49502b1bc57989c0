"""A real S3 server on loopback: versitygw over a folder, which `make s3-test` builds where Go is there."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.small import ROOT, free_port

SERVER = ROOT / ".s3" / "versitygw"
BUCKET = "bucket"


@dataclass
class Server:
    """The server; what it stores can be seen below `folder`, as it is also when the server is down."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to use it."""
        own = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_REGION": "us-east-1"}
        return os.environ | own | {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "of-the-suite"}

    def start(self) -> None:
        """Start, and wait until it answers."""
        keys = {"ROOT_ACCESS_KEY": "tests", "ROOT_SECRET_KEY": "of-the-suite"}
        command = [SERVER, "--port", f"127.0.0.1:{self.port}", "posix", self.folder]
        self.process = subprocess.Popen(command, env=os.environ | keys, stdout=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("the S3 server does not answer")

    def kill(self) -> None:
        """As a power cut would."""
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server with one empty bucket."""
    if not SERVER.is_file():
        pytest.skip("no S3 server: it is built by Go 1.23 or newer, which this machine lacks")
    found = Server(tmp_path_factory.mktemp("s3"), free_port())
    (found.folder / BUCKET).mkdir()
    found.start()
    yield found
    found.kill()
