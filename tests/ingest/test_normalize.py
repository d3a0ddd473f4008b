"""Cleaning one item: every field, and what makes it no article."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from digest.errors import IngestError
from digest.ingest.normalize import normalize
from digest.model import Article, Image, Item
from tests.make import NOW

P = "<p>Ships are moving again and the first ferries left on time this morning.</p>"


def clean(item: Item | None = None, **given: Any) -> Article:
    about: dict[str, Any] = {
        "document_url": "https://news.example/feed.xml",
        "feed_title": "Atlas Weekly",
        "section": "",
        "language": "",
        "now": NOW,
        "site_url": "",
    }
    about |= {name: given.pop(name) for name in list(given) if name in about}
    values: dict[str, Any] = {"title": "Harbour reopens", "url": "https://news.example/a/"}
    return normalize(item or Item(**(values | given)), **about)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Harbour reopens", "Harbour reopens"),
        ("  Harbour\n reopens ", "Harbour reopens"),
        ("Harbour reopens | Atlas Weekly", "Harbour reopens"),
        ("Harbour reopens - atlas weekly", "Harbour reopens"),
        ("Harbour reopens – Atlas Weekly", "Harbour reopens"),
        ("Harbour reopens - Live", "Harbour reopens - Live"),
        ("Anglo-Atlas Weekly", "Anglo-Atlas Weekly"),
        ("Atlas Weekly", "Atlas Weekly"),
        ("Tom &amp; Jerry &#8217;s", "Tom & Jerry ’s"),
        ("A &amp;amp; B", "A &amp; B"),
        ("<b>Bold</b> and <em>old</em>", "Bold and old"),
        ("One<br/>Two", "One Two"),
        ("a < b and c > d", "a < b and c > d"),
        ("Use of <canvas> in pages", "Use of <canvas> in pages"),
        ("<script>alert(1)</script>Safe", "Safe"),
        ("Right\u202eleft", "Right left"),
    ],
)
def test_a_title_is_plain_text_without_its_site(title: str, expected: str) -> None:
    assert clean(title=title).title == expected


def test_the_site_name_may_be_a_part_of_the_feed_title() -> None:
    assert clean(title="A story | Atlas", feed_title="World – Atlas").title == "A story"


@pytest.mark.parametrize("title", ["", "  ", "<b></b>", "&nbsp;"])
def test_an_item_without_title_is_refused(title: str) -> None:
    with pytest.raises(IngestError, match="no title"):
        clean(title=title)


@pytest.mark.parametrize(
    ("url", "guid", "document_url", "site_url", "expected"),
    [
        ("https://n.example/a/?utm_source=x#top", "", "", "", "https://n.example/a/"),
        ("/a/b", "", "https://n.example/feeds/x", "", "https://n.example/a/b"),
        ("", "https://n.example/?p=1", "", "", "https://n.example/?p=1"),
        ("javascript:alert(1)", "https://n.example/g", "", "", "https://n.example/g"),
        ("my-slug", "", "posts/my-slug.md", "https://n.example", "https://n.example/my-slug"),
        ("posts/x", "", "", "https://n.example/blog", "https://n.example/blog/posts/x"),
        ("//cdn.example/x", "", "https://n.example/", "", "https://cdn.example/x"),
    ],
)
def test_an_address_is_found(
    url: str, guid: str, document_url: str, site_url: str, expected: str
) -> None:
    found = clean(url=url, guid=guid, document_url=document_url, site_url=site_url)
    assert found.url == expected
    assert found.id
    assert found.key


@pytest.mark.parametrize(
    "url", ["", "mailto:a@n.example", "my-slug", "data:text/html,x", "http://"]
)
def test_an_item_without_address_is_refused_by_name(url: str) -> None:
    with pytest.raises(IngestError, match="“Harbour reopens” has no address"):
        clean(url=url, guid="tag:x,2026:1", document_url="file.xml")


def test_the_same_article_by_two_addresses_has_one_identity() -> None:
    one = clean(url="http://www.news.example/a/?utm_source=x")
    two = clean(url="https://news.example/a")
    assert one.id == two.id
    assert one.url != two.url


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("<p>Short and good.</p>", "Short and good."),
        ("Cut in the middle [&#8230;]", "Cut in the middle…"),
        ("Cut in the middle [...]", "Cut in the middle…"),
        ("A vote at night. Continue reading A vote →", "A vote at night."),
        ("A vote at night… <a href='/x'>Read more</a>", "A vote at night…"),
        ("A vote.\nThe post A vote appeared first on Atlas.", "A vote."),
        ("<p>Real.</p><p>- Sponsor -</p><p>spot_img</p>", "Real."),
        (
            "Harbour reopens",
            "Ships are moving again and the first ferries left on time this morning.",
        ),
        ("", "Ships are moving again and the first ferries left on time this morning."),
    ],
)
def test_a_summary_is_plain_text_without_furniture(summary: str, expected: str) -> None:
    assert clean(summary=summary, content=P).summary == expected


def test_a_long_summary_ends_within_320_characters_at_a_sentence() -> None:
    found = clean(content=P * 20).summary
    assert 200 < len(found) <= 320
    assert found.endswith("morning.")


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Ada Berg", "Ada Berg"),
        ("By Ada Berg", "Ada Berg"),
        ("by: Ada Berg", "Ada Berg"),
        ("Written by Ada Berg", "Ada Berg"),
        ("ada@news.example (Ada Berg)", "Ada Berg"),
        ("Ada Berg <ada@news.example>", "Ada Berg"),
        ("ada@news.example", ""),
        ("https://facebook.example/ada", ""),
        ("Ada Berg | November 18, 2026", "Ada Berg"),
        ("Byron Bay", "Byron Bay"),
        ("Jean-Luc O&#8217;Hara", "Jean-Luc O’Hara"),
    ],
)
def test_a_byline_becomes_a_name(author: str, expected: str) -> None:
    assert clean(author=author).author == expected


def test_furniture_leaves_the_body() -> None:
    content = f"""<h1>Harbour reopens</h1><p>By Ada Berg</p>{P}
    <p>- Sponsor -</p><div>Advertisement</div><p>spot_img</p><p>Second paragraph.</p>
    <h3>Week&#8217;s Top Stories</h3><ul><li><a href="/x">Parliament votes</a></li></ul>
    <h3>More In This Category</h3><h4>Ferry strike</h4><p>Crews went back to work after the…</p>
    <h4>Fire engine</h4><p>Two villages have bought…</p><p>Last words of the article.</p>"""
    body = clean(content=content, author="Ada Berg").body
    assert body.count("<p>") == 3
    for gone in ("Sponsor", "Advert", "spot_img", "Top Stories", "Parliament", "Ferry", "bought"):
        assert gone not in body
    assert "Second paragraph" in body
    assert "Last words" in body


@pytest.mark.parametrize(
    "mark", ["author-bio", "author-box", "saboxplugin-wrap", "about-the-author"]
)
def test_an_author_box_becomes_the_biography(mark: str) -> None:
    box = f'<div class="x {mark}"><h4>Ada Berg</h4><p>Covers ports and the sea.</p></div>'
    found = clean(content=P + box)
    assert found.author_bio == "Ada Berg. Covers ports and the sea."
    assert "ports" not in found.body


def test_a_name_is_not_said_twice_in_a_biography() -> None:
    lines = "<b>About the author</b><h4>Ada Berg</h4><p>Ada Berg covers ports.</p>"
    box = f'<div class="author-box">{lines}</div>'
    assert clean(content=P + box).author_bio == "Ada Berg covers ports."


def test_the_feeds_own_picture_comes_first_with_what_the_body_says_of_it() -> None:
    content = (
        '<figure><img src="https://i.example/a-800x600.jpg" alt="Ships">'
        "<figcaption>The harbour.</figcaption></figure>"
    )
    image = clean(image=Image("https://i.example/a.jpg", width=1200), content=content).image
    assert image == Image("https://i.example/a.jpg", "The harbour.", "Ships", 1200)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('<img src="/a.jpg">', "https://news.example/a.jpg"),
        (
            '<img src="pics/a.jpg" width="250"><img src="b.jpg" width="640">',
            "https://news.example/a/b.jpg",
        ),
        (
            '<img src="/small.jpg" width="400"><img src="/wide.jpg" width="900">',
            "https://news.example/wide.jpg",
        ),
        (
            '<img src="/logo.png"><img src="/pixel.gif"><img src="/a.jpg">',
            "https://news.example/a.jpg",
        ),
        ('<img src="https://secure.gravatar.com/avatar/1">', ""),
        ('<img src="https://s.w.org/images/core/emoji/1.png">', ""),
        ('<img src="/a-150x150.jpg">', ""),
        (
            '<img src="data:image/gif;base64,x" data-src="/lazy.jpg">',
            "https://news.example/lazy.jpg",
        ),
        ('<img srcset="/s.jpg 320w, /l.jpg 1280w">', "https://news.example/l.jpg"),
        ('<img src="javascript:alert(1)">', ""),
        ('<img src="/a.jpg" width="1" height="1">', ""),
    ],
)
def test_the_best_picture_of_the_body_is_taken(content: str, expected: str) -> None:
    image = clean(content=content).image
    assert (image.url if image else "") == expected


def test_links_are_absolute_and_lose_what_is_not_allowed() -> None:
    content = (
        '<p onclick="x()"><a href="/b?fbclid=1">b</a> <a href="javascript:x">j</a>'
        ' <a href="mailto:a@n.example">m</a> <a href="ftp://x">f</a></p><form><input></form>'
        '<p style="x" class="y"><span>s</span></p><style>p{}</style>'
    )
    assert clean(content=content).body == (
        '<p><a href="https://news.example/b">b</a> <a>j</a>'
        ' <a href="mailto:a@n.example">m</a> <a>f</a></p><p>s</p>'
    )


def test_a_base_of_the_content_is_honoured() -> None:
    content = '<base href="https://other.example/x/"><p><a href="y">y</a></p>'
    assert clean(content=content).body == '<p><a href="https://other.example/x/y">y</a></p>'


def test_nesting_is_cut_and_the_text_kept() -> None:
    found = clean(content="<div><b>" * 5_000 + "deep" + "</b></div>" * 5_000)
    assert found.body.count("<b>") <= 100


def test_categories_are_distinct_and_at_most_eight() -> None:
    names = (
        "World",
        "world",
        " WORLD ",
        "Tom &amp; Co",
        "Uncategorized",
        "http://x/#y",
        "",
        "x" * 99,
    )
    many = tuple(f"c{n}" for n in range(20))
    assert clean(categories=names).categories == ("World", "Tom & Co")
    assert len(clean(categories=many).categories) == 8
    assert clean(categories=(), section="Science").categories == ("Science",)
    assert clean(categories=("Uncategorized",), section="Science").categories == ("Science",)


@pytest.mark.parametrize(
    ("ahead", "kept"),
    [(-1, True), (0, True), (29, True), (30, True), (31, False), (5_000, False)],
)
def test_a_date_far_in_the_future_is_no_date(ahead: int, kept: bool) -> None:
    found = clean(published_at=NOW + timedelta(days=ahead)).published_at
    assert (found is not None) == kept


def test_dates_are_utc_and_never_invented() -> None:
    naive = datetime(2026, 11, 20, 8)  # noqa: DTZ001
    assert clean(published_at=naive).published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert clean(published_at=datetime(1, 1, 1, tzinfo=UTC)).published_at is None
    assert clean().published_at is None


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("EN-us", "en-US"), ("de_AT", "de-AT"), ("zh-Hans", "zh-Hans"), ("x y", ""), ("", "")],
)
def test_a_language_tag_has_one_spelling(tag: str, expected: str) -> None:
    assert clean(language=tag).language == expected


def test_paid_content_is_known_by_its_category() -> None:
    assert clean(categories=("Sponsored Content",)).sponsored
    assert clean(sponsored=True).sponsored
    assert not clean(categories=("World",)).sponsored


def test_words_are_counted_in_what_remains() -> None:
    assert clean(content="<p>One two three.</p><p>- Sponsor -</p><script>a b</script>").words == 3
    assert clean(summary="Only four words here").words == 4


def test_the_outlet_is_the_host_without_www() -> None:
    assert clean(url="https://www.news.example/a").outlet == "news.example"


@pytest.mark.parametrize("author", ["", "admin"])
def test_a_byline_that_opens_the_content_names_the_author(author: str) -> None:
    found = clean(author=author, content=f"<p><b>By Ada Berg</b></p>{P}<p>More of it.</p>")
    assert found.author == "Ada Berg"
    assert "Berg" not in found.body
    assert "Berg" not in found.summary


def test_a_byline_of_two_is_kept_whole_and_a_sentence_is_no_byline() -> None:
    assert clean(content=f"<p>By Ada Berg and Tom Roe</p>{P}").author == "Ada Berg and Tom Roe"
    kept = clean(content=f"<p>By Christmas</p>{P}")
    assert (kept.author, "By Christmas" in kept.body) == ("", True)


def test_the_feeds_author_stands_against_another_byline() -> None:
    assert clean(author="Tom Roe", content=f"<p>By Ada Berg</p>{P}").author == "Tom Roe"


BIO = "Ada Berg is a reporter at the harbour desk."


@pytest.mark.parametrize(
    ("author", "last", "bio"),
    [
        ("", f"<p><em>{BIO}</em></p>", BIO),
        ("", f"<p><i><a href='/ada'>Ada Berg</a> {BIO[9:]}</i></p>", BIO),
        ("Ada Berg", f"<p>{BIO}</p>", BIO),
        ("", f"<p>{BIO}</p>", ""),
        ("Tom Roe", f"<p>{BIO}</p>", ""),
        ("", "<p><em>It is what it is, they said at last.</em></p>", ""),
    ],
)
def test_a_last_paragraph_on_the_author_is_the_biography(author: str, last: str, bio: str) -> None:
    found = clean(author=author, content=P + P + P + last)
    assert found.author_bio == bio
    assert ("desk" in found.body) == (not bio and "desk" in last)


def test_a_small_picture_of_the_feed_gives_way_to_a_wide_one_of_the_body() -> None:
    small = Image("https://i.example/thumb.jpg", width=320)
    wide = '<img src="/wide.jpg" width="900">'
    found = clean(image=small, content=wide).image
    assert found is not None
    assert found.url == "https://news.example/wide.jpg"
    kept = clean(image=small, content='<img src="/open.jpg">').image
    assert kept == small


@pytest.mark.parametrize(
    "bad", ["\u202e", "&#x202e;", "\u2066", "&#8294;", "\x07", "&#7;", "\ud800", "\x9b"]
)
def test_what_turns_or_controls_text_leaves_every_field(bad: str) -> None:
    found = clean(
        title=f"Har{bad}bour",
        author=f"Ada{bad} Berg",
        summary=f"A {bad}b",
        content=f"<p>c{bad}d</p>",
    )
    for value in (found.title, found.author, found.summary, found.body):
        assert not any(char in value for char in "\u202e\u2066\x07\ud800\x9b")
        value.encode()


def test_rows_of_a_table_become_paragraphs() -> None:
    table = "<table><tr><th>Pier</th><th>Ships</th></tr><tr><td>East</td><td>4</td></tr></table>"
    assert clean(content=table).body == "<p>Pier · Ships</p><p>East · 4</p>"


@pytest.mark.parametrize(
    "line",
    [
        "Read more: Parliament votes at night",
        "Lire aussi : Le port rouvre",
        "Mehr zum Thema: Hafen offen",
        "Follow us on Twitter and Facebook",
        "Sign up for our newsletter",
        "Click here to subscribe",
        "© 2026 Atlas Weekly. All rights reserved.",
        "What do you think?",
    ],
)
def test_a_line_that_points_elsewhere_leaves_the_body(line: str) -> None:
    assert clean(content=f"{P}<p>{line}</p>{P}").body.count("<p>") == 2


@pytest.mark.parametrize(
    "line",
    [
        "More ships came in on Tuesday than ever before.",
        "Follow the river and you will find the mill.",
        "Sign language is taught in three schools.",
        "What do you think of a harbour without water, asked the mayor of the town?",
    ],
)
def test_a_sentence_that_opens_like_a_pointer_stays(line: str) -> None:
    assert line in clean(content=f"{P}<p>{line}</p>{P}").body
