"""Everything a person can use is in the docs, and the docs name nothing that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from digest.cli import app
from digest.ingest.sources import SOURCES
from digest.preflight.rules import RULES
from digest.rank.signals import SIGNALS

ROOT = Path(__file__).parent.parent
DOCS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> Iterator[str]:
    """Yield every command as it is typed."""
    root = typer.main.get_command(app)
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        if inner is None:
            yield f"digest {name}"
        else:
            yield from (f"digest {name} {word}" for word in inner)


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"`{re.escape(command)}[ `]", DOCS["commands.md"])


def test_the_docs_name_no_command_there_is_not() -> None:
    known = set(commands())
    groups = {" ".join(command.split()[:2]) for command in known}
    text = "\n".join([README, *DOCS.values()])
    for first, second in re.findall(
        r"`digest(?: -c \S+)? ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?", text
    ):
        named = f"digest {first} {second}".strip()
        assert named in known | groups or f"digest {first}" in known, named


@pytest.mark.parametrize("signal", [signal.name for signal in SIGNALS])
def test_every_signal_is_documented_with_its_weight(signal: str) -> None:
    weight = next(s.weight for s in SIGNALS if s.name == signal)
    assert f"| `{signal}` | {weight} |" in DOCS["ranking.md"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.id))
def test_every_rule_is_documented(rule: object) -> None:
    values = (getattr(rule, name) for name in ("id", "severity", "about", "source"))
    assert "| `{}` | {} | {} | {} |".format(*values) in DOCS["preflight.md"]


@pytest.mark.parametrize("source", [source.name for source in SOURCES])
def test_every_source_is_documented(source: str) -> None:
    assert f"| {source} |" in DOCS["sources.md"]


def test_every_setting_has_its_line_of_why() -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    for line in text.splitlines():
        if re.match(r"[a-z_]+ = ", line):
            assert "#" in line, f"no word of why: {line}"


def test_links_between_the_docs_lead_somewhere() -> None:
    for name, text in {"../README.md": README, **DOCS}.items():
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            folder = ROOT if name == "../README.md" else ROOT / "docs"
            assert (folder / target).exists(), f"{name} links to {target}"


def test_the_first_screen_shows_the_two_commands() -> None:
    first = "\n".join(README.splitlines()[:40])
    assert re.findall(r"(?m)^make .*$", first) == ["make demo", "make test"]
    assert "](docs/" in first
