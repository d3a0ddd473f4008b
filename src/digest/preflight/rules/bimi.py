"""AUTH-08: the sender's logo is shown, where one is published."""

from digest.preflight.dns import tags_of
from digest.preflight.rules.base import INFO, Case, Rule, Said
from digest.preflight.rules.dmarc import dmarc_of


def _check(case: Case) -> Said:
    lookup, name = case.outside.lookup, f"default._bimi.{case.domain}"
    found = lookup(name, "TXT") if lookup and case.domain else ()
    tags = next((tags for text in found or () if (tags := tags_of(text)).get("v") == "BIMI1"), {})
    if not lookup or not tags.get("l"):
        return
    records = dmarc_of(lookup, case.domain)[1]
    if records and records[0].get("p") not in ("quarantine", "reject"):
        yield "no client shows the logo until DMARC says quarantine or reject", name
    if not tags["l"].lower().startswith("https://") or not tags["l"].lower().endswith(".svg"):
        yield "the logo must be an SVG at an https address", name
    if not tags.get("a"):
        yield "Gmail shows the logo only with a certificate (a=)", name


RULE = Rule(
    "AUTH-08",
    INFO,
    "A published BIMI logo can be shown.",
    "BIMI group; Google",
    _check,
)
