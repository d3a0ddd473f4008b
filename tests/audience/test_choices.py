"""Few variants serve many choices, and everyone gets one that is near."""

from hypothesis import given
from hypothesis import strategies as st

from digest.audience.choices import PLAIN, in_words, narrowed, nearest, offers
from digest.model import Choice

SECTIONS = ("Art", "Sport", "World")
choices = st.builds(
    Choice,
    st.sets(st.sampled_from(SECTIONS)).map(lambda some: tuple(sorted(some))),
    st.sampled_from(["", "compact", "headlines"]),
    st.sampled_from(["", "de", "fr"]),
)


def test_only_what_makes_a_difference_to_an_edition_is_left_of_a_choice() -> None:
    choice = Choice(("Zoo", "Sport"), "full", "de-AT")
    assert narrowed(choice, SECTIONS, "full", lambda tag: tag[:2]) == Choice(("Sport",), "", "de")
    assert narrowed(choice, ["World"], "compact", lambda _: "") == Choice((), "full", "")


@given(st.dictionaries(choices, st.integers(1, 9), max_size=30), st.integers(1, 6))
def test_there_are_no_more_variants_than_allowed_and_everyone_is_counted_once(
    wanted: dict[Choice, int], most: int
) -> None:
    made = offers(wanted, most)
    assert len(made) <= most
    assert made[0].choice == PLAIN
    assert sum(offer.readers + offer.nearest for offer in made) == sum(wanted.values())
    left = min((offer.readers for offer in made[1:]), default=0)
    offered = {offer.choice for offer in made}
    assert all(wanted[c] <= left for c in wanted if c not in offered and left)


@given(choices, st.lists(choices, min_size=1, max_size=8))
def test_who_finds_their_own_choice_gets_it(choice: Choice, made: list[Choice]) -> None:
    found = [*made, choice][nearest(choice, [*made, choice])]
    assert found == choice


def test_the_nearest_speaks_the_language_and_misses_nothing_before_it_hides_something() -> None:
    made = [PLAIN, Choice(("Sport", "World")), Choice((), "", "de"), Choice((), "compact")]
    assert nearest(Choice(("Art",), "headlines", "de"), made) == 2
    assert nearest(Choice(("Sport",)), made) == 0
    assert nearest(Choice((), "compact", "fr"), made) == 3


def test_a_choice_is_said_in_words() -> None:
    assert in_words(PLAIN) == "plain"
    assert (
        in_words(Choice(("Art", "Sport"), "compact", "de")) == "without Art, Sport, compact, in de"
    )
