"""Read config.toml, secret files and the environment; report every mistake with its place."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from digest.errors import ConfigError
from digest.settings.tables import Settings

PREFIX = "DIGEST_"
_NOT_SETTINGS = ("DIGEST_CONFIG", "DIGEST_TEST_")
Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Located:
    """The raw tables with the origin of each value, to say where a mistake is."""

    path: Path
    text: str
    data: dict[str, Any]
    origins: dict[Key, str] = field(default_factory=dict)  #: keys from environment or secret file

    def where(self, key: Key) -> str:
        """Return "file:line", or the environment variable or secret file, that gave `key`."""
        for origin, name in self.origins.items():
            if origin == key[: len(origin)]:
                return name
        return f"{self.path}:{_line_of(self.text, key)}"


def load_settings(path: Path, environ: Mapping[str, str]) -> tuple[Settings, Located]:
    """Return the settings of `path` with what overrides them.

    Order, later wins: the file, files in `secrets/` beside it, `DIGEST_…` variables.
    Raises ConfigError with one line for each mistake.
    """
    located = _read(path)
    problems = [problem for given in _overrides(path, environ) for problem in _put(located, given)]
    try:
        settings = Settings.model_validate(located.data)
    except ValidationError as error:
        problems += [_describe(located, detail) for detail in error.errors()]
        raise ConfigError(*dict.fromkeys(problems)) from error
    if problems:
        raise ConfigError(*problems)
    return settings, located


def example_config() -> str:
    """Return the text of config.example.toml, as packed or from the source tree."""
    package = Path(__file__).parent.parent
    packed = package / "_templates" / "config.example.toml"
    path = packed if packed.exists() else package.parent.parent / "config.example.toml"
    return path.read_text(encoding="utf-8")


def _read(path: Path) -> Located:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; `digest init` makes one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    try:
        return Located(path, text, tomllib.loads(text), {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


@dataclass(frozen=True, slots=True)
class _Given:
    """A value from outside the file."""

    key: Key
    label: str
    value: str


def _overrides(path: Path, environ: Mapping[str, str]) -> list[_Given]:
    """Return what secret files and the environment say, in the order it is applied."""
    folder = path.parent / "secrets"
    files = sorted(folder.glob("[!.]*")) if folder.is_dir() else []
    secrets = [_Given(_key_of(f.name), f"secret file {f}", _secret(f)) for f in files]
    ours = sorted(name for name in environ if _is_ours(name))
    return secrets + [
        _Given(_key_of(name.removeprefix(PREFIX)), f"environment {name}", environ[name])
        for name in ours
    ]


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"secret file {path}: cannot be read: {error}") from error


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX) and not name.startswith(_NOT_SETTINGS)


def _key_of(name: str) -> Key:
    return tuple(name.lower().split("__"))


def _put(located: Located, given: _Given) -> list[str]:
    """Put a value at its key; return what is wrong with its name."""
    wrong = _unknown(given.key)
    if wrong:
        return [f"{given.label}: {wrong}"]
    table = located.data
    for name in given.key[:-1]:
        table = table.setdefault(str(name), {})
        if not isinstance(table, dict):
            return [f"{given.label}: {name} is not a table in {located.path}"]
    table[str(given.key[-1])] = _plain(given.value)
    located.origins[given.key] = given.label
    return []


def _plain(value: str) -> Any:
    """Read lists and tables as JSON; everything else stays text for pydantic to convert."""
    if value.startswith(("[", "{")):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _unknown(key: Key) -> str:
    """Say what is wrong with a key path that names no setting, or ""."""
    names: list[str] = []
    for part in key:
        allowed = _allowed(tuple(names))
        if allowed is not None and part not in allowed:
            return f"{'.'.join((*names, str(part)))}: unknown setting{_suggest(str(part), allowed)}"
        names.append(str(part))
    return ""


def _suggest(name: str, allowed: list[str]) -> str:
    close = get_close_matches(name, allowed, n=1, cutoff=0.5)
    return f", did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(allowed))}"


def _allowed(path: tuple[str, ...]) -> list[str] | None:
    """Return the keys a table may have; None where any name goes or the path is no table."""
    model: type[BaseModel] = Settings
    rest = list(path)
    while rest:
        annotation = _fields(model).get(rest.pop(0))
        inner = _table_in(annotation)
        named = get_origin(annotation) is dict  # the next part is a name people choose
        if inner is None or (named and not rest):
            return None
        rest = rest[1:] if named else rest
        model = inner
    return list(_fields(model))


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {f.alias or name: f.annotation for name, f in model.model_fields.items()}


def _table_in(annotation: Any) -> type[BaseModel] | None:
    """Return the table a setting holds, itself or inside a tuple, union or mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, (_table_in(inner) for inner in get_args(annotation))), None)


def _describe(located: Located, detail: ErrorDetails) -> str:
    key = _visible(located.data, detail["loc"])
    path = ".".join(str(part) for part in key)
    what = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        allowed = _allowed(tuple(str(p) for p in key[:-1] if isinstance(p, str))) or []
        what = f"unknown setting{_suggest(str(key[-1]), allowed)}"
    elif detail["type"] == "missing":
        what = "is missing; `config.example.toml` shows it"
    return f"{located.where(key)}: {path}: {what}"


def _visible(data: Any, loc: Key) -> Key:
    """Drop the tags pydantic puts into paths: keep what is in the file, and the last name."""
    kept: list[str | int] = []
    for position, part in enumerate(loc):
        inside = part in data if isinstance(data, dict) else _in_list(data, part)
        if inside:
            data = data[part]
        if inside or (position == len(loc) - 1 and part not in ("list", "word")):
            kept.append(part)
    return tuple(kept)


def _in_list(data: Any, part: str | int) -> bool:
    return isinstance(data, list) and isinstance(part, int) and part < len(data)


def _line_of(text: str, key: Key) -> int:
    """Return the line that brings `key`, or its nearest table, into the file.

    The real parser reads ever longer beginnings of the file; the first one that has the key
    ends with it.
    """
    lines = text.splitlines()
    best, line, read = 0, 1, 0
    for count in range(1, len(lines) + 1):
        try:
            data = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        depth = _depth(data, key)
        if depth > best:
            best, line = depth, read + 1
        if best == len(key):
            break
        read = count
    return line


def _depth(data: Any, key: Key) -> int:
    for depth, part in enumerate(key):
        inside = part in data if isinstance(data, dict) else _in_list(data, part)
        if not inside:
            return depth
        data = data[part]
    return len(key)
