"""What other machines say about an edition: is every page and picture there, what says the DNS?"""

from dataclasses import dataclass, replace
from http import HTTPStatus

from digest.app import App
from digest.ingest.answers import Want
from digest.ingest.limits import Limits
from digest.ingest.many import ask
from digest.model import Rendered
from digest.preflight import Outside
from digest.preflight.page import read
from digest.text import TOKEN

_MOST = 100  #: addresses of one edition
_SECONDS = 20.0  #: for all of them together
_LIMITS = Limits(connect=5, first_byte=8, whole=10, pause=0.1)
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


@dataclass(frozen=True, slots=True)
class _Linked:
    """An address a mail leads to."""

    url: str


def look_outside(app: App, rendered: Rendered) -> Outside:
    """Ask for every linked page and picture, side by side, within seconds.

    A server in trouble, or one that keeps robots out, is no finding against the edition.
    """
    fetching = app if app.limits else replace(app, limits=_LIMITS)
    reached = {}
    with fetching.open_fetcher() as fetcher:

        def answer(linked: _Linked) -> int:
            return fetcher.answer(linked.url, Want.HEAD).status

        asked = [_Linked(url) for url in _linked(rendered, app.settings.web.base_url)]
        for linked, status in ask(answer, asked, within=_SECONDS):
            reached[linked.url] = _judged(status)
    dkim = app.settings.mail.dkim
    return Outside(app.lookup, dkim.selector, dkim.domain, reached)


def _judged(status: object) -> str:
    if status in _GONE:
        return "gone"
    return "" if isinstance(status, int) and status < HTTPStatus.BAD_REQUEST else "?"


def _linked(rendered: Rendered, base_url: str) -> list[str]:
    """Return what is linked, pictures too, but for our own pages: they may not be public yet."""
    page = read(rendered.html)
    urls = [anchor.href for anchor in page.anchors]
    urls += [tag.attributes.get("src", "") for tag in page.named("img")]
    found = (url for url in dict.fromkeys(urls) if url.startswith(("http://", "https://")))
    return [u for u in found if TOKEN not in u and not u.startswith(f"{base_url}/")][:_MOST]
