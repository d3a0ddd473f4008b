"""An edition becomes mail: Jinja writes MJML, the lint reads it, the renderer makes HTML."""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path

from digest.errors import RenderError
from digest.model import Edition, Rendered
from digest.render.lint import lint
from digest.render.mjml import Mjml
from digest.render.theme import Marked, Theme, default_theme, values_of
from digest.render.view import edition_view
from digest.render.words import Speech, speech
from digest.settings.tables import Publication
from digest.text import clean

__all__ = ["Renderer", "default_theme"]

_INDENT = re.compile(r"\n\s*")
_GAP = re.compile(r"\n{3,}")


class Renderer:
    """Renders mails with the templates of a theme; safe to share between threads.

    `theme_folders` are searched in order, file by file: put a publication's own folder before
    `default_theme()` to replace single files. Errors are RenderError and name the template
    file and line.
    """

    def __init__(self, theme_folders: tuple[Path, ...] = ()) -> None:
        self._theme = Theme(theme_folders or (default_theme(),))
        self._mjml = Mjml()

    def render_edition(
        self, edition: Edition, publication: Publication, newsletter_title: str, base_url: str
    ) -> Rendered:
        """Render one content variant; links to unsubscribe hold `text.TOKEN`."""
        spoken = speech(self._theme.folders, publication.language)
        view = edition_view(edition, publication, newsletter_title, base_url.rstrip("/"), spoken)
        return self._render("edition", {**_common(publication, spoken), **values_of(view)})

    def render_mail(
        self, name: str, publication: Publication, values: Mapping[str, str]
    ) -> Rendered:
        """Render a mail to one person, such as `confirm`; `values` are its template's words.

        `confirm` needs `newsletter_title` and `confirm_url`.
        """
        spoken = speech(self._theme.folders, publication.language)
        given = {key: clean(value) for key, value in values.items()}
        return self._render(name, {**given, **_common(publication, spoken)})

    def close(self) -> None:
        """End the renderer's process; the next render starts it again."""
        self._mjml.close()

    def _render(self, name: str, values: Mapping[str, object]) -> Rendered:
        subject = clean(self._theme.plain(f"{name}/subject.txt", values))
        marked = self._theme.markup(f"{name}/body.mjml", {"subject": subject, **values})
        text = self._theme.plain(f"{name}/body.txt", {"subject": subject, **values})
        return Rendered(subject, self._html(marked), _GAP.sub("\n\n", text).strip() + "\n")

    def _html(self, marked: Marked) -> str:
        problems = lint(marked)
        if problems:
            raise RenderError("\n".join(problems))
        try:
            html = self._mjml.to_html(marked.text)
        except RenderError as exc:
            raise RenderError(f"{marked.spot(0).template}: {exc}") from exc
        return _INDENT.sub("\n", html).strip() + "\n"


def _common(publication: Publication, spoken: Speech) -> dict[str, object]:
    """Return what every template may use."""
    return {
        "publication": publication,
        "contact": parseaddr(publication.contact)[1],
        "words": spoken.words,
        "lang": spoken.language,
        "dir": spoken.direction,
        "start": spoken.start,
        "end": spoken.end,
        "hues": (),
    }
