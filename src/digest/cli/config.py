"""`digest init` and `digest config`."""

import os
import re
from pathlib import Path
from typing import Any

import typer

from digest.cli.common import Json, config_path, group, print_json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("init")(init)
    config = group(app, "config", "The configuration: check it, show what is in force.")
    config.command("check")(check)
    config.command("show")(show)


def init(folder: Path = typer.Argument(Path(), metavar="[DIR]")) -> None:
    """Make config.toml, the key that signs links, and the database."""
    from digest.app import make_key_file
    from digest.settings import example_config, load_settings
    from digest.store import Database

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    made = not path.exists()
    if made:
        path.write_text(example_config(), encoding="utf-8")
    settings, _ = load_settings(path, os.environ)
    if make_key_file(folder / settings.web.secret_file):
        print(f"made {folder / settings.web.secret_file}, the key that signs links: back it up")
    database = Database(settings.database.url, folder)
    database.upgrade()
    database.close()
    print(f"{'made' if made else 'kept'} {path}; the database is ready: {database.name}")
    print("next: put your outlet's name, addresses and schedule into it, then")
    print(f"  digest -c {path} config check")
    print(f"  digest -c {path} feeds add https://YOUR-SITE/")
    print(f"  digest -c {path} fetch")
    print(f"  digest -c {path} preview --open")


def check(context: typer.Context) -> None:
    """Name every mistake at once, with file, line and key; exit 2 when there is one."""
    from digest.app import refuse_unknown
    from digest.settings import load_settings

    settings, located = load_settings(config_path(context), os.environ)
    refuse_unknown(settings, located)
    print(f"{config_path(context)}: no mistakes")
    if not settings.publication.postal_address:
        print("not ready to send: publication.postal_address is empty")
    if not settings.web.base_url.startswith("https://"):
        print("not ready to send: web.base_url is not an https address readers can open")


def show(context: typer.Context, as_json: bool = Json) -> None:
    """Show what is in force: file, secrets and environment together; secrets stay hidden."""
    from digest.settings import load_settings

    settings, _ = load_settings(config_path(context), os.environ)
    values = settings.model_dump(mode="json", by_alias=True)
    values["database"]["url"] = re.sub(r":[^:@/]*@", ":**********@", settings.database.url)
    if as_json:
        print_json(values)
        return
    for key, value in _flat(values):
        print(f"{key} = {value!r}")


def _flat(value: Any, key: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [pair for k, v in value.items() for pair in _flat(v, f"{key}.{k}" if key else k)]
    return [(key, value)]
