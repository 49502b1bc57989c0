"""What the README, the changelog and the citation say is true: commands, flags, files, numbers that come from code."""

from __future__ import annotations

import functools
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

from tasni_spark import __version__
from tasni_spark.cli.main import COMMANDS, main
from tasni_spark.core import errors
from tasni_spark.ingest.formats import inspect
from tasni_spark.ingest.survey import load
from tasni_spark.pipeline import JOBS
from tasni_spark.tables import RECORDS, TABLES
from tasni_spark.tables.survey import REJECTS, positions

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(m[1], m[2]) for m in FENCE.finditer(README)]
PROSE = " ".join(FENCE.sub("", README).split())
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def lines(kind: str) -> list[list[str]]:
    """Commands of the blocks of a kind as words; a line that ends in a backslash goes on."""
    found = [line for k, text in BLOCKS if k == kind for line in text.replace("\\\n", " ").splitlines()]
    commands = ("make ", "tasni ", "spark-submit ")
    return [shlex.split(line) for line in found if kind == "sh" or line.strip().startswith(commands)]


def named(words: list[str]) -> str:
    return " ".join(words)[:60]


@functools.cache
def help_of(*command: str) -> str:
    """What `tasni COMMAND --help` prints."""
    with pytest.MonkeyPatch.context() as patch:
        told: list[str] = []
        patch.setattr("argparse.ArgumentParser._print_message", lambda _, message, __=None: told.append(message))
        with pytest.raises(SystemExit) as end:
            main([*command, "--help"])
    assert end.value.code == 0
    return "".join(told)


def check_flags(command: tuple[str, ...], words: list[str]) -> None:
    known = set(re.findall(r"--[a-z][a-z-]*", help_of(*command)))
    assert {w.partition("=")[0] for w in words if w.startswith("--")} <= known, command


def test_it_is_short() -> None:
    assert len(README.splitlines()) < 260
    assert {kind for kind, _ in BLOCKS} == {"sh", "text", "toml", "csv", "python"}


@pytest.mark.parametrize("words", lines("sh") + lines("text"), ids=named)
def test_commands(words: list[str]) -> None:
    match words:
        case ["make", *targets]:
            assert set(targets) <= TARGETS
        case ["tasni", "run", job, *rest]:
            assert job in JOBS
            check_flags(("run", job), rest)
        case ["tasni", command, *rest]:
            assert command in COMMANDS
            check_flags((command,), rest)
        case ["spark-submit", *rest]:
            script = next(w for w in rest if w.startswith("jobs/"))
            check_flags(("run", Path(script).stem), rest[rest.index(script) :])
        case _:
            assert words == [".", ".venv/bin/activate"]


def test_there_are_commands() -> None:
    told = [w[1] for w in lines("sh")]
    assert {"demo", "test", "why", "sql", "status", "map", "run"} <= set(told)
    assert len(lines("text")) > 5


def test_commands_in_the_text_exist() -> None:
    assert set(re.findall(r"`make ([a-z0-9-]+)", PROSE)) <= TARGETS
    assert set(re.findall(r"`tasni\s([a-z]+)", PROSE)) <= set(COMMANDS)


def test_files_exist() -> None:
    quoted = set(re.findall(r"`([^`\s]+)`", PROSE))
    folders = ("conf/", "jobs/", "sql/", "tests/", "tasni_spark/")
    paths = {q for q in quoted if q.startswith(folders) or q in ("CHANGELOG.md", "CITATION.cff", "LICENSE")}
    paths |= {w for words in lines("sh") + lines("text") for w in words if w.startswith(folders)}
    assert len(paths) > 8
    assert [p for p in sorted(paths) if not (ROOT / p).exists()] == []


def table(header: str) -> list[list[str]]:
    """Rows of the Markdown table below a header line."""
    found = re.search(rf"^{re.escape(header)}\n\|[-|]+\n((?:\|.*\n)+)", README, re.MULTILINE)
    assert found, header
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


def test_the_map_is_that_of_the_pipeline() -> None:
    def code(names: tuple[str, ...]) -> str:
        return ", ".join(f"`{n}`" for n in names)

    drawn = [[f"`{j.name}`", j.doc, code(j.reads), code(j.writes)] for j in JOBS.values()]
    assert table("| job | what it does | reads | writes |") == drawn


def test_the_tree_names_tables_and_jobs_of_the_map() -> None:
    for _, tables, jobs, _ in table("| question | tables | job | code |"):
        assert set(re.findall(r"`(\w+)`", tables)) <= {*TABLES, "allwise", positions("allwise").name}
        assert set(re.findall(r"`(\w+)`", jobs)) <= set(JOBS)


def test_exit_codes_are_those_of_the_errors() -> None:
    kinds = errors.TasniError.__subclasses__()
    assert [int(code) for code, _ in table("| exit code | meaning |")] == [0, *sorted({k.exit_code for k in kinds})]


def test_the_cut_flow_has_the_cuts_of_the_set() -> None:
    shown = next(text for kind, text in BLOCKS if kind == "text" and "n_fail_only" in text)
    rows = re.findall(r"^(\w+) +(\d+) +(\d+) +(\d+) +(\d+)", shown, re.MULTILINE)
    cuts = tomllib.loads((ROOT / "conf/cuts/tasni_2025.toml").read_text())["cuts"]
    assert [r[0] for r in rows] == ["all", *(c["id"] for c in cuts)]
    left = int(rows[0][1])
    for _, n_in, n_pass, n_fail, n_unknown in rows:
        assert int(n_in) == left == int(n_pass) + int(n_fail) + int(n_unknown)
        left = int(n_in) - int(n_fail)


def test_versions_are_those_that_are_pinned() -> None:
    pins = dict(re.findall(r"^([a-z-]+)==(.+)$", (ROOT / "conf/requirements/suite.in").read_text(), re.MULTILINE))
    names = {"pyspark": "Spark", "delta-spark": "Delta", "apache-sedona": "Sedona", "synapseml": "SynapseML"}
    for package, name in names.items():
        assert f"{name} {pins[package]}" in PROSE
    rapids = re.search(r"rapids-4-spark_2.12</artifactId><version>([\d.]+)", (ROOT / "conf/jars/pom.xml").read_text())
    assert rapids
    assert f"RAPIDS {rapids[1]}" in PROSE
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    caps = set(re.findall(r"`(\w+<\d+)`", PROSE))
    assert caps
    assert caps <= set(project["dependencies"])


def test_the_catalogue_of_your_own_fits_its_definition(tmp_path: Path) -> None:
    texts = dict(BLOCKS)
    definition, data = tmp_path / "my_dwarfs.toml", tmp_path / "my_dwarfs.csv"
    definition.write_text(texts["toml"])
    data.write_text(texts["csv"])
    survey = load(str(definition))
    assert survey.name == "my_dwarfs"
    assert not survey.has_integer_key
    assert [t.name for t in survey.tables(tiled=False)] == ["my_dwarfs", "my_dwarfs_positions"]
    file = inspect(str(data), "csv", data.stat().st_size)
    assert file.rows == 2
    assert [name for name, _ in file.columns] == list(survey.columns)
    assert all(f"`{p.name}`" in README for p in (definition, data))


@pytest.mark.parametrize("place", ["/home", "/tmp", "/work", "shared/", "localhost"])
def test_no_path_of_a_machine(place: str) -> None:
    assert place not in README + CHANGELOG


def test_the_changelog_names_every_table_that_changed() -> None:
    assert f"## [{__version__}]" in CHANGELOG
    declared = [*TABLES.values(), *RECORDS.values(), positions("any"), REJECTS]
    changed = {t.name: t.version for t in declared if t.version > 1}
    for name, version in changed.items():
        assert re.search(rf"`{name}`[^`]*version {version}\b|version {version}\b[^.]*`{name}`", CHANGELOG), name
    first = re.search(r"At version 1:((?:.|\n)*?)(?:\n\n|\n- |\Z)", CHANGELOG)
    assert first
    named_first = set(re.findall(r"`(\w+)`", first[1]))
    assert named_first == {t.name for t in declared if t.version == 1} - {positions("any").name}


def test_the_citation_is_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert (cited["cff-version"], cited["version"], cited["type"]) == ("1.2.0", __version__, "software")
    assert cited["license"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"]
    assert cited["authors"] == [{"name": "The tasni-spark developers"}]
