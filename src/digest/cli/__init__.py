"""The command line: parse, call one function, print; one file per noun."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from digest.cli import (
    articles,
    config,
    db,
    deliveries,
    demo,
    editions,
    feeds,
    keys,
    placements,
    ranking,
    run_all,
    status,
    subscribers,
    web,
)
from digest.cli import send as sending
from digest.cli.common import OPTIONS

_NAMES_OF_CONFIG = ("-c", "--config")


class Commands(TyperGroup):
    """Turns errors a person can act on into one sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        from digest.errors import ConfigError, DigestError

        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            raise typer.Exit(3) from None
        except BrokenPipeError:
            raise  # the reader of our output has gone: click knows what to do
        except OSError as error:
            print(f"digest: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
            raise typer.Exit(1) from error
        except DigestError as error:
            print(f"digest: {error}", file=sys.stderr)
            raise typer.Exit(2 if isinstance(error, ConfigError) else 1) from error


app = typer.Typer(
    **OPTIONS, cls=Commands, help="The week's best stories of a news outlet, in one e-mail."
)
for part in (
    demo,
    config,
    feeds,
    articles,
    editions,
    sending,
    deliveries,
    subscribers,
    ranking,
    placements,
    run_all,
    keys,
    status,
    web,
    db,
):
    part.register(app)


def _show_version(given: bool) -> None:
    if given:
        from digest import __version__

        print(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: str = typer.Option(
        "config.toml", "--config", "-c", envvar="DIGEST_CONFIG", help="The config file."
    ),
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Keep the config's path for the command."""
    del version
    context.obj = config


def run() -> None:
    """Run the command line and exit with its code."""
    app(args=hoist_config(sys.argv[1:]), prog_name="digest")


def hoist_config(words: list[str]) -> list[str]:
    """Move `-c FILE` to the front, so that it may stand anywhere before a `--`."""
    end = words.index("--") if "--" in words else len(words)
    for position, word in enumerate(words[:end]):
        if word in _NAMES_OF_CONFIG and position + 1 < end:
            rest = words[:position] + words[position + 2 :]
            return [*words[position : position + 2], *rest]
        if word.startswith("--config="):
            return [word, *words[:position], *words[position + 1 :]]
    return words
