"""The subject and the stand-first, made from the stories."""

from collections.abc import Sequence

from digest.model import PlacedStory
from digest.text import ELLIPSIS, truncate

SUBJECT_LIMIT = 60  #: characters an inbox shows of a subject
STAND_FIRST_LIMIT = 110


def subject(title: str, top: Sequence[PlacedStory]) -> str:
    """Return the lead's headline, cut at a word; the newsletter's title without stories."""
    return truncate(top[0].lead.title, SUBJECT_LIMIT) if top else title


def stand_first(top: Sequence[PlacedStory]) -> str:
    """Return one line that names the next stories; it becomes the inbox preview."""
    titles = [placed.lead.title.rstrip(".") for placed in top[1:]]
    line = "Also this week: "
    for count in range(len(titles), 0, -1):
        whole = line + "; ".join(titles[:count]) + "."
        if len(whole) <= STAND_FIRST_LIMIT:
            return whole
    if not titles:
        return ""
    cut = truncate(line + titles[0], STAND_FIRST_LIMIT)
    return cut if cut.endswith(ELLIPSIS) else cut + "."
