"""Pages that a mail leads to: unsubscribe, undo, confirm. Nothing changes on a GET."""

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import BaseRoute

from digest import membership
from digest.audience.tokens import CONFIRM, UNSUBSCRIBE
from digest.errors import DigestError, WrongState
from digest.model import SubscriptionState
from digest.web.base import Visit, Web, routes_of


def routes(web: Web) -> Sequence[BaseRoute]:
    """Return the routes."""
    return routes_of(
        web,
        (
            ("GET", "/u/{token}", ask_unsubscribe),
            ("POST", "/u/{token}", unsubscribe),
            ("POST", "/u/{token}/undo", undo),
            ("GET", "/c/{token}", ask_confirm),
            ("POST", "/c/{token}", confirm),
            ("GET", "/unsubscribe", how_to_leave),
        ),
    )


def ask_unsubscribe(visit: Visit) -> Response:
    """Show one button; scanners that follow links change nothing."""
    subscription = membership.subscription_for(visit.app, UNSUBSCRIBE, visit.path["token"])
    title = membership.title_of(visit.app, subscription)
    if subscription.state is SubscriptionState.ENDED:
        again = membership.may_undo(visit.app, subscription)
        return _gone(visit, title, again=again)
    return visit.web.page("unsubscribe.html", newsletter=title)


def unsubscribe(visit: Visit) -> Response:
    """End the subscription at once: our button and RFC 8058 one-click alike."""
    subscription = visit.web.leave((visit.path["token"], visit.ip))
    if isinstance(subscription, DigestError):
        raise subscription
    return _gone(visit, membership.title_of(visit.app, subscription), again=True)


def _gone(visit: Visit, title: str, *, again: bool) -> Response:
    undo_url = f"/u/{visit.path['token']}/undo" if again else ""
    return visit.web.page("unsubscribed.html", newsletter=title, undo_url=undo_url)


def undo(visit: Visit) -> Response:
    """Take the unsubscribe back."""
    subscription = membership.undo_unsubscribe(visit.app, visit.path["token"], visit.ip)
    return _welcome(visit, membership.title_of(visit.app, subscription))


def ask_confirm(visit: Visit) -> Response:
    """Show one button."""
    subscription = membership.subscription_for(visit.app, CONFIRM, visit.path["token"])
    title = membership.title_of(visit.app, subscription)
    return visit.web.page("confirm.html", newsletter=title)


def confirm(visit: Visit) -> Response:
    """Make the subscription active; doing it twice is fine."""
    try:
        subscription = membership.confirm(visit.app, visit.path["token"], visit.ip)
    except WrongState:
        say = visit.web.speech().say
        text = say("This subscription has ended. Subscribe again to get the newsletter.")
        return visit.web.message(409, say("Sorry"), text)
    return _welcome(visit, membership.title_of(visit.app, subscription))


def _welcome(visit: Visit, title: str) -> Response:
    say = visit.web.speech().say
    text = say("%(title)s comes to you from its next edition on.", title=title)
    return visit.web.message(200, say("You are subscribed"), text)


def how_to_leave(visit: Visit) -> Response:
    """Say how to leave: this page knows nobody."""
    say = visit.web.speech().say
    text = say("Every mail has its own link at the end. Open it from the mail you got.")
    return visit.web.message(200, say("Unsubscribe"), text)
