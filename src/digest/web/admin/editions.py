"""The edition desk: its words, its preview, its way to the readers."""

import re
from collections import Counter
from dataclasses import asdict

from fastapi import Response
from fastapi.responses import HTMLResponse

from digest import pipeline
from digest.audience.address import parse_address
from digest.deliver.pacing import reply_class
from digest.errors import RenderError, WrongState
from digest.model import Edition, EditionState, Rendered
from digest.slots import Slot
from digest.store import deliveries, editions, outbox
from digest.text import TOKEN
from digest.web.admin import desk
from digest.web.admin.ask import EDITOR, Ask, Route

_DARK = re.compile(r"\(prefers-color-scheme:\s*dark\)")
_MOST_TESTS = 5
#: The mail stands in a frame that may do nothing: no script, no form, no way out.
_FRAME = {
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src https: http: data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    "X-Frame-Options": "SAMEORIGIN",
}


def _list(ask: Ask) -> Response:
    with ask.app.database.reading() as tx:
        every = editions.every(tx, min(ask.skip, 1_000) + 25)[ask.skip :]
    return ask.page("admin/editions.html", editions=every, skip=ask.skip)


def _desk(ask: Ask) -> Response:
    return desk.show(ask, desk.find(ask))


def _left(ask: Ask) -> Response:
    """Show what was left out and why: what nearly came in first."""
    edition = desk.find(ask)
    words = ask.query("q").casefold()
    found = [one for one in edition.left_out if words in one.title.casefold()]
    found.sort(key=lambda one: -one.score)
    return ask.page(
        "admin/left.html",
        edition=edition,
        found=found[ask.skip : ask.skip + 50],
        total=len(found),
        skip=ask.skip,
        q=ask.query("q"),
        is_open=edition.state in editions.OPEN_STATES,
    )


def _preview(ask: Ask) -> Response:
    edition = desk.find(ask)
    shown = desk.shown(_look(ask, edition))
    return ask.page("admin/preview.html", edition=edition, view=desk.view_of(ask), **shown)


def _look(ask: Ask, edition: Edition) -> Rendered | None:
    try:
        return pipeline.plain_look(ask.app, edition)
    except RenderError:
        return None


def _frame(ask: Ask) -> Response:
    """Show the mail itself, as a device in light or dark shows it."""
    rendered = _look(ask, desk.find(ask))
    if rendered is None:
        return HTMLResponse("<p>It cannot be rendered.</p>", headers=_FRAME)
    html = pipeline.with_pictures(ask.app, rendered.html.replace(TOKEN, "P" * 32))
    scheme = desk.view_of(ask).scheme
    html = _DARK.sub("all" if scheme == "dark" else "not all", html)
    html = html.replace("color-scheme:light dark", f"color-scheme:{scheme}")
    return HTMLResponse(html, headers=_FRAME)


def _words(ask: Ask) -> Response:
    words = {name: ask.text(name) for name in ask.form if name != "form_token"}
    made = pipeline.edit_words(ask.app, desk.find(ask), words, ask.by)
    return desk.changed(ask, made, "The words are changed.")


def _build(ask: Ask) -> Response:
    edition = desk.find(ask)
    slot = Slot(edition.slot_on, edition.slot_at)
    made = pipeline.draft_edition(ask.app, edition.newsletter, slot)
    return desk.changed(ask, made, "It is built again from what is stored now.")


def _test(ask: Ask) -> Response:
    addresses = [parse_address(each).email for each in ask.text("to").replace(",", " ").split()]
    if not 0 < len(addresses) <= _MOST_TESTS:
        raise WrongState(f"give 1 to {_MOST_TESTS} addresses")
    edition = desk.find(ask)
    pipeline.test_send(ask.app, pipeline.proof(ask.app, edition), addresses)
    return desk.changed(ask, edition, f"A test is sent to {', '.join(addresses)}.")


def _sheet(ask: Ask) -> Response:
    """Show exactly what goes to how many, with the hash that is approved."""
    edition = desk.find(ask)
    looked = pipeline.proof(ask.app, edition)
    readers = looked.readers
    return ask.page(
        "admin/approve.html",
        edition=edition,
        looked=looked,
        readers=readers,
        grown=pipeline.growth(ask.app, edition, found=readers),
        audience=pipeline.aimed(ask.app, edition),
        is_due=edition.slot_at <= ask.app.now(),
        view=desk.view_of(ask),
        transport=ask.app.settings.mail,
    )


def _approve(ask: Ask) -> Response:
    edition = desk.find(ask)
    if not ask.text("sha256"):
        raise WrongState("look at what is sent first")
    if pipeline.growth(ask.app, edition) and not ask.text("growth"):
        raise WrongState("say that the number of readers is right")
    made = pipeline.approve_edition(ask.app, edition, seen=ask.text("sha256"))
    if ask.text("when") == "now":
        made = pipeline.queue_edition(ask.app, made)
        ask.did = "approved and sent an edition"
    ask.about = f"{made.key}, sha256 {made.sha256[:16]}"
    return ask.back(f"/editions/{made.key}", f"You approved {made.key}.")


def _send(ask: Ask) -> Response:
    made = pipeline.queue_edition(ask.app, desk.find(ask))
    return _went(ask, made)


def _pause(ask: Ask) -> Response:
    reason = f"paused by {ask.by}" + (f": {ask.text('reason')}" if ask.text("reason") else "")
    return _went(ask, pipeline.pause_edition(ask.app, desk.find(ask), reason))


def _resume(ask: Ask) -> Response:
    return _went(ask, pipeline.resume_edition(ask.app, desk.find(ask)))


def _cancel(ask: Ask) -> Response:
    made = pipeline.cancel_edition(ask.app, desk.find(ask), f"cancelled by {ask.by}")
    if ask.is_live:  # it may be a draft again: another page
        return Response(headers={"HX-Redirect": f"/admin/editions/{made.key}"})
    return ask.back(f"/editions/{made.key}", f"{made.key} is {made.state.value}.")


def _went(ask: Ask, edition: Edition) -> Response:
    if ask.is_live:
        return _progress_of(ask, edition)
    return ask.back(f"/editions/{edition.key}", f"{edition.key} is {edition.state.value}.")


def _progress(ask: Ask) -> Response:
    return _progress_of(ask, desk.find(ask))


def _progress_of(ask: Ask, edition: Edition) -> Response:
    name = "admin/progress.html" if ask.is_live else "admin/progress_page.html"
    return ask.page(name, is_live=ask.is_live, **progress(ask, edition))


def progress(ask: Ask, edition: Edition) -> dict[str, object]:
    """Return how far an edition has come, and what the servers said against it."""
    with ask.app.database.reading() as tx:
        numbers = outbox.numbers(tx, edition.id, quick=True)
        troubles = deliveries.troubles(tx, edition.id)
    classes: Counter[str] = Counter()
    for reply, count in troubles:  # the servers' own words may hold an address
        classes[reply_class(reply)] += count
    return {
        "edition": edition,
        "numbers": numbers,
        "books": asdict(numbers),
        "troubles": classes.most_common(5),
        "moves": edition.state in (EditionState.FILLING, EditionState.SENDING),
        "waits": edition.state is EditionState.APPROVED,
    }


_ONE = "/editions/{key}"
ROUTES = (
    Route("GET", "/editions", EDITOR, _list),
    Route("GET", _ONE, EDITOR, _desk),
    Route("GET", f"{_ONE}/left", EDITOR, _left),
    Route("GET", f"{_ONE}/preview", EDITOR, _preview),
    Route("GET", f"{_ONE}/frame", EDITOR, _frame),
    Route("GET", f"{_ONE}/approve", EDITOR, _sheet),
    Route("GET", f"{_ONE}/progress", EDITOR, _progress),
    Route("POST", f"{_ONE}/words", EDITOR, _words, "edited the words of an edition"),
    Route("POST", f"{_ONE}/build", EDITOR, _build, "built an edition again"),
    Route("POST", f"{_ONE}/test", EDITOR, _test, "sent a test"),
    Route("POST", f"{_ONE}/approve", EDITOR, _approve, "approved an edition"),
    Route("POST", f"{_ONE}/send", EDITOR, _send, "sent an edition"),
    Route("POST", f"{_ONE}/pause", EDITOR, _pause, "paused an edition"),
    Route("POST", f"{_ONE}/resume", EDITOR, _resume, "let an edition go on"),
    Route("POST", f"{_ONE}/cancel", EDITOR, _cancel, "called an edition back"),
)
