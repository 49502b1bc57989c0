"""Small files of a lake, wherever it is: records, plans, leases.

Why: a lake may be a local folder or an object store, and the driver must read and write small JSON files there
without a Spark job. pyarrow's file systems do both; every file here is written whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyarrow import fs

from tasni_spark.core import objects


@dataclass(frozen=True)
class Folder:
    """A folder on any file system that pyarrow knows."""

    system: fs.FileSystem
    path: str
    uri: str

    @staticmethod
    def at(uri: str) -> Folder:
        """The folder of a path or URI (`s3a://` is the same as `s3://`, `dbfs:/Volumes` is `/Volumes`)."""
        if uri.startswith(("dbfs:/", "file:/")):
            uri = "/" + uri.split(":", 1)[1].lstrip("/")
        if "://" not in uri:
            path = str(Path(uri).absolute())
            return Folder(fs.LocalFileSystem(), path, path)
        uri = uri.rstrip("/")
        if uri.startswith(("s3://", "s3a://")):
            path = uri.partition("://")[2]
            return Folder(objects.system(path.partition("/")[0]), path, uri)
        system, path = fs.FileSystem.from_uri(uri)
        return Folder(system, path, uri)

    def __truediv__(self, name: str) -> Folder:
        """A folder below this one."""
        return Folder(self.system, f"{self.path}/{name}", f"{self.uri}/{name}")

    def write(self, name: str, data: Any) -> None:
        """Write JSON, whole or not at all."""
        payload = (json.dumps(data, indent=1, sort_keys=True, default=str) + "\n").encode()
        target = f"{self.path}/{name}"
        if isinstance(self.system, fs.LocalFileSystem):
            self.system.create_dir(self.path, recursive=True)
            part = f"{self.path}/.{name}.{uuid.uuid4().hex[:8]}"
            with self.system.open_output_stream(part) as stream:
                stream.write(payload)
            Path(part).replace(target)
        else:
            with self.system.open_output_stream(target) as stream:
                stream.write(payload)

    def read(self, name: str) -> Any:
        """JSON of a file; None where there is none."""
        try:
            with self.system.open_input_stream(f"{self.path}/{name}") as stream:
                return json.loads(stream.read())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def is_file(self) -> bool:
        """Whether this is a file rather than a folder."""
        return bool(self.system.get_file_info(self.path).type == fs.FileType.File)

    @staticmethod
    def digest(uris: Iterable[str]) -> str:
        """Tells whether files are those of another time: paths, sizes and times of change, not their content."""
        places = [Folder.at(uri) for uri in uris]
        found = [p.system.get_file_info(p.path) for p in places]
        return hashlib.sha256(repr([(i.path, i.size, i.mtime_ns) for i in found]).encode()).hexdigest()

    def names(self, suffix: str = "") -> list[str]:
        """Names of the files here, sorted; hidden ones are left out."""
        return sorted(i.base_name for i in self._list() if i.type == fs.FileType.File and i.base_name.endswith(suffix))

    def folders(self) -> list[str]:
        """Names of the folders here, sorted."""
        return sorted(i.base_name for i in self._list() if i.type == fs.FileType.Directory)

    def delete(self, name: str) -> None:
        """Delete a file; it may be gone already."""
        try:
            self.system.delete_file(f"{self.path}/{name}")
        except FileNotFoundError:
            return

    def delete_all(self) -> None:
        """Delete this folder and everything below it; it may be gone already.

        Notes
        -----
        pyarrow deletes objects and the markers of folders in one request. A server that keeps objects in real folders
        may come to a folder before its files, and say that it is not empty; the second time it is.
        """
        for is_last in (False, True):
            try:
                self.system.delete_dir(self.path)
            except FileNotFoundError:
                return
            except OSError:
                if is_last:
                    raise
            else:
                return

    def _list(self) -> Iterator[fs.FileInfo]:
        for info in self.system.get_file_info(fs.FileSelector(self.path, allow_not_found=True)):
            if not info.base_name.startswith("."):
                yield info
