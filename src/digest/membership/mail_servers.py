"""Which domains of a file take no mail: asked once each, many side by side."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed

from digest.app import App

_AT_ONCE = 64
Beat = Callable[[int, int], None]  #: how many are done, of how many


def silent(done: int, total: int) -> None:
    """Tell nobody how far it is."""
    del done, total


def without_mail(app: App, domains: Iterable[str], beat: Beat = silent) -> frozenset[str]:
    """Return the domains of which the DNS says that they take no mail; no answer proves nothing."""
    found: set[str] = set()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = {pool.submit(_takes_none, app, domain): domain for domain in domains}
        for number, answer in enumerate(as_completed(asked), 1):
            beat(number, len(asked))
            if answer.result():
                found.add(asked[answer])
    return frozenset(found)


def _takes_none(app: App, domain: str) -> bool:
    """Say whether there is neither MX nor address, or the MX that says so (RFC 7505)."""
    servers = app.lookup(domain, "MX")
    if servers:
        return all(server.split()[-1:] == ["."] for server in servers)
    return servers == () and app.lookup(domain, "A") == () == app.lookup(domain, "AAAA")
