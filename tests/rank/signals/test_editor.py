"""The editor's points are the featured flag, boosts and section weights, added up."""

from datetime import timedelta

import pytest

from digest.model import Story
from digest.rank.signals.base import Context
from digest.rank.signals.editor import EDITOR
from tests.make import NOW, an_article


def points(story: Story, **weights: float) -> tuple[float, str]:
    context = Context(NOW - timedelta(days=7), NOW, {}, 1, lambda _: NOW, section_weights=weights)
    found = EDITOR.measure(story, context)
    return found.value * EDITOR.weight, found.fact


@pytest.mark.parametrize(
    ("story", "weights", "expected", "fact"),
    [
        (Story(an_article()), {}, 0.0, ""),
        (Story(an_article(featured=True)), {}, 3.0, "featured on the site"),
        (Story(an_article(boost=-2.5)), {}, -2.5, "boost -2.5"),
        (Story(an_article(boost=2), (an_article("B", boost=1),)), {}, 3.0, "boost +3"),
        (Story(an_article()), {"world": -1.0}, -1.0, "section World -1"),
        (
            Story(an_article(boost=2, featured=True)),
            {"World": 0.5},
            5.5,
            "featured on the site, boost +2, section World +0.5",
        ),
        (Story(an_article(categories=())), {"World": 1.0}, 0.0, ""),
    ],
)
def test_points_add_up(story: Story, weights: dict[str, float], expected: float, fact: str) -> None:
    found, said = points(story, **weights)
    assert found == pytest.approx(expected)
    assert said == fact
