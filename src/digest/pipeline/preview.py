"""An edition as files to look at."""

from email.utils import parseaddr
from pathlib import Path

from digest.app import App
from digest.audience.address import parse_address
from digest.audience.choices import choice_of
from digest.deliver.head import Recipient
from digest.deliver.message import build, compile_message
from digest.errors import RenderError, WrongState
from digest.model import Edition, Subscriber, SubscriptionState, Variant
from digest.pipeline.audience import aimed, audience_of
from digest.pipeline.edit import Proof
from digest.pipeline.images import with_pictures
from digest.pipeline.variants import chooser, nearest_of
from digest.store import subscribers
from digest.text import TOKEN

_TOKEN = "P" * 32  #: its unsubscribe link does nothing


def write_preview(app: App, looked: Proof, out: Path, reader: str = "") -> list[Path]:
    """Write preview.html, preview.txt and preview.eml; nothing in the database changes.

    With `reader`, the address of someone who would get it, the mail is theirs; its links to
    unsubscribe have the shape of theirs and do nothing, so that files can be passed on. Local
    copies of pictures are inside preview.html.
    """
    if looked.rendered is None:
        raise RenderError(looked.findings[0].message)
    head, rendered = looked.head, looked.rendered
    address = parseaddr(app.settings.publication.contact)[1] or head.sender_email
    if reader:
        person, variant, _ = variant_for(app, looked, reader)
        address, rendered = person.email, variant.rendered
    recipient = Recipient(
        address, _TOKEN, 0, looked.edition.slot_at, f"preview.{looked.sha256[:16]}"
    )
    message = build(compile_message(rendered, head), recipient)
    out.mkdir(parents=True, exist_ok=True)
    written = {
        "preview.html": with_pictures(app, rendered.html.replace(TOKEN, _TOKEN)).encode(),
        "preview.txt": rendered.text.replace(TOKEN, _TOKEN).encode(),
        "preview.eml": message.content,
    }
    for name, content in written.items():
        (out / name).write_bytes(content)
    return [out / name for name in written]


def variant_for(app: App, looked: Proof, email: str) -> tuple[Subscriber, Variant, bool]:
    """Return a reader, the variant they get, and whether it is just what they want.

    WrongState says why somebody would not get the edition.
    """
    person = _reader(app, looked.edition, email)
    choose = chooser(app, looked.edition)
    choice = choice_of(person, looked.edition.newsletter)
    variant = looked.variants[nearest_of(choose, looked.variants)(choice)]
    return person, variant, variant.choice == choose(choice)


def _reader(app: App, edition: Edition, email: str) -> Subscriber:
    """Return a person who would get an edition; WrongState says why not."""
    with app.database.reading() as tx:
        person = subscribers.find(tx, parse_address(email).key)
        meant = subscribers.picks(tx, audience_of(app, aimed(app, edition)), person.id)
    mine = [s.state for s in person.subscriptions if s.newsletter == edition.newsletter]
    if person.suppressed:
        raise WrongState(f"{email} would not get {edition.key}: suppressed, {person.suppressed}")
    if SubscriptionState.ACTIVE not in mine:
        state = mine[0] if mine else "not subscribed"
        raise WrongState(f"{email} would not get {edition.key}: {state}")
    if not meant:
        raise WrongState(f"{email} would not get {edition.key}: {aimed(app, edition)}")
    return person
