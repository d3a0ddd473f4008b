"""Programs' keys: who calls, and what for."""

import secrets

from digest.app import App
from digest.model import ApiKey
from digest.store import access

#: What a key can be for.
SCOPES = (
    "articles:read",
    "articles:write",
    "editions:read",
    "editions:write",
    "placements:read",
    "placements:write",
    "subscribers:read",
    "subscribers:write",
    "metrics:read",
)


def new_secret() -> str:
    """Return a new key; 256 random bits behind a word that scanners of leaks can find."""
    return f"digest_{secrets.token_urlsafe(32)}"


def key_behind(app: App, authorization: str) -> ApiKey | None:
    """Return the key in force that an Authorization header brings."""
    kind, _, secret = authorization.partition(" ")
    if kind.lower() != "bearer" or not secret:
        return None
    with app.database.reading() as tx:
        return access.key_of(tx, secret.strip())


def caller(app: App, authorization: str, scope: str) -> ApiKey | None:
    """Return the key if it is one for this scope."""
    found = key_behind(app, authorization)
    return found if found and scope in found.scopes else None
