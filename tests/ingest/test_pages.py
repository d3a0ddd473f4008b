"""Saved pages: what stands around an article goes, what the page says of it is found."""

import pytest

from digest.ingest import read
from digest.model import Article, Document
from tests.make import NOW

TEXT = (
    "<p>Ships are moving again and the first ferries left the outer harbour on time this morning,"
    " nine days after the storm had broken the eastern pier in two places.</p>"
    "<p>Port officials said that about forty vessels had waited at anchor for the channel to be"
    " cleared, and that the last of them would be in by the evening.</p>"
    "<p>Repairs will take until spring, and the city has put aside twelve million for them; the"
    " fishermen keep a temporary berth at the western quay until then.</p>"
)


def page(body: str = "", *, head: str = "<title>Harbour reopens - Atlas</title>") -> Article:
    inner = f"<main><article><h1>Harbour reopens</h1>{body}</article></main>"
    markup = f"<!doctype html><html lang=en><head>{head}</head><body>{inner}</body></html>"
    document = Document("https://news.example/a", markup.encode(), "text/html")
    return read(document, now=NOW).articles[0]


@pytest.mark.parametrize(
    "clutter",
    [
        "<figcaption>CLUTTER of a picture</figcaption>",
        '<p class="wp-caption-text">CLUTTER below a picture</p>',
        '<div class="newsletter-signup"><p>CLUTTER every Monday in your inbox</p></div>',
        '<div class="related-posts"><p><a href="/b">CLUTTER on a ferry</a></p></div>',
        '<ul class="share-buttons"><li>CLUTTER</li></ul>',
        '<h2 class="standfirst">CLUTTER sums it up</h2>',
        "<header><h1>Harbour reopens</h1><p>CLUTTER sums it up.</p></header>",
        '<p>Read more: <a href="/b">CLUTTER in Palermo</a></p>',
        '<ul><li><a href="/b">CLUTTER one</a></li><li><a href="/c">CLUTTER two</a></li></ul>',
        "<p>19 November 2026, 10:02 CLUTTER</p>",
    ],
)
def test_clutter_leaves_a_page(clutter: str) -> None:
    body = page(clutter + TEXT).body
    assert "CLUTTER" not in body
    assert body.count("<p>") == 3


def test_lists_quotes_and_tables_stay() -> None:
    body = page(
        TEXT + "<ul><li>buses take the bridge</li><li>lorries go round</li></ul>"
        '<blockquote class="twitter-tweet"><p>We counted every single hour of it.</p></blockquote>'
        "<table><tr><td>East pier</td><td>4 ships</td></tr></table>" + TEXT
    ).body
    for kept in ("buses take", "lorries go", "every single hour", "East pier", "4 ships"):
        assert kept in body


def test_a_page_whose_wrapper_is_named_like_clutter_keeps_its_text() -> None:
    assert page(f'<div class="sponsored">{TEXT}</div>').words > 60


def test_the_picture_of_a_page_keeps_the_caption_that_leaves_its_text() -> None:
    figure = '<figure><img src="/pier.jpg" width="900"><figcaption>The pier.</figcaption></figure>'
    found = page(figure + TEXT)
    assert found.image is not None
    assert (found.image.url, found.image.caption) == ("https://news.example/pier.jpg", "The pier.")
    assert "The pier." not in found.body


LD = '{"@type": "NewsArticle", "headline": "Harbour opens", "datePublished": "2026-11-18T08:00:00Z"'


@pytest.mark.parametrize(
    "script",
    [
        LD + "}",
        f"<![CDATA[\n{LD}}}\n]]>",
        f"//<![CDATA[\n{LD}}};\n//]]>",
        f"<!-- {LD}}} -->",
        LD + ', "description": "two\nlines"}',
        LD + ', "wordCount": }',
        f'[{{"@type": "WebSite"}}, {LD}}}]',
        f'{{"@graph": [{LD}}}]}}',
    ],
)
def test_linked_data_is_read_however_it_is_wrapped(script: str) -> None:
    found = page(TEXT, head=f'<script type="application/ld+json">{script}</script>')
    assert found.title == "Harbour opens"
    assert found.published_at is not None
    assert found.published_at.day == 18


@pytest.mark.parametrize(
    ("markup", "name"),
    [
        ('<p class="byline">By Ada Berg</p>', "Ada Berg"),
        ('<span class="article__author">Ada Berg | 18 Nov 2026</span>', "Ada Berg"),
        ('<div class="FeatureByline">By <b>Ada Berg</b><br>March 25, 2026</div>', "Ada Berg"),
        ('<div class="blog-author">By <a>Ada Berg</a>, Senior Editor, Atlas</div>', "Ada Berg"),
        ('<a rel="author" href="/ada">Ada Berg</a>', "Ada Berg"),
        ('<aside><p class="byline">By Tom Roe</p></aside>', ""),
        ('<div class="comment"><p class="author">Tom Roe</p></div>', ""),
        ('<p class="author">Ada Berg covers the harbour and all the ships in it daily.</p>', ""),
    ],
)
def test_a_byline_of_a_page_is_read_and_teasers_have_none(markup: str, name: str) -> None:
    assert page(markup + TEXT).author == name


@pytest.mark.parametrize(
    ("markup", "day"),
    [
        ('<time datetime="2026-11-18T08:00:00Z">today</time>', 18),
        ('<span class="post-date">November 18, 2026</span>', 18),
        ('<p class="dateline">Published on 18 November 2026 | 6:00 PM</p>', 18),
        ('<p class="updated-date">November 18, 2026</p>', 0),
        ('<span class="date">Updated November 18, 2026</span>', 0),
        ('<aside class="x"><span class="date">November 18, 2026</span></aside>', 0),
        ("<p>It began on November 18, 2026, and it ended a week later.</p>", 0),
        ('<span class="date">3/4/2026</span>', 0),
        ("", 0),
    ],
)
def test_a_shown_date_is_read_and_none_is_invented(markup: str, day: int) -> None:
    found = page(markup + TEXT).published_at
    assert (found.day if found else 0) == day


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>Harbour reopens - Atlas</title>", "Harbour reopens"),
        ('<meta property="og:title" content="Harbour opens">', "Harbour opens"),
        ('<meta name="parsely-title" content="Harbour opens"><title>x</title>', "Harbour opens"),
        (
            "<title>The harbour of the city reopens at last</title>",
            "The harbour of the city reopens at last",
        ),
    ],
)
def test_the_headline_of_a_page_is_found(head: str, title: str) -> None:
    assert page(TEXT, head=head).title == title
