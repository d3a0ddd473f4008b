"""The mails speak twelve languages, and an outlet may change or add one."""

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from jinja2.ext import babel_extract

import digest
from digest.errors import RenderError
from digest.language import direction, isolate, speech, turned
from digest.render import default_theme

SHIPPED = (default_theme(),)
LANGUAGES = sorted(path.stem for path in (default_theme() / "languages").iterdir())
STORIES = ("%(count)s story", "%(count)s stories")


def _said() -> Iterator[str | tuple[str, ...]]:
    """Yield every phrase that a template or the program says."""
    for path in default_theme().rglob("*.*"):
        if path.suffix in {".mjml", ".txt"}:
            options = {"trim_blocks": "true", "lstrip_blocks": "true"}
            with path.open("rb") as file:
                yield from (str(found[2]) for found in babel_extract(file, ("_",), (), options))
    for path in (Path(digest.__file__).parent / "web" / "pages").glob("*.*"):
        with path.open("rb") as file:
            for found in babel_extract(file, ("_",), (), {}):
                said = found[2]
                yield str(said[0]) if isinstance(said, tuple) else str(said)
    for path in Path(digest.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield from _in_call(node)


def _in_call(node: ast.Call) -> Iterator[str | tuple[str, ...]]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    words = tuple(w.value for w in node.args if isinstance(w, ast.Constant))
    if name == "say" and words:
        yield str(words[0])
    if name == "count" and [type(w) for w in words] == [str, str]:
        yield tuple(map(str, words))


def _phrases(language: str) -> dict[Any, Any]:
    with (default_theme() / "languages" / f"{language}.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file) if message.id}


def _own(folder: Path, language: str, text: str) -> tuple[Path, ...]:
    (folder / "languages").mkdir(exist_ok=True)
    (folder / "languages" / f"{language}.po").write_text(text, "utf-8")
    return (folder, default_theme())


def test_there_are_the_languages_we_promise() -> None:
    assert "ar de en es fa fr he it nl pt uk ur".split() == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_phrase_that_is_said_and_no_other(language: str) -> None:
    said = set(_said())
    phrases = _phrases(language)
    assert len(said) > 20
    assert said == {tuple(i) if isinstance(i, list | tuple) else i for i in phrases}
    for words in phrases.values():
        assert all(words) if isinstance(words, tuple) else words


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_keeps_the_places_of_every_phrase(language: str) -> None:
    with (default_theme() / "languages" / f"{language}.po").open("rb") as file:
        assert [errors for _message, errors in read_po(file, locale=language).check()] == []


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", {1: "1 story", 2: "2 stories", 1234: "1,234 stories"}),
        ("de", {1: "1 Geschichte", 1234: "1.234 Geschichten"}),
        ("fr", {0: "0 article", 1: "1 article", 2: "2 articles"}),
        ("es", {1: "1 noticia", 12: "12 noticias"}),
        ("uk", {1: "1 новина", 3: "3 новини", 5: "5 новин", 11: "11 новин", 21: "21 новина"}),
        ("ar", {1: "خبر واحد", 2: "خبران", 3: "3 أخبار", 15: "15 خبرًا", 100: "100 خبر"}),
        ("he", {1: "כתבה אחת", 2: "שתי כתבות", 7: "7 כתבות"}),
    ],
)
def test_numbers_have_the_forms_of_the_language(language: str, forms: dict[int, str]) -> None:
    spoken = speech(SHIPPED, language)
    assert {number: spoken.count(*STORIES, number) for number in forms} == forms


def test_dates_and_minutes_follow_the_language() -> None:
    on = date(2026, 11, 23)
    assert speech(SHIPPED, "en").day(on) == "Monday, November 23, 2026"
    assert speech(SHIPPED, "en-GB").day(on) == "Monday, 23 November 2026"
    assert speech(SHIPPED, "uk").day(on) == "понеділок, 23 листопада 2026\u202fр."
    assert speech(SHIPPED, "de").reading(660) == "3 Min. Lesezeit"
    assert speech(SHIPPED, "de").reading(0) == ""


def test_an_unknown_language_speaks_english() -> None:
    spoken = speech(SHIPPED, "xx-YY")
    assert spoken.say("Unsubscribe") == "Unsubscribe"
    assert spoken.language == "xx-YY"


def test_an_outlet_may_change_one_phrase(tmp_path: Path) -> None:
    folders = _own(tmp_path, "de", 'msgid "Read the story"\nmsgstr "Zum Artikel"\n')
    spoken = speech(folders, "de-AT")
    assert spoken.say("Read the story") == "Zum Artikel"
    assert spoken.say("Unsubscribe") == "Abmelden"
    assert spoken.count(*STORIES, 2) == "2 Geschichten"


def test_an_outlet_may_add_a_language_and_leave_phrases_in_english(tmp_path: Path) -> None:
    spoken = speech(_own(tmp_path, "sv", 'msgid "Unsubscribe"\nmsgstr "Avsluta"\n'), "sv")
    assert spoken.say("Unsubscribe") == "Avsluta"
    assert spoken.say("Read the story") == "Read the story"


def test_a_changed_catalogue_is_read_again(tmp_path: Path) -> None:
    for words in ("Eins", "Zwei, drei"):
        folders = _own(tmp_path, "de", f'msgid "Unsubscribe"\nmsgstr "{words}"\n')
        assert speech(folders, "de").say("Unsubscribe") == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('\nmsgid "By %(author)s"\nmsgstr "Von %(autor)s"\n', r"de\.po:2: .*autor"),
        ('msgid "Unsubscribe"\nnonsense\n', r"de\.po:2"),
    ],
)
def test_a_broken_catalogue_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RenderError, match=said):
        speech(_own(tmp_path, "de", text), "de")


def test_direction_follows_the_first_subtag() -> None:
    found = [direction(tag) for tag in ("ar-EG", "he", "FA", "en", "de-AT")]
    assert found == ["rtl", "rtl", "rtl", "ltr", "ltr"]


@pytest.mark.parametrize(
    ("text", "around", "needs"),
    [
        ("Harbour", "ltr", ""),
        ("Größe, 25 %", "ltr", ""),
        ("ميناء", "ltr", "rtl"),
        ("Nvidia تضاعف إنتاج الرقائق", "rtl", "rtl"),
        ("Nvidia تضاعف", "ltr", "ltr"),
        ("ميناء 25", "rtl", ""),
        ("1 Main Street", "rtl", "ltr"),
        ("25", "rtl", ""),
    ],
)
def test_a_text_is_set_apart_when_it_holds_the_other_direction(
    text: str, around: str, needs: str
) -> None:
    assert turned(text, around) == needs


@given(st.text(), st.sampled_from(["ltr", "rtl"]))
def test_isolating_adds_nothing_but_the_two_marks(text: str, around: str) -> None:
    assert isolate(text, around) in (text, f"\u2068{text}\u2069")
