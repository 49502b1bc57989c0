"""Configuration: defaults, files, settings, and errors that name what was meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasni_spark.core import config
from tasni_spark.core.config import need, opt
from tasni_spark.core.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    depth_mag: float = opt(1.0, "a depth")


@dataclass(frozen=True)
class Example:
    survey: str = need("a survey")
    radius_arcsec: float = opt(2.0, "a radius")
    tries: int = opt(3, "tries")
    names: tuple[str, ...] = opt((), "names")
    limits: tuple[float, float] = opt((0.0, 1.0), "limits")
    by_survey: dict[str, float] = field(default_factory=dict)
    inner: Inner = opt(Inner(), "nested")
    maybe: float | None = opt(None, "or nothing")

    def __post_init__(self) -> None:
        if self.radius_arcsec <= 0:
            raise ValueError(f"radius_arcsec is {self.radius_arcsec}, expected more than 0")


def read(tmp_path: Path, text: str, *sets: str) -> config.Settings:
    path = tmp_path / "a.toml"
    path.write_text(text)
    return config.read([path], sets, ["run", "match"])


def test_files_override_defaults_and_settings_override_files(tmp_path: Path) -> None:
    text = (
        "[match]\nsurvey = 'gaia'\nradius_arcsec = 3\nlimits = [1, 2]\nby_survey = {a = 1}\ninner = {depth_mag = 2}\n"
    )
    found = read(tmp_path, text, "match.tries=5", "match.names=['a', 'b']").section("match", Example)
    assert found == Example("gaia", 3.0, 5, ("a", "b"), (1.0, 2.0), {"a": 1.0}, Inner(2.0))


def test_a_bare_word_is_a_string(tmp_path: Path) -> None:
    found = read(tmp_path, "", "match.survey=gaia_dr3", "match.names=one").section("match", Example)
    assert (found.survey, found.names) == ("gaia_dr3", ("one",))


def test_bare_words_between_commas_are_a_list(tmp_path: Path) -> None:
    found = read(tmp_path, "", "match.survey=a", "match.names=one, 2", "match.limits=1,2.5").section("match", Example)
    assert (found.names, found.limits) == (("one", "2"), (1.0, 2.5))


def test_instances_stand_on_their_section(tmp_path: Path) -> None:
    text = "[match]\ntries = 7\n[match.each.x]\nsurvey = 'a'\n[match.each.y]\nsurvey = 'b'\ntries = 8\n"
    settings = read(tmp_path, text)
    assert settings.instances("match") == ["x", "y"]
    assert [settings.section("match", Example, e).tries for e in ("x", "y")] == [7, 8]


@pytest.mark.parametrize(
    ("text", "sets", "message"),
    [
        ("[match]\nsurvey='a'\nradius_arcsecs=1", (), "unknown key 'radius_arcsecs' (did you mean 'radius_arcsec'?)"),
        ("[macth]\nsurvey='a'", (), "unknown section [macth] (did you mean 'match'?)"),
        ("[match]\n", (), "missing key 'survey': a survey"),
        ("[match]\nsurvey='a'\ntries='x'", (), "[match.tries] expected int, found 'x'"),
        ("[match]\nsurvey='a'\ntries=true", (), "[match.tries] expected int, found True"),
        ("[match]\nsurvey='a'\nlimits=[1]", (), "[match.limits] expected 2 values, found 1"),
        ("[match]\nsurvey='a'\ninner=3", (), "[match.inner] expected a table, found 3"),
        ("[match]\nsurvey='a'\ninner={deph_mag=3}", (), "unknown key 'deph_mag' (did you mean 'depth_mag'?)"),
        ("[match]\nsurvey='a'\nradius_arcsec=-1", (), "radius_arcsec is -1.0, expected more than 0"),
        ("[match\n", (), "not TOML"),
        ("", ("tries=3",), "--set tries=3: expected section.key=value"),
    ],
)
def test_errors_name_the_key(tmp_path: Path, text: str, sets: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError) as e:
        read(tmp_path, text, *sets).section("match", Example)
    assert message in str(e.value)
    assert "\n" not in str(e.value)


def test_missing_file() -> None:
    with pytest.raises(ConfigError, match=r"configuration file /no/such\.toml: No such file"):
        config.read(["/no/such.toml"], [], [])


def test_every_value_has_its_origin(tmp_path: Path) -> None:
    explained = config.explain(read(tmp_path, "[match]\nsurvey='a'", "match.tries=9"), {"match": Example})
    rows = {k: (v, o) for k, v, o in explained}
    assert rows["match.survey"] == ("a", "a.toml")
    assert rows["match.tries"] == (9, "--set")
    assert rows["match.radius_arcsec"] == (2.0, "default")


def test_differences_are_named() -> None:
    assert config.differences({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == ["b: 2 -> 3", "c: None -> 4"]
