"""Tell people what needs them, once for each fact, over every channel of `[notices]`.

A notice is stored before it is sent, so that a crash or a relay in trouble delays it, no more.
"""

import logging
from collections.abc import Iterable

from digest.app import App
from digest.deliver.pacing import retry_after
from digest.errors import DigestError
from digest.model import Feed
from digest.notices.channels import CHANNELS, targets
from digest.store import notices
from digest.store.notices import Notice

_log = logging.getLogger("digest")


def tell(app: App, found: Iterable[Notice]) -> None:
    """Store each fact for all who are told, and tell them; one that was told before is not again.

    A notice that cannot be delivered is tried again later, for a day.
    """
    now, to = app.now(), targets(app.settings)
    with app.database.transaction() as tx:
        new = [notices.add(tx, notice, to if notice.line else to[:1], now) for notice in found]
    if any(new):
        deliver(app)


def tell_feed(app: App, feed: Feed) -> None:
    """Tell that a feed keeps failing."""
    line = f"the feed {feed.title or feed.url} has failed for a week"
    why = f"{feed.last_error}\n\nIts address is {feed.url}. `digest feeds show {feed.id}` has more."
    fact = f"failing since {feed.failing_since}"
    tell(app, [Notice(f"feed {feed.id}", fact, line, why)])


def tell_forms(app: App, waiting: int) -> None:
    """Tell once a day that forms ask for more mails than may leave: perhaps somebody's attack."""
    line = f"{waiting:,} wishes from forms wait: more than an hour's mails may answer"
    why = (
        "The rest waits, at most a day, and the form says so. Many strangers signed up at once are "
        "an attack on them, or on your name as a sender; after a good day it is nothing.\n\n"
        "`digest subscribers list` shows who came."
    )
    tell(app, [Notice("forms", f"busy on {app.now().date()}", line, why)])


def deliver(app: App) -> None:
    """Deliver the notices that wait and are due."""
    with app.database.reading() as tx:
        if not notices.waiting(tx, app.now()):
            return
    app.require_unlocked()
    with app.database.transaction() as tx:
        claimed = notices.claim(tx, app.now())
    for notice in claimed:
        _deliver(app, notice)


def _deliver(app: App, notice: Notice) -> None:
    told, again = True, None
    channel, _, address = notice.target.partition(" ")
    try:
        CHANNELS[channel](app, notice, address)
    except DigestError as error:
        wait = retry_after(notice.attempts)
        told, again = False, app.now() + wait if wait else None
        then = "it is tried again" if again else "it is given up"
        _log.error("the notice to %s could not be sent: %s; %s", notice.target, error, then)
    with app.database.transaction() as tx:
        notices.settle(tx, notice, app.now() if told else None, again)
