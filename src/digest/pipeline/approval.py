"""A draft is shown to the people who approve: by mail, and on a page behind a signed link."""

import re
from base64 import urlsafe_b64decode
from html import escape

from digest.app import App
from digest.audience.tokens import APPROVE, make_public_id, make_token, read_token
from digest.errors import InvalidToken, NotFound
from digest.model import Edition
from digest.pipeline.edit import Proof, find_edition, proof
from digest.text import TOKEN

_BODY = re.compile(r"<body[^>]*>")


def approval_link(app: App, edition: Edition) -> str:
    """Return the address of the page that shows a draft and has the button."""
    token = make_token(app.keys, APPROVE, make_public_id(edition.id.to_bytes(8, "big")))
    return f"{app.settings.web.base_url}/a/{app.keys.current}{token}"


def to_approve(app: App, token: str) -> Edition:
    """Return the edition a link was made for; InvalidToken from its slot on."""
    number = urlsafe_b64decode(read_token(app.keys, APPROVE, token) + "=")
    try:
        edition = find_edition(app, str(int.from_bytes(number, "big")))
    except NotFound as error:
        raise InvalidToken from error
    if app.now() >= edition.slot_at:
        raise InvalidToken(f"The time of {edition.key} is over; this link is no longer valid.")
    return edition


def approval_words(app: App, edition: Edition) -> tuple[str, str]:
    """Return what the mail about a draft says, and its preview as HTML ("" if there is none)."""
    looked = proof(app, edition)
    before = f"{edition.slot_at.astimezone(app.settings.zone):%Y-%m-%d %H:%M}"
    found = found_lines(looked)
    words = (
        f"{edition.subject}\n\n"
        f"Look at it and approve it before {before} {app.settings.zone.key}:\n"
        f"{approval_link(app, edition)}\n\n"
        "The same on the command line:\n"
        f"digest preview {edition.key} --open\n"
        f"digest editions approve {edition.key}\n\n"
        "What preflight found:\n" + ("\n".join(found) or "nothing") + f"\n\nsha256 {looked.sha256}"
    )
    if looked.rendered is None:
        return words, ""
    notes = "".join(f"<li>{escape(line)}</li>" for line in found)
    bar = (
        '<div style="padding:16px;background:#fff;color:#111;font:16px/1.5 sans-serif">'
        f"<p><strong>{escape(edition.key)}</strong> waits for approval, until {escape(before)} "
        f'{escape(app.settings.zone.key)}.</p><p><a href="{approval_link(app, edition)}">'
        f"Look at it and approve it</a>, or run <code>digest editions approve {edition.key}</code>"
        f"</p><ul>{notes}</ul></div>"
    )
    return words, _BODY.sub(lambda body: body[0] + bar, shown_html(app, looked), count=1)


def found_lines(looked: Proof) -> list[str]:
    """Return what preflight found, each thing once."""
    lines = [f"{f.severity.value}: {f.rule}: {f.message}" for f in looked.findings]
    return list(dict.fromkeys(lines))


def shown_html(app: App, looked: Proof) -> str:
    """Return a proof's HTML without anyone's token."""
    html = looked.rendered.html if looked.rendered else ""
    return html.replace(f"/u/{app.keys.current}{TOKEN}", "/unsubscribe").replace(TOKEN, "")
