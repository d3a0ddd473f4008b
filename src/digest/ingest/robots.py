"""What a site's robots.txt lets us read (RFC 9309), asked once for each host of a run."""

from http import HTTPStatus
from urllib.parse import urlsplit

from protego import Protego

from digest.errors import IngestError
from digest.ingest.decode import decode
from digest.ingest.http import AGENT, Fetcher

_MOST = 500_000  #: bytes of a robots.txt; RFC 9309 asks for 500 KiB at least
_LONGEST = 10.0  #: seconds of Crawl-delay we heed: more would mean hours for a day's articles
_ALL = "User-agent: *\nAllow: /"


class Robots:
    """The rules of the hosts asked so far; one thread at a time may ask about a host."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._rules: dict[str, Protego | None] = {}

    def require(self, url: str) -> None:
        """Raise IngestError unless we may read `url`; the host's Crawl-delay holds from then on."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._rules:
            self._rules[site] = self._ask(site)
        rules = self._rules[site]
        if rules is None:
            raise IngestError(f"{url}: its robots.txt does not answer, so nothing is read there")
        if not rules.can_fetch(url, AGENT):
            raise IngestError(f"{url}: its robots.txt forbids reading it")
        self._fetcher.slow_down(url, min(rules.crawl_delay(AGENT) or 0.0, _LONGEST))

    def _ask(self, site: str) -> Protego | None:
        """Return a site's rules: all is allowed where there are none, nothing in trouble."""
        try:
            answer = self._fetcher.answer(f"{site}/robots.txt")
        except IngestError:
            return None
        status = answer.status
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        known = status == HTTPStatus.OK
        return Protego.parse(decode(answer.content[:_MOST]) if known else _ALL)
