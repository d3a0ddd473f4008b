"""The renderer's process may crash or hang; the program does not."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from digest.errors import RenderError
from digest.render.isolated import Isolated
from digest.render.press import merge_conditions

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
