"""CNT-12: pictures come from our own server, where that is wanted."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule


def _check(case: Case) -> Iterator[Finding]:
    for url, reason in case.outside.not_copied.items():
        if url.lower().startswith("https:"):
            message = f"shown from its own server: {reason}"
            yield Finding("CNT-12", Severity.INFO, message, url[:120])
        else:
            message = (
                f"left out, because clients show no pictures over http{reason and f': {reason}'}"
            )
            yield Finding("CNT-12", Severity.WARNING, message, url[:120])


RULE = Rule(
    "CNT-12",
    Severity.WARNING,
    "Pictures come over https, and from here where `[images] local` asks for it.",
    "practice",
    _check,
)
