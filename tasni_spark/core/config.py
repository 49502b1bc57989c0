"""Configuration: frozen dataclasses, overridden by TOML files and `--set`, every value with its origin.

Why: a default is written once, in the dataclass beside the algorithm that uses it; files hold only what differs; an
unknown key is an error that names the nearest known one. A later file beats an earlier one, `--set` beats both.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from tasni_spark.core.errors import ConfigError, nearest

T = TypeVar("T")


def opt(default: Any, doc: str) -> Any:
    """A configuration field: its default and one line of documentation, shown by `--help`."""
    return field(default=default, metadata={"doc": doc})


def need(doc: str) -> Any:
    """A configuration field without a default, which the user must give."""
    return field(metadata={"doc": doc})


@dataclass(frozen=True)
class Settings:
    """Merged values of all files and `--set`s, and where each came from.

    Parameters
    ----------
    values
        Nested tables as TOML has them: section, then key.
    origins
        Dotted key to file name or `--set`.
    """

    values: Mapping[str, Any]
    origins: Mapping[str, str]

    def section(self, name: str, cls: type[T], each: str = "") -> T:
        """The section `name` as an instance of `cls`; `[name.each.<each>]` on top of it where `each` is given."""
        data = dict(self.values.get(name, {}))
        instances = data.pop("each", {})
        if each:
            data |= instances.get(each, {})
        return build(cls, data, name)

    def instances(self, name: str) -> list[str]:
        """Keys of `[name.each.*]` in file order."""
        return list(self.values.get(name, {}).get("each", {}))


def read(files: Iterable[str | Path], sets: Iterable[str], sections: Iterable[str]) -> Settings:
    """Merge TOML files and `key=value` settings.

    Parameters
    ----------
    files
        Paths, later ones win.
    sets
        `section.key=value`, the value as TOML writes it; bare words are strings.
    sections
        The known section names.

    Raises
    ------
    ConfigError
        For an unreadable file, a malformed setting, an unknown section.
    """
    known = list(sections)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for file in files:
        try:
            data = tomllib.loads(Path(file).read_text())
        except OSError as e:
            raise ConfigError(f"configuration file {file}: {e.strerror or e}") from e
        except tomllib.TOMLDecodeError as e:
            raise ConfigError(f"configuration file {file}: not TOML: {e}") from e
        _merge(values, data, origins, Path(file).name)
    for text in sets:
        key, sep, value = text.partition("=")
        if not sep or "." not in key:
            raise ConfigError(f"--set {text}: expected section.key=value, as in --set run.checkpoint_rows=1000000")
        data = _toml_value(value)
        for part in reversed(key.strip().split(".")):
            data = {part: data}
        _merge(values, data, origins, "--set")
    for name in values:
        if name not in known:
            raise ConfigError(
                f"configuration: unknown section [{name}]{nearest(name, known)}; known: {', '.join(known)}"
            )
    return Settings(values, origins)


def build(cls: type[T], data: Mapping[str, Any], where: str) -> T:
    """A dataclass instance from a TOML table, nested ones included.

    Raises
    ------
    ConfigError
        For an unknown key, a missing one, a value of the wrong type, or what `__post_init__` refuses.
    """
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = get_type_hints(cls)
    for key in data:
        if key not in fields:
            raise ConfigError(f"[{where}] unknown key '{key}'{nearest(key, list(fields))}; known: {', '.join(fields)}")
    missing = [n for n, f in fields.items() if n not in data and f.default is MISSING and f.default_factory is MISSING]
    if missing:
        raise ConfigError(f"[{where}] missing key '{missing[0]}': {fields[missing[0]].metadata.get('doc', 'required')}")
    try:
        return cls(**{k: _value(hints[k], v, f"{where}.{k}") for k, v in data.items()})
    except ValueError as e:
        raise ConfigError(f"[{where}] {e}") from e


def explain(settings: Settings, sections: Mapping[str, type]) -> list[tuple[str, Any, str]]:
    """(key, value, origin) of every value in force, defaults included, for `--print-config`."""
    rows = []
    for name, cls in sections.items():
        given = settings.values.get(name, {})
        for f in dataclasses.fields(cls):
            key = f"{name}.{f.name}"
            if f.name in given:
                origin = next((o for k, o in settings.origins.items() if k == key or k.startswith(key + ".")), "?")
                rows.append((key, given[f.name], origin))
            else:
                default = f.default if f.default is not MISSING else None
                rows.append((key, default, "default" if default is not None else "not given"))
        for instance, table in given.get("each", {}).items():
            rows += [
                (f"{name}.each.{instance}.{k}", v, settings.origins.get(f"{name}.each.{instance}.{k}", "?"))
                for k, v in table.items()
            ]
    return rows


def digest(*configs: Any) -> str:
    """A short hash of configurations, the same for equal values."""
    text = json.dumps([dataclasses.asdict(c) for c in configs], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """`key: old -> new` for every key whose value differs."""
    return [f"{k}: {old.get(k)!r} -> {new.get(k)!r}" for k in sorted({*old, *new}) if old.get(k) != new.get(k)]


def _merge(into: dict[str, Any], data: Mapping[str, Any], origins: dict[str, str], origin: str, at: str = "") -> None:
    for key, value in data.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, dict) and isinstance(into.get(key, {}), dict):
            _merge(into.setdefault(key, {}), value, origins, origin, path)
        else:
            into[key] = value
            origins[path] = origin


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _value(hint: Any, value: Any, where: str) -> Any:
    """A TOML value as the type that a field declares."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return None if value is None else _value(next(a for a in args if a is not type(None)), value, where)
    if origin is tuple:
        if isinstance(value, str):
            value = [v.strip() if args[0] in (str, Any) else _toml_value(v) for v in value.split(",")]
        return _tuple(args, value if isinstance(value, list | tuple) else [value], where)
    if origin is dict or dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise ConfigError(f"[{where}] expected a table, found {value!r}")
        return (
            {k: _value(args[1], v, f"{where}.{k}") for k, v in value.items()} if origin else build(hint, value, where)
        )
    if hint is float and type(value) is int:
        return float(value)
    if hint is not Any and (not isinstance(value, hint) or (hint is int and isinstance(value, bool))):
        raise ConfigError(f"[{where}] expected {hint.__name__}, found {value!r}")
    return value


def _tuple(args: tuple[Any, ...], items: Sequence[Any], where: str) -> tuple[Any, ...]:
    if args[-1] is Ellipsis:
        args = (args[0],) * len(items)
    if len(items) != len(args):
        raise ConfigError(f"[{where}] expected {len(args)} values, found {len(items)}")
    return tuple(_value(a, v, f"{where}[{i}]") for i, (a, v) in enumerate(zip(args, items, strict=True)))
