"""The example config is the reference: it loads and shows every key with its default."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from digest.rank.signals import SIGNALS
from digest.settings import Newsletter, Ranking, Settings, load_settings
from digest.settings.tables import Publication
from digest.settings.values import Table

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
EXAMPLES_ONLY = {"publication.name", "publication.url", "mail.from", "newsletters.weekly.title"}


def test_it_loads() -> None:
    settings, _ = load_settings(EXAMPLE, {})
    assert settings.publication.name == "Atlas Weekly"


def _tables(model: type[BaseModel], path: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        key = f"{path}{field.alias or name}"
        kind = field.annotation
        if name == "newsletters":
            found += _tables(Newsletter, "newsletters.weekly.")
        elif isinstance(kind, type) and issubclass(kind, Table):
            found += _tables(kind, f"{key}.")
        else:
            found.append((key, field.default))
    return found


def _shown(key: str) -> Any:
    value: Any = tomllib.loads(EXAMPLE.read_text())
    for part in key.split("."):
        value = value[part]
    return value


@pytest.mark.parametrize(("key", "default"), _tables(Settings), ids=lambda v: str(v)[:40])
def test_every_key_is_shown_with_its_default(key: str, default: Any) -> None:
    if key in EXAMPLES_ONLY:
        assert _shown(key)
        return
    if key == "newsletters.weekly.ranking.weights":
        assert _shown(key) == {signal.name: signal.weight for signal in SIGNALS}
        return
    loaded: Any = load_settings(EXAMPLE, {})[0]
    for part in key.split("."):
        loaded = loaded[part] if isinstance(loaded, dict) else getattr(loaded, part)
    assert loaded == default
    _shown(key)
    assert not isinstance(default, SecretStr) or _shown(key) == default.get_secret_value()


def test_the_example_names_nothing_unknown() -> None:
    assert Publication.model_fields.keys() == _shown("publication").keys()
    assert Ranking.model_fields.keys() == _shown("newsletters.weekly.ranking").keys()
