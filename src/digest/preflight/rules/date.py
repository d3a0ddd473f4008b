"""HDR-04: the mail says when it was sent."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said


def _check(case: Case) -> Said:
    for given in case.mail.get_all("Date", []):
        moment = given.datetime
        if moment is None or moment.tzinfo is None:
            yield f"{str(given)[:60]!r} is no moment with a time zone", "Date"


RULE = Rule(
    "HDR-04",
    BLOCKER,
    "The Date is a moment with a time zone.",
    "RFC 5322 3.6.1; SpamAssassin INVALID_DATE",
    _check,
)
