"""A story's way from feed to inbox, one function per step.

Each step reads values in one short transaction, calls pure functions, writes in another. No
transaction is open during network work.
"""

from digest.pipeline.approval import approval_words, found_lines, shown_html, to_approve
from digest.pipeline.archive import (
    published_edition,
    published_editions,
    published_html,
    published_on,
)
from digest.pipeline.audience import aimed, readers
from digest.pipeline.calendar import upcoming
from digest.pipeline.counts import Counted, import_counts
from digest.pipeline.doubts import drop_doubts, name_doubts, resend_doubts
from digest.pipeline.edit import (
    Proof,
    approve_edition,
    compose_next,
    draft_edition,
    find_edition,
    move_edition,
    proof,
)
from digest.pipeline.facts import known, notices_of
from digest.pipeline.gather import (
    Gathered,
    fetch_feeds,
    import_document,
    import_files,
    refresh,
)
from digest.pipeline.hand import (
    decide_article,
    edit_story,
    edit_words,
    move_story,
    pin_article,
    place_article,
    undo_place,
)
from digest.pipeline.health import health
from digest.pipeline.images import image_file, local_copies, with_pictures
from digest.pipeline.join import Added, add_feed
from digest.pipeline.past import backtest, refit_ranking
from digest.pipeline.preview import variant_for, write_preview
from digest.pipeline.published import check_articles, drop_unpublished
from digest.pipeline.send import Drained, drain_outbox, growth, queue_edition, test_send
from digest.pipeline.sponsors import add_placement
from digest.pipeline.stop import (
    cancel_edition,
    hold_edition,
    pause_edition,
    record_slot,
    resume_edition,
    skip_slot,
    undo_skip,
)
from digest.pipeline.variants import Wishes, plain_look, wanted

__all__ = [
    "Added",
    "Counted",
    "Drained",
    "Gathered",
    "Proof",
    "Wishes",
    "add_feed",
    "add_placement",
    "aimed",
    "approval_words",
    "approve_edition",
    "backtest",
    "cancel_edition",
    "check_articles",
    "compose_next",
    "decide_article",
    "draft_edition",
    "drain_outbox",
    "drop_doubts",
    "drop_unpublished",
    "edit_story",
    "edit_words",
    "fetch_feeds",
    "find_edition",
    "found_lines",
    "growth",
    "health",
    "hold_edition",
    "image_file",
    "import_counts",
    "import_document",
    "import_files",
    "known",
    "local_copies",
    "move_edition",
    "move_story",
    "name_doubts",
    "notices_of",
    "pause_edition",
    "pin_article",
    "place_article",
    "plain_look",
    "proof",
    "published_edition",
    "published_editions",
    "published_html",
    "published_on",
    "queue_edition",
    "readers",
    "record_slot",
    "refit_ranking",
    "refresh",
    "resend_doubts",
    "resume_edition",
    "shown_html",
    "skip_slot",
    "test_send",
    "to_approve",
    "undo_place",
    "undo_skip",
    "upcoming",
    "variant_for",
    "wanted",
    "with_pictures",
    "write_preview",
]
