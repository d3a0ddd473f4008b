"""What is wrong, in facts."""

from digest.app import App
from digest.errors import DigestError, Locked
from digest.model import EditionState
from digest.store import editions


def health(app: App) -> dict[str, object]:
    """Return whether the database answers, and the editions that wait for a person."""
    try:
        app.database.require_current()
        app.require_unlocked()
        with app.database.reading() as tx:
            held = [edition.key for edition in editions.in_state(tx, [EditionState.HELD])]
            sending = [edition.key for edition in editions.in_state(tx, [EditionState.SENDING])]
            paused = [edition.key for edition in editions.in_state(tx, [EditionState.PAUSED])]
    except Locked:
        return {"ok": False, "locked": "this database is a copy; `digest db unlock`"}
    except DigestError:
        return {"ok": False, "database": "not available"}
    return {"ok": True, "held": held, "sending": sending, "paused": paused}
