"""A person decides what becomes of deliveries whose answer was lost."""

from digest.app import App
from digest.errors import WrongState
from digest.model import Delivery, DeliveryState, Edition, EditionState
from digest.store import deliveries, editions, outbox
from digest.store.flight import bring_home

_DECIDABLE = (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT, EditionState.CANCELLED)


def name_doubts(app: App) -> int:
    """Mark what a dead sender left of paused and cancelled editions; return how many rows.

    Of one that goes out, the next drain does it. Raises Locked for a copy that has any.
    """
    with app.database.reading() as tx:
        left = outbox.left_behind(tx)
    if not left:
        return 0
    app.require_unlocked()
    bring_home(app.database)
    with app.database.transaction() as tx:
        return sum(outbox.find_uncertain(tx, edition_id, app.now()) for edition_id in left)


def resend_doubts(app: App, edition: Edition) -> list[Delivery]:
    """Queue what is uncertain again, with the same Message-ID; an edition that was done goes on."""
    if edition.state is EditionState.CANCELLED:
        raise WrongState(f"{edition.key} is cancelled; what is in doubt can only be dropped")
    _require_decidable(edition)
    with app.database.transaction() as tx:
        again = deliveries.settle_doubts(tx, edition.id, DeliveryState.QUEUED, "", app.now())
        if again and edition.state is EditionState.SENT:
            editions.move(tx, edition, EditionState.SENDING, app.now())
    return again


def drop_doubts(app: App, edition: Edition, reason: str) -> list[Delivery]:
    """Leave it at what was sent: it may have arrived, and no second copy goes out."""
    _require_decidable(edition)
    words = f"{reason}; the first copy may have arrived"
    with app.database.transaction() as tx:
        return deliveries.settle_doubts(tx, edition.id, DeliveryState.CANCELLED, words, app.now())


def _require_decidable(edition: Edition) -> None:
    if edition.state not in _DECIDABLE:
        raise WrongState(f"{edition.key} is {edition.state.value}; nothing of it is in doubt")
