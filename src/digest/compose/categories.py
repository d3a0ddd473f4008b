"""Which category an article without one counts under, and which rule says so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from digest.model import Article
from digest.text import words


def categorised(
    articles: Sequence[Article], rules: Mapping[str, Sequence[str]], sections: Iterable[str]
) -> list[Article]:
    """Give each article without a category the first one that fits, with the rule that decided.

    Its own category, or its feed's, comes first; then the address: a pattern such as
    "/football/", or a first folder that names a category of the rules, the sections or another
    article; then words of the headline.
    """
    known = [*rules, *sections, *(name for article in articles for name in article.categories)]
    folders = {_folder(name): name for name in sorted(set(known), reverse=True)}
    folders |= {_folder(name): name for name in reversed([*rules, *sections])}
    return [a if a.categories else _categorise(a, rules, folders) for a in articles]


def _categorise(
    article: Article, rules: Mapping[str, Sequence[str]], folders: Mapping[str, str]
) -> Article:
    path = urlsplit(article.url).path.casefold()
    title = [word.casefold() for word in words(article.title)]
    for name, patterns in rules.items():
        for pattern in patterns:
            if pattern.startswith("/") and path.startswith(pattern.casefold()):
                return _with(article, name, f"its address begins with {pattern}")
    folder = path.strip("/").split("/")[0]
    if folder and folder in folders:
        return _with(article, folders[folder], f"its address is in /{folder}/")
    for name, patterns in rules.items():
        for pattern in patterns:
            if pattern.casefold() in title:
                return _with(article, name, f"its headline has the word {pattern}")
    return article


def _with(article: Article, name: str, rule: str) -> Article:
    return replace(article, categories=(name,), category_by=rule)


def _folder(name: str) -> str:
    return "-".join(word.casefold() for word in words(name))
