"""Small files: whole or not at all, wherever the lake is."""

from __future__ import annotations

from pathlib import Path

from tasni_spark.core.files import Folder


def test_write_read_list_delete(tmp_path: Path) -> None:
    folder = Folder.at(str(tmp_path)) / "a" / "b"
    assert folder.names() == []
    assert folder.read("x.json") is None
    folder.write("x.json", {"n": 9223372036854775807})
    folder.write("y.plan", [1])
    assert folder.names() == ["x.json", "y.plan"]
    assert folder.names(".json") == ["x.json"]
    assert folder.read("x.json") == {"n": 9223372036854775807}
    assert (Folder.at(str(tmp_path)) / "a").folders() == ["b"]
    assert (folder / "x.json").is_file()
    folder.delete("x.json")
    folder.delete("x.json")
    assert folder.names() == ["y.plan"]
    folder.delete_all()
    folder.delete_all()
    assert folder.names() == []


def test_half_written_files_are_not_seen(tmp_path: Path) -> None:
    (tmp_path / ".x.json.1234").write_text("{")
    assert Folder.at(str(tmp_path)).names() == []


def test_spellings_of_places(tmp_path: Path) -> None:
    assert Folder.at(f"file://{tmp_path}").path == str(tmp_path)
    assert Folder.at("dbfs:/Volumes/main/lake").path == "/Volumes/main/lake"
    assert Folder.at("rel").path == str(Path.cwd() / "rel")
