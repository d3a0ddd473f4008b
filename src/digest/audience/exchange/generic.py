"""Any CSV with a column of addresses; other columns are taken by their usual names."""

from digest.audience.exchange import base
from digest.model import Incoming

#: What a field's column is called, in lower case; `--map FIELD=COLUMN` says it otherwise.
NAMES: dict[str, tuple[str, ...]] = {
    "email": (
        "email",
        "e-mail",
        "email address",
        "e-mail address",
        "email_address",
        "mail",
        "address",
    ),
    "name": ("name", "full name", "full_name"),
    "first_name": ("first name", "first_name", "firstname", "fname", "given name"),
    "last_name": ("last name", "last_name", "lastname", "lname", "family name", "surname"),
    "status": ("status", "state"),
    "tags": ("tags", "labels"),
    "language": ("language", "lang", "locale"),
    "timezone": ("timezone", "time zone", "time_zone"),
    "created_at": ("created_at", "created at", "created", "subscribed_at", "subscription date"),
    "confirmed_at": ("confirmed_at", "confirmed at", "confirm_time", "optin_time"),
    "ended_at": ("ended_at", "unsubscribed_at", "unsubscribed at", "unsubscription_date"),
    "ip": ("ip", "ip address", "ip_address"),
}
_STATUS = base.standings(
    active="active, subscribed, enabled, confirmed",
    pending="pending, unconfirmed, not confirmed",
    ended="ended, unsubscribed, inactive, disabled, left",
    bounced="bounced, cleaned, undeliverable",
    complained="complained, spam",
    admin="suppressed, blocked, blocklisted, blacklisted",
)


def read(row: base.Row) -> Incoming:
    """Return the row; the columns have the names of the fields, see `mapping`."""
    get = row.get
    word, left = get("status", ""), get("ended_at", "")
    ended = base.moment(left) if left else None
    state, suppressed = (
        base.standing(word, _STATUS) if word else base.ENDED if ended else (None, None)
    )
    name = get("name") or f"{get('first_name', '')} {get('last_name', '')}"
    tags, created, confirmed = get("tags", ""), get("created_at", ""), get("confirmed_at", "")
    return Incoming(
        row["email"],
        base.full_name(name),
        state,
        suppressed,
        base.moment(created) if created else None,
        base.moment(confirmed) if confirmed else None,
        ended,
        base.split_words(tags, ";" if ";" in tags else ",") if tags else (),
        get("language", ""),
        get("timezone", ""),
        get("ip", ""),
    )


def mapping(columns: list[str], given: dict[str, str]) -> dict[str, str]:
    """Return which field each column, in lower case, holds: as given, else by its name."""
    wanted = {column.lower(): field for field, column in given.items()}
    for field, names in NAMES.items():
        found = next((name for name in names if name in columns and name not in wanted), None)
        if found and field not in given:
            wanted[found] = field
    return wanted


GENERIC = base.Format("CSV", tuple(frozenset({name}) for name in NAMES["email"]), read)
