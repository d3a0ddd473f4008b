"""CNT-03: links lead where a reader may safely go."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from digest.preflight.rules.base import BLOCKER, WARNING, Case, Rule, Said
from digest.text import host_of


def _check(case: Case) -> Said:
    shown = [anchor.href for anchor in case.page.anchors]
    shown += [tag.attributes.get("src", "") for tag in case.page.named("img")]
    stories = [story.lead.url for story in case.edition.stories]
    sponsors = [sponsor.url for sponsor in case.edition.placements]
    for url in dict.fromkeys((*shown, *stories, *sponsors)):
        if problem := _problem(url):
            yield problem, url
        elif _is_loopback(host_of(url)):
            message = "only this machine can open it; set web.base_url"
            yield message, url, BLOCKER if case.public else WARNING
        elif url.lower().startswith("http:"):
            yield "http, not https", url, WARNING


def _problem(url: str) -> str:
    """Return what is wrong with a link in any case."""
    scheme, host = url.partition(":")[0].lower() if ":" in url else "", host_of(url)
    if not url.strip():
        return "an empty link"
    if scheme == "mailto":
        return "" if "@" in url else "a mailto link without an address"
    if scheme not in {"http", "https"}:
        return "not a web address; only https, http and mailto may be linked"
    if not host:
        return "not a web address a reader can open"
    if "@" in urlsplit(url).netloc:
        return "a name or password inside a link"
    if _ip(host) and not _is_loopback(host):
        return "a bare IP address; filters take that for spam"
    return ""


def _is_loopback(host: str) -> bool:
    found = _ip(host)
    return host == "localhost" or (found is not None and found.is_loopback)


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


RULE = Rule(
    "CNT-03",
    BLOCKER,
    "Only https, http and mailto links; no IP hosts, passwords or empty links.",
    "SpamAssassin NORMAL_HTTP_TO_IP",
    _check,
)
