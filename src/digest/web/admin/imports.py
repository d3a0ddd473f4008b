"""The import wizard: a file is looked at, then imported, or mended and looked at again."""

from pathlib import Path

from fastapi import Response
from fastapi.responses import FileResponse

from digest import membership
from digest.errors import WrongState
from digest.membership import Imported, Wanted, uploads
from digest.model import Outcome
from digest.web.admin.ask import OWNER, Ask, Route


def _show(ask: Ask) -> Response:
    return _wizard(ask)


def _wizard(ask: Ask, done: Imported | None = None, kept: str = "", status: int = 200) -> Response:
    """Show the file's form; below it what the file would do."""
    given = {name: ask.text(name) for name in ("newsletter", "consent", "encoding", "columns")}
    return ask.page(
        "admin/import.html",
        status,
        done=done,
        kept=kept,
        given=given,
        outcomes=[each.value for each in Outcome],
        imports=membership.imports(ask.app)[:20],
        newsletters=ask.app.settings.newsletters,
        most=ask.app.settings.web.upload_mb,
    )


def upload(ask: Ask) -> Response:
    """Keep the file for an hour and say what it would do; nothing changes yet."""
    file = ask.file("file")
    if file is None:
        raise WrongState("choose a file first")
    kept = uploads.keep(ask.app, file.file, file.filename or "")
    path = uploads.find(ask.app, kept)
    done = membership.import_file(ask.app, path, _wanted(ask), apply=False)
    ask.about = path.name
    return _wizard(ask, done, kept)


def _import(ask: Ask) -> Response:
    path = uploads.find(ask.app, ask.text("kept"))
    done = membership.import_file(ask.app, path, _wanted(ask), apply=True)
    ask.about = f"import {done.id}: {path.name}"
    return _wizard(ask, done, ask.text("kept"))


def _wanted(ask: Ask) -> Wanted:
    pairs = [line.partition("=") for line in ask.text("columns").splitlines() if line.strip()]
    if any(not equals for _, equals, _ in pairs):
        raise WrongState("columns: write a line such as email=Mail for each")
    mapping = {name.strip(): column.strip() for name, _, column in pairs}
    newsletter = ask.text("newsletter") or next(iter(ask.app.settings.newsletters))
    return Wanted(newsletter, ask.text("consent"), mapping, ask.text("encoding"), by=ask.by)


def _refused(ask: Ask) -> Response:
    """Hand out the rows that were refused, with the reason in a last column."""
    source = uploads.find(ask.app, ask.text("kept"))
    name = Path(ask.text("name")).name
    path = source.with_name(name)
    if ".refused" not in name or not path.is_file():
        raise WrongState("there are no refused rows of this name any more")
    ask.about = name
    return FileResponse(path, media_type="text/csv", filename=name)


def _undo(ask: Ask) -> Response:
    number = ask.number("number")
    done = membership.undo_import(ask.app, number)
    ask.about = f"import {number}"
    words = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in done.items())
    return ask.back("/import", f"Import {number} is taken back: {words}.")


ROUTES = (
    Route("GET", "/import", OWNER, _show),
    Route("POST", "/import/look", OWNER, upload, "looked at a file of subscribers"),
    Route("POST", "/import", OWNER, _import, "imported subscribers"),
    Route("POST", "/import/refused", OWNER, _refused, "took the refused rows of an import"),
    Route("POST", "/import/{number}/undo", OWNER, _undo, "took an import back"),
)
