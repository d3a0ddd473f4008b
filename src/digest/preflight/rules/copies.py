"""CNT-12: pictures come from our own server, where that is wanted."""

from digest.preflight.rules.base import INFO, WARNING, Case, Rule, Said


def _check(case: Case) -> Said:
    for url, reason in case.outside.not_copied.items():
        if url.lower().startswith("https:"):
            yield f"shown from its own server: {reason}", url, INFO
        else:
            message = (
                f"left out, because clients show no pictures over http{reason and f': {reason}'}"
            )
            yield message, url


RULE = Rule(
    "CNT-12",
    WARNING,
    "Pictures come over https, and from here where `[images] local` asks for it.",
    "practice",
    _check,
)
