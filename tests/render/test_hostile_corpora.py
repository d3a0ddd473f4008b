"""Public lists of hostile strings, in every field of an edition, and what a spam filter says."""

import base64
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest

from digest.deliver.message import build, compile_message
from digest.model import Edition, Rendered
from digest.render import Renderer
from digest.settings import Theme
from tests.deliver.make import a_head, a_recipient
from tests.render.editions import BASE, TITLE, a_full_edition, a_long_edition, a_publication
from tests.render.test_hostile import assert_harmless, hostile_edition

Corpus = Callable[[str], Path]


def _strings(corpus: Corpus) -> list[str]:
    naughty = json.loads((corpus("naughty-strings") / "blns.json").read_text("utf-8"))
    coded = json.loads((corpus("naughty-strings") / "blns.base64.json").read_text("utf-8"))
    decoded = [base64.b64decode(text).decode("utf-8", "replace") for text in coded]
    attacks = json.loads((corpus("html-xss-dompurify") / "payloads.json").read_text("utf-8"))
    payloads = [attack["payload"] for attack in attacks]
    return list(dict.fromkeys([*naughty, *decoded, *payloads]))


def _headers(rendered: Rendered) -> list[str]:
    message = message_from_bytes(build(compile_message(rendered, a_head()), a_recipient()).content)
    return message.keys()


@pytest.mark.parametrize("theme", ["default", "plain"])
def test_no_hostile_string_breaks_a_mail_or_comes_alive(
    renderer: Renderer, corpus: Corpus, theme: str
) -> None:
    strings = _strings(corpus)
    assert len(strings) > 700
    usual = _headers(_render(renderer, a_full_edition(), theme))
    for text in strings:
        rendered = _render(renderer, hostile_edition(text), theme)
        assert_harmless(rendered)
        assert _headers(rendered) == usual, text


def _render(renderer: Renderer, edition: Edition, theme: str) -> Rendered:
    return renderer.render_edition(edition, a_publication(), TITLE, BASE, Theme(name=theme))


@pytest.mark.parametrize("theme", ["default", "plain"])
@pytest.mark.parametrize("edition", [a_full_edition(), a_long_edition()], ids=["full", "long"])
def test_a_spam_filter_likes_our_mail(renderer: Renderer, edition: Edition, theme: str) -> None:
    if not shutil.which("spamassassin"):
        pytest.skip("spamassassin is not installed")
    rendered = _render(renderer, edition, theme)
    mail = build(compile_message(rendered, a_head()), a_recipient()).content
    done = subprocess.run(
        ["spamassassin", "-t", "-L"], input=mail, capture_output=True, timeout=300, check=True
    )
    said = done.stdout.decode("utf-8", "replace")
    score = re.search(r"X-Spam-Status: [^,]+, score=(-?[\d.]+)", said)
    assert score is not None, said[:2000]
    sys.stdout.write(f"spamassassin: {score[1]}\n")  # pytest -rP shows it
    assert float(score[1]) <= -0.5
