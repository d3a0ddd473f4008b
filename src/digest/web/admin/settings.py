"""Settings: what is in force, read-only; secrets stay hidden."""

import re
from typing import Any

from fastapi import Response

from digest.web.admin.ask import OWNER, Ask, Route


def _show(ask: Ask) -> Response:
    settings = ask.app.settings
    found = settings.model_dump(mode="json", by_alias=True)
    found["database"]["url"] = re.sub(r":[^:@/]*@", ":**********@", settings.database.url)
    tables = {name: list(_flat(value)) for name, value in found.items()}
    return ask.page("admin/settings.html", tables=tables, folder=ask.app.folder.absolute())


def _flat(value: Any, key: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict) and value:
        return [pair for k, v in value.items() for pair in _flat(v, f"{key}.{k}" if key else k)]
    return [(key, "" if value is None else str(value))]


ROUTES = (Route("GET", "/settings", OWNER, _show),)
