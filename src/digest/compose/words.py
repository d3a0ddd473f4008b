"""The subject and the stand-first, made from the stories."""

import re
from collections.abc import Callable, Sequence

from digest.model import PlacedStory
from digest.text import truncate

#: Says an English phrase in the publication's language, with its values put in.
Say = Callable[..., str]
SUBJECT_LIMIT = 60  #: characters an inbox shows of a subject
STAND_FIRST_LIMIT = 110
_SHOUT = 5  #: characters; a shorter line in capitals is a name such as NASA
_ANSWER = re.compile(r"(?i)^(?:\s*(?:re|fwd?|aw|wg|sv|tr)\s*:)+\s*")


def subject(title: str, top: Sequence[PlacedStory]) -> str:
    """Return the lead's headline, cut at a word; the newsletter's title without stories.

    It never shouts and never looks like an answer: people and filters distrust both.
    """
    line = _ANSWER.sub("", top[0].lead.title).strip() if top else ""
    if line.isupper() and len(line) > _SHOUT:
        line = line.capitalize()
    return truncate(line, SUBJECT_LIMIT) or title


def in_english(phrase: str, **values: str) -> str:
    """Say a phrase as it is written here."""
    return phrase % values


def stand_first(top: Sequence[PlacedStory], say: Say = in_english) -> str:
    """Return one line that names the next stories; it becomes the inbox preview."""
    titles = [placed.lead.title.rstrip(".") for placed in top[1:]]
    for count in range(len(titles), 0, -1):
        whole = say("Also this week: %(stories)s.", stories="; ".join(titles[:count]))
        if len(whole) <= STAND_FIRST_LIMIT:
            return whole
    if not titles:
        return ""
    return truncate(say("Also this week: %(stories)s.", stories=titles[0]), STAND_FIRST_LIMIT)
