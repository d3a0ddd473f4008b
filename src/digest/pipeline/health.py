"""What is wrong, in facts."""

from datetime import timedelta

from digest import rhythm
from digest.app import App
from digest.deliver.pacing import parse_rate
from digest.errors import DigestError, Locked
from digest.model import EditionState
from digest.pipeline.facts import known
from digest.pipeline.results import waiting
from digest.store import Transaction, deliveries, editions, notices

_PATIENCE = timedelta(minutes=5)  #: a relay that takes nothing for so long is worth an alarm (P8)


def health(app: App) -> dict[str, object]:
    """Return whether all is well, the editions that wait for a person, and what is wrong.

    Wrong is a database that does not answer or is a copy, an edition of which deliveries are due
    but none was settled for five minutes or that is not finished by its time, a slot that waits
    for ten minutes, and a notice that could not be delivered. The other facts are those people
    were told of in the last week.
    """
    try:
        app.database.require_current()
        app.require_unlocked(looking=True)
        plans, now = rhythm.plans(app.settings), app.now()
        facts = rhythm.lately(plans, known(app), now)
        with app.database.reading() as tx:
            held = [edition.key for edition in editions.in_state(tx, [EditionState.HELD])]
            sending = [edition.key for edition in editions.in_state(tx, [EditionState.SENDING])]
            paused = [edition.key for edition in editions.in_state(tx, [EditionState.PAUSED])]
            wrong = _wrong(app, tx)
    except Locked:
        return {"ok": False, "locked": "this database is a copy; `digest db unlock`"}
    except DigestError:
        return {"ok": False, "database": "not available"}
    wrong |= {name: facts[name] for name in ("overdue", "unfinished") if name in facts}
    going = {"held": held, "sending": sending, "paused": paused}
    return {"ok": not wrong} | facts | going | wrong


def _wrong(app: App, tx: Transaction) -> dict[str, object]:
    spacing = timedelta(seconds=2 * parse_rate(app.settings.mail.rate))
    since = app.now() - max(_PATIENCE, spacing)
    going = editions.in_state(tx, [EditionState.SENDING])
    begun = [edition for edition in going if editions.changed_at(tx, edition.id) <= since]
    stuck = [edition.key for edition in begun if deliveries.is_stuck(tx, edition.id, since)]
    facts = {"stuck": stuck, "results_waiting": waiting(app)}
    facts["notices_failed"] = notices.troubles(tx, app.now() - rhythm.WEEK)
    return {name: fact for name, fact in facts.items() if fact}
