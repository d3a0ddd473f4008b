"""`digest demo`."""

import os
import shutil
import sys
from pathlib import Path

import typer

from digest.cli.common import counted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    folder: Path = typer.Option(Path("digest-demo"), "--dir", help="A fresh folder."),
    serve: bool = typer.Option(False, "--serve", help="Show it on localhost."),
    port: int = typer.Option(8026, help="For --serve; 0 takes any free one."),
) -> None:
    """Make a sample outlet, an edition and its preview files; no network needed."""
    from digest.demo import make_demo

    made = make_demo(folder)
    stories = counted(len(made.edition.stories), "story")
    print(f"{made.articles} articles ranked into {made.edition.key}: {stories}")
    for path in made.files:
        print(f"  {path.absolute()}")
    typed = _as_typed()
    print("next, try:")
    print(f"  {typed} -c {folder}/config.toml explain latest")
    print(
        f"  {typed} -c {folder}/config.toml send latest --yes   # writes .eml files, mails nobody"
    )
    print(f"  {typed} demo --dir {folder} --serve")
    if serve:
        _serve(folder, port)


def _as_typed() -> str:
    """Return what to type for this program: its name where the shell finds it, else its path."""
    if shutil.which("digest") or not sys.argv[0].endswith("digest"):
        return "digest"
    return os.path.relpath(sys.argv[0])


def _serve(folder: Path, port: int) -> None:
    """Serve the folder's preview on localhost until Ctrl-C."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"http://127.0.0.1:{server.server_port}/preview.html   (Ctrl-C ends it)", flush=True)
        server.serve_forever()
