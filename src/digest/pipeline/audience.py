"""Who an edition is for: the newsletter's audience, and what was said when it was sent."""

from digest.app import App
from digest.audience.filters import parse_filter
from digest.errors import WrongState
from digest.model import Edition, Filter
from digest.store import editions, subscribers


def aimed(app: App, edition: Edition, only: str = "", leave_out: str = "") -> str:
    """Return the expression an edition is for, all parts joined; BadFilter for a wrong one.

    WrongState when it is approved already and something else is asked for: its audience is frozen.
    """
    if edition.state not in editions.OPEN_STATES:
        if only or leave_out:
            raise WrongState(
                f"{edition.key} is {edition.state.value}: who gets it was decided with its approval"
            )
        return edition.audience
    for part in (only, leave_out):
        parse_filter(part, app.settings.zone)
    wanted = [part for part in (app.newsletter(edition.newsletter).audience, only) if part]
    parts = [f"({part})" for part in wanted] + ([f"-({leave_out})"] if leave_out else [])
    return " ".join(parts) if leave_out or len(wanted) > 1 else "".join(wanted)


def audience_of(app: App, expression: str) -> Filter:
    """Return the tree of an edition's expression."""
    return parse_filter(expression, app.settings.zone)


def readers(app: App, edition: Edition, expression: str | None = None) -> int:
    """Return how many would get an edition now."""
    among = audience_of(app, aimed(app, edition) if expression is None else expression)
    with app.database.reading() as tx:
        return subscribers.active_count(tx, edition.newsletter, among)
