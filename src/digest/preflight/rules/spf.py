"""AUTH-02: the DNS says who may send for the domain."""

from digest.preflight.rules.base import BLOCKER, INFO, Case, Lookup, Rule, Said

_MOST = 10
_COSTLY = ("include:", "a", "mx", "ptr", "exists:", "redirect=")


def _check(case: Case) -> Said:
    if case.outside.lookup is None or not case.domain:
        return
    found = case.outside.lookup(case.domain, "TXT")
    if found is None:
        yield "not checked: no answer", case.domain, INFO
        return
    records = [text for text in found if _is_spf(text)]
    if len(records) != 1:
        yield f"{len(records)} SPF records; publish one that names your relay", case.domain
        return
    if records[0].lower().split()[-1] in ("+all", "all"):
        yield "+all lets anyone send as you; end it ~all", case.domain
    if (count := _lookups(case.outside.lookup, records[0], {case.domain})) > _MOST:
        message = f"more than {_MOST} lookups ({count}); receivers then ignore it: name fewer"
        yield message, case.domain


def _is_spf(text: str) -> bool:
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def _lookups(lookup: Lookup, record: str, seen: set[str]) -> int:
    """Count the lookups a record costs, those of what it includes too; stop beyond the limit."""
    count = 0
    for term in record.lower().split()[1:]:
        word = term.lstrip("+-~?")
        plain = word.partition("/")[0].partition(":")[0]
        if not word.startswith(_COSTLY[:1] + _COSTLY[4:]) and plain not in _COSTLY[1:4]:
            continue
        count += 1
        inner = word.removeprefix("include:").removeprefix("redirect=")
        if inner != word and inner not in seen and count + len(seen) <= 2 * _MOST:
            seen.add(inner)
            found = [text for text in lookup(inner, "TXT") or () if _is_spf(text)]
            count += sum(_lookups(lookup, text, seen) for text in found)
    return count


RULE = Rule(
    "AUTH-02",
    BLOCKER,
    "One SPF record, at most ten lookups, not open to everyone.",
    "Google, Yahoo and Microsoft; RFC 7208",
    _check,
)
