"""Complete an article a feed only sums up by what its page has; pure."""

from dataclasses import replace
from datetime import datetime

from digest.errors import IngestError
from digest.ingest.normalize import normalize
from digest.ingest.sources.page import Page
from digest.model import Article, Document, Image


def page(document: Document, *, now: datetime) -> Article:
    """Return the article of a fetched page; IngestError when it holds none."""
    source = Page()
    if not source.accepts(document):
        raise IngestError("is no web page")
    parsed = source.parse(document)
    return normalize(
        parsed.items[0],
        document_url=document.url,
        feed_title=parsed.title,
        section="",
        language=parsed.language,
        now=now,
    )


def completed(article: Article, page: Article) -> Article:
    """Return a feed's article with what it lacks, and the text where the page has more of it.

    Headline, address, date, guid and summary stay the feed's.
    """
    longer = page.words > article.words
    return replace(
        article,
        body=page.body if longer else article.body,
        words=page.words if longer else article.words,
        summary=article.summary or page.summary,
        author=article.author or page.author,
        author_bio=article.author_bio or page.author_bio,
        image=_picture(article.image, page.image),
        categories=article.categories or page.categories,
        language=article.language or page.language,
    )


def _picture(own: Image | None, found: Image | None) -> Image | None:
    """Return the feed's picture, unless only the page's has a caption."""
    if own is None or (found is not None and found.caption and not own.caption):
        return found
    return own
