"""Read config.toml, secret files and the environment; report every mistake with its place."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

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
    origins: Mapping[Key, str] = field(default_factory=dict)  #: from environment or secret file

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
    problems = _override(located, _secret_files(path.parent), Path.read_text)
    variables = {f"environment {name}": name for name in environ if _is_ours(name)}
    keys = {label: _key_of(name.removeprefix(PREFIX)) for label, name in variables.items()}
    problems += _merge(located, keys, lambda label: environ[variables[label]])
    try:
        settings = Settings.model_validate(located.data)
    except ValidationError as error:
        problems += [_describe(located, detail) for detail in error.errors()]
        settings = None
    if problems or settings is None:
        raise ConfigError(*dict.fromkeys(problems))
    return settings, located


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


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX) and not name.startswith(_NOT_SETTINGS)


def _key_of(name: str) -> Key:
    return tuple(name.lower().split("__"))


def _secret_files(folder: Path) -> dict[str, Path]:
    found = sorted((folder / "secrets").glob("[!.]*")) if (folder / "secrets").is_dir() else []
    return {f"secret file {path}": path for path in found if path.is_file()}


def _override(located: Located, files: dict[str, Path], read: Any) -> list[str]:
    keys = {label: _key_of(path.name) for label, path in files.items()}
    return _merge(located, keys, lambda label: read(files[label]).strip())


def _merge(located: Located, keys: Mapping[str, Key], value_of: Any) -> list[str]:
    """Put each value at its key; return what is wrong with the names."""
    problems = []
    for label, key in keys.items():
        wrong = _unknown(key)
        if wrong:
            problems.append(f"{label}: {wrong}")
            continue
        table = located.data
        for name in key[:-1]:
            table = table.setdefault(str(name), {})
        table[str(key[-1])] = _plain(value_of(label))
        dict.__setitem__(located.origins, key, label)  # type: ignore[index]
    return problems


def _plain(value: str) -> Any:
    """Read lists and tables as JSON; everything else stays text for pydantic to convert."""
    if value[:1] in "[{" and value:
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
    model: type[BaseModel] | None = Settings
    for name in path:
        model = _table_at(model, name) if model else None
    return [f.alias or n for n, f in model.model_fields.items()] if model else None


def _table_at(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    found = model.model_fields.get(name)
    if found is None:  # a name of a newsletter: step over it
        return model
    inner = found.annotation
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return inner
    tables = [a for a in _arguments(inner) if isinstance(a, type) and issubclass(a, BaseModel)]
    return _Named(tables[0]) if name == "newsletters" and tables else (tables or [None])[0]


def _arguments(annotation: Any) -> Iterator[Any]:
    for argument in get_args(annotation):
        yield argument
        yield from _arguments(argument)


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
