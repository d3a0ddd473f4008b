"""A rendered page is read once, as a reader would see it."""

from digest.preflight.page import read


def test_links_carry_the_words_a_reader_sees() -> None:
    page = read('<a href="/x?a=1&amp;b=2">Read <b>on</b><img alt="a cat"></a><a href="/y"></a>')
    assert [(a.href, a.words) for a in page.anchors] == [
        ("/x?a=1&b=2", "Read on a cat"),
        ("/y", ""),
    ]


def test_style_comments_and_titles_are_no_words() -> None:
    page = read("<title>T</title><style>a{b:c}</style><!-- no --><p>Yes</p> <p>and&nbsp;no</p>")
    assert page.words == "Yes and no"
    assert page.style == "a{b:c}"


def test_what_is_hidden_is_not_seen() -> None:
    page = read('<div style="display: none">no <a href="/x">x</a></div><p>yes</p>')
    assert page.words == "yes"
    assert page.anchors[0].hidden


def test_broken_markup_is_read_as_far_as_it_goes() -> None:
    assert read("<p>one</div><b>two</p><p>three").words == "one two three"
