"""An edition becomes mail: a view of it, its templates, MJML, HTML and text."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any

from digest.language import speech
from digest.model import Edition, Image, Rendered
from digest.render.isolated import Isolated
from digest.render.look import look_of
from digest.render.press import Job
from digest.render.shown import Outlet
from digest.render.view import Frame, edition_view, places_of
from digest.settings import Publication, Theme
from digest.settings.folders import default_theme, folders_of
from digest.text import clean, encoded_size

__all__ = ["Renderer", "default_theme", "places_of"]

#: Bytes of the encoded HTML part above which Gmail clips a mail (MIME-05).
_CLIPPED = 102_000
_NONE: Mapping[tuple[str, int], Image] = {}
_Stamp = tuple[tuple[str, int], ...]


class Renderer:
    """Renders mails with the templates of a theme; safe to share between threads.

    `folders` are searched in order, file by file: put a publication's own folder before
    `default_theme()` to replace single files. Errors are RenderError and name the template
    file and line. The same content is rendered once, until a template changes.
    """

    def __init__(self, folders: tuple[Path, ...] = ()) -> None:
        self._folders = folders or (default_theme(),)
        self._isolated = Isolated()
        self._made = lru_cache(maxsize=16)(self._make)

    def render_edition(
        self,
        edition: Edition,
        publication: Publication,
        newsletter_title: str,
        base_url: str,
        theme: Theme = Theme(),  # noqa: B008 - frozen
        copies: Mapping[tuple[str, int], Image] = _NONE,
        *,
        language: str = "",
        key_id: str = "0",
    ) -> Rendered:
        """Render one content variant; links to unsubscribe hold `text.TOKEN` after `key_id`.

        `copies` are shown in place of pictures, by address and width in the layout. `language` is
        what the mail speaks around the stories, when that is not the publication's.
        When it would be clipped, the last sections fall back to headlines, one after the other,
        and in the end the top stories too; `shortened` names them.
        """
        frame = Frame(publication, newsletter_title, base_url, theme, 0, copies, language, key_id)
        for short in range(len(edition.sections) + 2):
            rendered = self._edition(edition, replace(frame, short=short))
            if encoded_size(rendered.html) <= _CLIPPED:
                break
        return replace(rendered, shortened=_shortened(edition, short))

    def render_mail(
        self,
        name: str,
        publication: Publication,
        values: Mapping[str, str],
        theme: Theme = Theme(),  # noqa: B008 - frozen
    ) -> Rendered:
        """Render a mail to one person, such as `confirm`; `values` are its template's words.

        `confirm` needs `newsletter_title` and `confirm_url`.
        """
        given = {key: clean(value) for key, value in values.items()}
        return self._mail(name, publication, theme, {"hues": (), **given})

    def close(self) -> None:
        """End the renderer's process; the next render starts it again."""
        self._isolated.close()

    def _edition(self, edition: Edition, frame: Frame) -> Rendered:
        speaks = frame.language or frame.publication.language
        spoken = speech(folders_of(self._folders, frame.theme.name), speaks)
        view = edition_view(edition, frame, spoken)
        around = frame.publication.model_copy(update={"language": speaks})
        return self._mail("edition", around, frame.theme, _values_of(view))

    def _mail(
        self, name: str, publication: Publication, theme: Theme, values: dict[str, object]
    ) -> Rendered:
        folders = folders_of(self._folders, theme.name)
        title = values.get("title", publication.name)
        common = {"publication": _outlet(publication), "look": look_of(theme, str(title))}
        job = Job(folders, name, publication.language, tuple((values | common).items()))
        return self._made(job, _stamp(folders))

    def _make(self, job: Job, _unchanged: _Stamp) -> Rendered:
        return self._isolated.mail(job)


def _outlet(publication: Publication) -> Outlet:
    contact = parseaddr(publication.contact)[1]
    return Outlet(publication.name, publication.url, publication.postal_address, contact)


def _values_of(view: Any) -> dict[str, object]:
    return {field.name: getattr(view, field.name) for field in fields(view)}


def _stamp(folders: tuple[Path, ...]) -> _Stamp:
    """Return what changes when a template does."""
    return tuple(sorted(_changes(folders)))


def _changes(folders: tuple[Path, ...]) -> Iterator[tuple[str, int]]:
    for folder in folders:
        for path in folder.rglob("*"):
            with suppress(FileNotFoundError):  # an editor's passing file
                yield str(path), path.stat().st_mtime_ns


def _shortened(edition: Edition, short: int) -> tuple[str, ...]:
    titles = [section.title for section in edition.sections]
    top = ("top stories",) if short > len(titles) else ()
    return top + tuple(titles[max(0, len(titles) - short) :] if short else ())
