"""Coverage says who else tells it, so that whoever doubts it can look."""

from datetime import timedelta

import pytest

from digest.model import Story
from digest.rank.signals.base import Context
from digest.rank.signals.coverage import COVERAGE
from tests.make import NOW, an_article


@pytest.mark.parametrize(
    ("outlets", "fact"),
    [
        ("B", "told by 2 outlets: A, B"),
        ("BB", "told by 2 outlets: A, B"),
        ("DCBE", "told by 5 outlets: A, B, C, D and 1 more"),
    ],
)
def test_the_outlets_that_tell_it_are_named(outlets: str, fact: str) -> None:
    others = tuple(an_article(f"Told again {n}", outlet=name) for n, name in enumerate(outlets))
    story = Story(an_article(outlet="A"), others)
    context = Context(NOW - timedelta(days=7), NOW, {}, 9, lambda _: NOW)
    assert COVERAGE.measure(story, context).fact == fact
