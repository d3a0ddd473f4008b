"""Search the words of articles: FTS5 on SQLite, full text on PostgreSQL."""

import re
from typing import cast

import sqlalchemy as sa

from digest.model import Article
from digest.store.articles import _ARTICLE, _LIGHT, _articles
from digest.store.database import Transaction

_MOST_WORDS = 8
_SQLITE = sa.text(
    "article.id IN (SELECT k.article_id FROM (SELECT rowid AS number FROM article_words"
    " WHERE article_words MATCH :query ORDER BY rowid DESC LIMIT 5000) w"
    " JOIN article_words_key k ON k.number = w.number)"
)
_POSTGRES = sa.text(
    "to_tsvector('simple', title || ' ' || summary || ' ' || author)"
    " @@ to_tsquery('simple', :query)"
)


def search(tx: Transaction, text: str, limit: int, skip: int = 0) -> list[Article]:
    """Return articles, newest first, that have every word or one that begins so; "" finds all.

    On SQLite the 5,000 that came last are looked at: who finds more gives another word.
    """
    wanted = sa.select(*_LIGHT).order_by(_ARTICLE.c.sorted_at.desc(), _ARTICLE.c.key)
    words = re.findall(r"[^\W_]+", text)[:_MOST_WORDS]
    if text.strip():
        wanted = wanted.where(_holding(tx, words) if words else sa.false())
    return _articles(tx, wanted.limit(limit).offset(skip))


def _holding(tx: Transaction, words: list[str]) -> sa.ColumnElement[bool]:
    if tx.dialect.name == "postgresql":
        said, query = _POSTGRES, " & ".join(f"{word}:*" for word in words)
    else:
        said, query = _SQLITE, " ".join(f'"{word}"*' for word in words)
    return cast("sa.ColumnElement[bool]", said.bindparams(query=query))
