"""The subject and the stand-first: short, never shouting, in the outlet's language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.compose.words import STAND_FIRST_LIMIT, SUBJECT_LIMIT, stand_first, subject
from tests.make import a_placed


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("Harbour reopens", "Harbour reopens"),
        ("HARBOUR REOPENS AFTER 3 DAYS", "Harbour reopens after 3 days"),
        ("NASA", "NASA"),
        ("NASA lands on Europa", "NASA lands on Europa"),
        ("Re: your harbour", "your harbour"),
        ("Fwd: RE: AW: Harbour", "Harbour"),
        ("Reply: why harbours", "Reply: why harbours"),
        ("Re:", "The Week"),
        ("سفن تعود", "سفن تعود"),
        ("日本語の見出し", "日本語の見出し"),
    ],
)
def test_a_subject_neither_shouts_nor_pretends_to_answer(title: str, line: str) -> None:
    assert subject("The Week", [a_placed(1, title)]) == line


@given(st.text())
def test_a_subject_is_never_empty_or_long(title: str) -> None:
    assert len(subject("The Week", [a_placed(1, title, url="https://a.example/1")])) > 0
    assert (
        len(subject("The Week", [a_placed(1, title, url="https://a.example/1")])) <= SUBJECT_LIMIT
    )


def test_the_stand_first_is_said_in_the_outlets_language() -> None:
    def say(phrase: str, **values: str) -> str:
        return {"Also this week: %(stories)s.": "Außerdem: %(stories)s."}[phrase] % values

    top = [a_placed(n, f"Geschichte {n}") for n in range(1, 4)]
    assert stand_first(top, say) == "Außerdem: Geschichte 2; Geschichte 3."
    long = [a_placed(n, "Wort " * 60) for n in range(1, 3)]
    assert len(stand_first(long, say)) <= STAND_FIRST_LIMIT
