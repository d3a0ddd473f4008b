"""CNT-03: links lead where a reader may safely go."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule
from digest.text import host_of


def _check(case: Case) -> Iterator[Finding]:
    shown = [anchor.href for anchor in case.page.anchors]
    shown += [tag.attributes.get("src", "") for tag in case.page.named("img")]
    stories = [story.lead.url for story in case.edition.stories]
    sponsors = [sponsor.url for sponsor in case.edition.placements]
    for url in dict.fromkeys((*shown, *stories, *sponsors)):
        if problem := _problem(url, public=case.public):
            severity, message = problem
            yield Finding("CNT-03", severity, message, url[:120])


def _problem(url: str, *, public: bool) -> tuple[Severity, str] | None:
    """Return what is wrong with a link."""
    scheme = url.partition(":")[0].lower() if ":" in url else ""
    if not url.strip():
        return Severity.BLOCKER, "an empty link"
    if scheme == "mailto":
        return None if "@" in url else (Severity.BLOCKER, "a mailto link without an address")
    if scheme not in {"http", "https"}:
        return Severity.BLOCKER, "not a web address; only https, http and mailto may be linked"
    return _host_problem(url, public=public) or _scheme_problem(scheme)


def _host_problem(url: str, *, public: bool) -> tuple[Severity, str] | None:
    host = host_of(url)
    if not host:
        return Severity.BLOCKER, "not a web address a reader can open"
    if "@" in urlsplit(url).netloc:
        return Severity.BLOCKER, "a name or password inside a link"
    if _is_loopback(host):
        severity = Severity.BLOCKER if public else Severity.WARNING
        return severity, "only this machine can open it; set web.base_url"
    if _ip(host):
        return Severity.BLOCKER, "a bare IP address; filters take that for spam"
    return None


def _scheme_problem(scheme: str) -> tuple[Severity, str] | None:
    return (Severity.WARNING, "http, not https") if scheme == "http" else None


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
    Severity.BLOCKER,
    "Only https, http and mailto links; no IP hosts, passwords or empty links.",
    "SpamAssassin NORMAL_HTTP_TO_IP",
    _check,
)
