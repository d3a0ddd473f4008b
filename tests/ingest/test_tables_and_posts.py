"""WordPress posts, news sitemaps and CSV on saved corpora and in odd shapes."""

import csv
import gzip
import json
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import IngestError
from digest.ingest import Ingested, read
from digest.ingest.sources import SOURCES
from digest.ingest.sources.csv_file import CsvFile
from digest.model import Document
from tests.make import NOW

Corpus = Callable[[str], Path]


def imported(content: bytes | str, name: str = "x") -> Ingested:
    data = content.encode() if isinstance(content, str) else content
    return read(Document(name, data, path=name), site_url="https://n.example", now=NOW)


def titles(found: Ingested) -> list[str]:
    return [article.title for article in found.articles]


def post(**given: object) -> dict[str, object]:
    found = {"id": 1, "type": "post", "link": "https://n.example/a/", "title": {"rendered": "A b"}}
    return found | given


def test_every_saved_post_gives_an_article_with_the_categories_it_embeds(corpus: Corpus) -> None:
    posts = 0
    for path in sorted((corpus("wp_rest_json") / "frontity").glob("*.json")):
        rows = json.loads(path.read_text())
        rows = [r for r in (rows if isinstance(rows, list) else [rows]) if isinstance(r, dict)]
        rows = [r for r in rows if r.get("type") == "post" and "title" in r]
        try:
            found = imported(path.read_bytes(), str(path))
        except IngestError:
            assert not rows
            continue
        by_guid = {article.guid: article for article in found.articles}
        for row in rows:
            terms = [t for group in row["_embedded"].get("wp:term", ()) for t in group]
            named = [t["name"] for t in terms if t["taxonomy"] == "category"]
            kept = [n for n in named if n != "Uncategorized" and len(n) <= 60]
            article = by_guid[row["guid"]["rendered"]]
            assert list(article.categories[: len(kept)]) == kept, path.name
            names = [person.get("name", "") for person in row["_embedded"].get("author", ())]
            assert article.author or names in ([], ["admin"]), path.name
            posts += 1
    assert posts >= 14


def test_posts_without_embed_are_read_all_the_same() -> None:
    found = imported(json.dumps([post(author=3, categories=[4], tags=[], featured_media=7)]))
    (article,) = found.articles
    assert (article.title, article.author, article.categories) == ("A b", "", ())


def test_one_post_alone_is_read() -> None:
    assert titles(imported(json.dumps(post()))) == ["A b"]


def test_what_wordpress_says_instead_of_posts_is_told() -> None:
    answer = {"code": "rest_no_route", "message": "No route was found", "data": {"status": 404}}
    url = "https://n.example/wp-json/wp/v2/posts"
    with pytest.raises(IngestError, match="No route was found"):
        read(Document(url, json.dumps(answer).encode()), now=NOW)
    assert read(Document(url, b"[]"), now=NOW).articles == ()


ODD: tuple[Any, ...] = (
    "",
    None,
    7,
    True,
    [],
    {},
    [[]],
    [{}],
    {"rendered": 4},
    "x" * 9,
    [None, 3, "x"],
)


@given(
    st.dictionaries(
        st.sampled_from(
            "title content excerpt guid link type status date_gmt modified sticky lang "
            "comment_count _embedded yoast_head_json jetpack_featured_media_url".split()
        ),
        st.sampled_from(ODD),
    )
)
def test_posts_in_any_shape_raise_nothing_but_ingest_errors(row: dict[str, object]) -> None:
    embedded = {"author": ODD, "wp:featuredmedia": ODD, "wp:term": ODD, "replies": ODD}
    for whole in ([post() | row], [post(_embedded=embedded) | row], post() | row):
        try:
            imported(json.dumps(whole))
        except IngestError:
            pass


def test_odd_media_and_terms_are_passed_over() -> None:
    for odd in ODD:
        media = {"source_url": "https://n.example/p.jpg", "media_details": odd, "caption": odd}
        sized = media | {"media_details": {"width": 10, "height": odd, "sizes": {"a": odd}}}
        term = [[{"name": odd, "taxonomy": odd}]]
        held = {"wp:featuredmedia": [odd, media, sized], "wp:term": term, "author": [odd]}
        assert titles(imported(json.dumps([post(_embedded=held)]))) == ["A b"]


NEWS = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">{}</urlset>"""
ENTRY = """<url><loc>https://n.example/{0}</loc><n:news><n:publication_date>2026-11-{1:02}</n:publication_date>
<n:title>Headline {0}</n:title></n:news></url>"""


def test_a_sitemap_may_be_a_gzip_file() -> None:
    data = gzip.compress(NEWS.format(ENTRY.format(1, 2)).encode())
    assert titles(imported(data, "news.xml.gz")) == ["Headline 1"]
    with pytest.raises(IngestError, match="breaks off"):
        imported(data[:-12], "news.xml.gz")
    with pytest.raises(IngestError, match="grows more than"):
        imported(gzip.compress(bytes(15_000_000)), "news.xml.gz")


def test_the_newest_500_of_a_sitemap_are_read() -> None:
    entries = "".join(ENTRY.format(n, 1 + n // 300) for n in range(900))
    found = imported(NEWS.format(entries))
    assert len(found.articles) == 500
    assert {a.published_at.day for a in found.articles if a.published_at} == {2, 3}


def test_a_sitemap_without_headlines_says_what_to_add_instead() -> None:
    with pytest.raises(IngestError, match="news sitemap or its feed"):
        imported(NEWS.format("<url><loc>https://n.example/a</loc></url>"))


TABLE = [
    {"title": "Häfen öffnen – endlich", "url": "https://n.example/1", "author": "Ada, Berg"},
    {"title": 'He said "go"; they went', "url": "https://n.example/2", "author": "Jo\nRoe"},
]


def written(delimiter: str) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, ["title", "url", "author"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(TABLE)
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_table_is_read_whatever_its_delimiter_and_encoding(delimiter: str, encoding: str) -> None:
    for name in ("x", "x.csv"):
        found = imported(written(delimiter).encode(encoding), name)
        assert titles(found) == [row["title"] for row in TABLE]
        assert [article.author for article in found.articles] == ["Ada, Berg", "Jo Roe"]


def test_a_line_that_names_the_delimiter_is_no_row() -> None:
    assert len(imported("sep=;\r\n" + written(";")).articles) == 2


def test_saved_tables_are_split_as_the_standard_says(corpus: Corpus) -> None:
    folder = corpus("csv-horrors")
    for path in sorted((folder / "csv-spectrum" / "csvs").glob("*.csv")):
        expected = json.loads((folder / "csv-spectrum/json" / f"{path.stem}.json").read_text())
        if path.stem == "location_coordinates":  # its JSON tells of another table
            continue
        rows = expected if isinstance(expected, list) else [expected]
        head, _, rest = path.read_bytes().decode().partition("\n")
        first = next(csv.reader([head]))[0]
        text = head.replace(first, "title", 1) + "\n" + rest
        parsed = CsvFile().parse(Document("x.csv", text.encode(), path="x.csv"))
        assert [item.title for item in parsed.items] == [
            row[first] for row in rows if row[first].strip()
        ], path.name
    for path in sorted(folder.rglob("*.csv")):
        with pytest.raises(IngestError, match="without a column `title`"):
            imported(path.read_bytes(), path.name)


def test_cells_that_spreadsheets_run_are_only_words(corpus: Corpus) -> None:
    text = (corpus("csv-horrors") / "formula-injection.csv").read_text(encoding="utf-8")
    found = imported(text.replace("email,name", "url,title"), "x.csv")
    assert len(found.articles) == 9
    assert "=1+1" in titles(found)


@given(st.text(alphabet="\"',;\t\r\nab =", max_size=60), st.sampled_from(",;\t"))
def test_any_table_raises_nothing_but_ingest_errors(rest: str, delimiter: str) -> None:
    head = delimiter.join(["title", "url", "comments"])
    parsed = CsvFile().parse(Document("x.csv", f"{head}\n{rest}".encode(), path="x.csv"))
    assert all(refusal.startswith("line ") for refusal in parsed.refused)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), max_size=9))
def test_titles_survive_writing_and_reading(words: list[str]) -> None:
    out = StringIO()
    csv.writer(out).writerows([["title", "url"], *([word, "u"] for word in words)])
    parsed = CsvFile().parse(Document("x.csv", out.getvalue().encode(), path="x.csv"))
    kept = [word for word in words if word.strip()]
    assert [item.title.strip() for item in parsed.items] == [word.strip() for word in kept]


@pytest.mark.parametrize(
    "text",
    ["title,url\n" + '"a' * 100_000, "title,url\n" + '"a\n' * 100_000, "title" + "," * 200_000],
    ids=["quotes", "open", "columns"],
)
def test_hostile_tables_cost_little_time(text: str) -> None:
    began = time.process_time()
    try:
        imported(text, "x.csv")
    except IngestError:
        pass
    assert time.process_time() - began < 5


def test_prose_with_commas_is_no_table() -> None:
    text = b"Title, or not\n\nWhat a url, author and title are is told here, in words.\n" * 3
    source = next(s for s in SOURCES if s.accepts(Document("x", text)))
    assert source.name == "plain text"
