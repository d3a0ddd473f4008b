"""The renderer's process may crash or hang; the program does not."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.errors import RenderError
from digest.render import default_theme
from digest.render.isolated import Isolated
from digest.render.look import look_of
from digest.render.press import Job, merge_conditions
from digest.render.shown import Outlet
from digest.settings import Theme

PAGE = """<mjml lang="en" dir="ltr"><mj-body>
<mj-section><mj-column><mj-text>One</mj-text></mj-column></mj-section>
<mj-section><mj-column><mj-text>Two</mj-text></mj-column></mj-section>
</mj-body></mjml>"""
DEEP = f"<mjml><mj-body><mj-raw>{'<b>' * 300_000}{'</b>' * 300_000}</mj-raw></mj-body></mjml>"


@pytest.fixture
def isolated() -> Iterator[Isolated]:
    isolated = Isolated(seconds=5)
    yield isolated
    isolated.close()


def test_mjml_becomes_html(isolated: Isolated) -> None:
    html = isolated.to_html(PAGE)
    assert html.startswith("<!doctype html>")
    assert "One" in html
    assert "fonts.googleapis" not in html


def test_line_ends_do_not_matter(isolated: Isolated) -> None:
    assert isolated.to_html(PAGE) == isolated.to_html(PAGE.replace("\n", "\r\n"))


def test_a_refused_page_is_a_render_error(isolated: Isolated) -> None:
    with pytest.raises(RenderError, match="refused the page"):
        isolated.to_html("<mjml><mj-body>")


def test_a_crash_is_a_render_error_and_the_next_page_works(isolated: Isolated) -> None:
    good = isolated.to_html(PAGE)
    with pytest.raises(RenderError, match="crashed"):
        isolated.to_html(DEEP)
    assert isolated.to_html(PAGE) == good


def test_a_killed_worker_is_replaced(isolated: Isolated) -> None:
    isolated.to_html(PAGE)
    assert isolated._worker is not None
    os.kill(isolated._worker.process.pid, signal.SIGKILL)
    with pytest.raises(RenderError):
        isolated.to_html(PAGE)
    assert "One" in isolated.to_html(PAGE)


def test_a_hanging_worker_is_given_up() -> None:
    isolated = Isolated(seconds=1)
    isolated.to_html(PAGE)
    assert isolated._worker is not None
    os.kill(isolated._worker.process.pid, signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(RenderError, match="longer than 1 seconds"):
        isolated.to_html(PAGE)
    assert time.monotonic() - started < 10
    isolated.close()


def test_a_thread_may_render(isolated: Isolated) -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(isolated.to_html(PAGE)))
    thread.start()
    thread.join()
    assert found == [isolated.to_html(PAGE)]


def test_a_forked_child_gets_a_worker_of_its_own(isolated: Isolated) -> None:
    html = isolated.to_html(PAGE)
    child = os.fork()
    if child == 0:
        os._exit(0 if isolated.to_html(PAGE) == html else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert isolated.to_html(PAGE) == html


def test_a_worker_ends_with_its_renderer() -> None:
    isolated = Isolated()
    isolated.to_html(PAGE)
    assert isolated._worker is not None
    process = isolated._worker.process
    del isolated
    assert process.wait(5) == -signal.SIGKILL


def test_neighbouring_outlook_conditionals_become_one(isolated: Isolated) -> None:
    html = isolated.to_html(PAGE)
    assert "<![endif]--><!--[if mso | IE]>" not in html
    assert html.count("<!--[if mso | IE]>") == 7  # twelve before


def test_other_conditionals_stay_as_they_are() -> None:
    kept = (
        "<!--[if mso]>a<![endif]--><!--[if mso | IE]>b<![endif]-->"
        "<!--[if !mso]><!-->c<!--<![endif]--><!--[if mso | IE]>d<![endif]-->"
    )
    assert merge_conditions(kept) == kept


def test_three_conditionals_in_a_row_become_one() -> None:
    one = "<!--[if mso | IE]>{}<![endif]-->"
    assert merge_conditions(one.format("a") + "\n" + one.format("b") + one.format("c")) == (
        one.format("abc")
    )


ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
BRANCHING = (
    "{% macro a(n) %}{% if n %}{{ a(n - 1) }}{{ a(n - 1) }}{% endif %}{% endmacro %}{{ a(99) }}"
)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (ENDLESS, r"confirm/body\.mjml:2: this takes too long"),
        (BRANCHING, r"confirm/body\.mjml:2: this takes too long"),
        ("{% for n in range(10 ** 9) %}{% endfor %}", r"confirm/body\.mjml:2: Range too big"),
        ("{{ 'x' * 10 ** 10 }}", r"confirm/body\.mjml:2: this needs too much memory"),
        ("{{ ['x'] * 10 ** 9 }}", r"confirm/body\.mjml:2: this needs too much memory"),
        ('{% include "confirm/body.mjml" %}', "templates include each other without end"),
        ("<b>" * 500, "more than 100 tags inside each other"),
    ],
)
def test_a_template_without_end_is_an_error_and_the_next_mail_works(
    tmp_path: Path, template: str, said: str
) -> None:
    broken = tmp_path / "confirm"
    broken.mkdir()
    (broken / "body.mjml").write_text(f"<mjml>\n{template}</mjml>")
    isolated = Isolated(seconds=2)
    bad, good = _confirmation((tmp_path, default_theme())), _confirmation((default_theme(),))
    assert isolated.mail(good).html
    started = time.monotonic()
    with pytest.raises(RenderError, match=said):
        isolated.mail(bad)
    assert time.monotonic() - started < 10
    assert isolated.mail(good).html
    isolated.close()


def test_native_code_without_end_ends_the_worker(tmp_path: Path) -> None:
    broken = tmp_path / "confirm"
    broken.mkdir()
    (broken / "body.mjml").write_text("<mjml>\n{{ 9 ** (9 ** 9) }}</mjml>")
    isolated = Isolated(seconds=1)
    with pytest.raises(RenderError, match="crashed or took longer than 1 seconds"):
        isolated.mail(_confirmation((tmp_path, default_theme())))
    assert isolated.mail(_confirmation((default_theme(),))).html
    isolated.close()


def _confirmation(folders: tuple[Path, ...]) -> Job:
    values = {
        "newsletter_title": "The Week",
        "confirm_url": "https://news.example/c/abc",
        "hues": (),
        "publication": Outlet("Atlas", "https://news.example", "1 Main Street", ""),
        "look": look_of(Theme(), "The Week"),
    }
    return Job(folders, "confirm", "en", tuple(values.items()))
