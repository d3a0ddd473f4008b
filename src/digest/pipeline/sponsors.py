"""Sponsors' texts come in."""

from collections.abc import Mapping
from typing import Any

from digest.app import App
from digest.errors import WrongState
from digest.store import placements
from digest.text import clean, link_url

_LIMITS = {"sponsor": 60, "title": 100, "text": 300, "button": 30}  #: characters


def add_placement(app: App, values: Mapping[str, Any]) -> int:
    """Store a placement and return its id; WrongState says which field is wrong."""
    cleaned = {name: clean(values.get(name, "")) for name in _LIMITS}
    for name, limit in _LIMITS.items():
        if len(cleaned[name]) > limit:
            raise WrongState(f"{name} has {len(cleaned[name])} characters, at most {limit} fit")
        if not cleaned[name] and name != "button":
            raise WrongState(f"{name} is empty")
    url = link_url(values["url"])
    if not url.startswith("https://"):
        raise WrongState(f"{values['url']} is not an https address")
    if values.get("newsletter"):
        app.newsletter(values["newsletter"])
    starts, ends = values.get("starts_on"), values.get("ends_on")
    if starts and ends and ends < starts:
        raise WrongState(f"it would end on {ends}, before it starts on {starts}")
    with app.database.transaction() as tx:
        return placements.add(tx, {**values, **cleaned, "url": values["url"].strip()})
