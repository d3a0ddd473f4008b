"""CNT-04: what a link shows is where it leads."""

import re

from digest.preflight.rules.base import WARNING, Case, Rule, Said
from digest.text import host_of

_ADDRESS = re.compile(r"(?i)(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:/\S*)?")


def _check(case: Case) -> Said:
    for anchor in case.page.anchors:
        shown = _ADDRESS.fullmatch(anchor.words)
        told = host_of(f"https://{shown[1]}/") if shown else ""
        host = host_of(anchor.href)
        if told and host and told != host and not host.endswith(f".{told}"):
            message = f"the link shows {told} and leads to {host}; filters take that for phishing"
            yield message, anchor.href


RULE = Rule(
    "CNT-04",
    WARNING,
    "A link that shows an address leads to it.",
    "Google sender guidelines",
    _check,
)
