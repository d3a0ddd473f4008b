"""Log: who did what at the desk, and who may use it."""

from fastapi import Response

from digest.store import admins
from digest.web.admin.ask import OWNER, PAGE, Ask, Route


def _show(ask: Ask) -> Response:
    with ask.app.database.reading() as tx:
        found = admins.actions(tx, PAGE + 1, ask.skip)
        everybody = admins.every(tx)
    more = found[PAGE - 1].id if len(found) > PAGE else 0
    return ask.page("admin/log.html", actions=found[:PAGE], more=more, everybody=everybody)


ROUTES = (Route("GET", "/log", OWNER, _show),)
