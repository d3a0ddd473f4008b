"""Every preflight rule: one file and one line each."""

from digest.preflight.rules import (
    characters,
    headings,
    images,
    language,
    links,
    sender,
    size,
    sponsors,
    stories,
    subject,
    tables,
    text_part,
    tokens,
    unsubscribe,
    vocabulary,
)
from digest.preflight.rules.base import Rule

RULES: tuple[Rule, ...] = (
    subject.RULE,
    text_part.RULE,
    size.RULE,
    tokens.RULE,
    characters.RULE,
    unsubscribe.RULE,
    sender.RULE,
    links.RULE,
    sponsors.RULE,
    vocabulary.RULE,
    stories.RULE,
    language.RULE,
    tables.RULE,
    images.RULE,
    headings.RULE,
)
