"""A preview shows a reader's own mail, follows its templates, has its picture taken."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from digest import membership, pipeline
from digest.app import App
from digest.audience.tokens import UNSUBSCRIBE
from digest.errors import ConfigError, InvalidToken, NotFound, WrongState
from digest.pipeline.shots import take_shots
from tests.apps import an_app, fill
from tests.make import NOW


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = an_app(tmp_path)
    fill(opened, readers=1)
    yield opened
    opened.close()


def written(app: App, out: Path, reader: str = "") -> list[Path]:
    edition = pipeline.compose_next(app, "weekly", NOW)
    return pipeline.write_preview(app, pipeline.proof(app, edition), out, reader)


def test_a_reader_sees_their_own_mail_with_links_that_do_nothing(app: App, tmp_path: Path) -> None:
    html, _, eml = written(app, tmp_path / "out", "R0@reader.example")
    mail = message_from_bytes(eml.read_bytes(), policy=policy.default)
    assert mail["To"] == "r0@reader.example"
    tokens = set(re.findall(r"/u/(\w+)", html.read_text() + str(mail["List-Unsubscribe"])))
    assert [len(token) for token in tokens] == [33]
    with pytest.raises(InvalidToken):
        membership.subscription_for(app, UNSUBSCRIBE, tokens.pop())


def test_who_would_not_get_it_is_told_so(app: App, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not one of the subscribers"):
        written(app, tmp_path / "out", "nobody@reader.example")
    membership.add_subscriber(app, "new@reader.example", "weekly", confirmed=False)
    with pytest.raises(WrongState, match=r"would not get weekly@2026-11-\d\d: pending"):
        written(app, tmp_path / "out", "new@reader.example")
    assert not (tmp_path / "out").exists()


def test_an_app_reads_its_config_again_and_keeps_its_renderer(app: App, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(path.read_text().replace("The Week at Atlas", "Seven Days"))
    again = app.reread(path, {})
    assert again.newsletter("weekly").title == "Seven Days"
    assert again.renderer is app.renderer
    path.write_text("[publication]\n")
    with pytest.raises(ConfigError):
        app.reread(path, {})


def test_without_chromium_the_word_is_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFound, match="there is no Chromium to take pictures with"):
        take_shots(tmp_path / "preview.html", tmp_path / "shots")


@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no Chromium to look with")
def test_pictures_are_taken_of_every_way_to_look(app: App, tmp_path: Path) -> None:
    shots = take_shots(written(app, tmp_path / "out")[0], tmp_path / "shots")
    ways = ("light", "dark", "forced-dark", "no-images", "no-styles")
    assert [s.stem for s in shots] == [f"{w}-{way}" for w in (640, 375) for way in ways]
    seen = {}
    for shot in shots:
        with Image.open(shot) as picture:
            assert picture.width == int(shot.stem[:3])
            assert 1000 < picture.height < 12_000
            seen[shot.stem] = ImageStat.Stat(picture.convert("L")).mean[0]
    assert seen["640-light"] > 200 > 80 > seen["640-dark"]
    assert seen["375-forced-dark"] < 80


@contextlib.contextmanager
def watching(folder: Path) -> Iterator[str]:
    """Run `digest preview --watch`; yields its address."""
    command = [sys.executable, "-m", "digest", "preview", "--watch", "--port", "0"]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DIGEST_")}
    process = subprocess.Popen(command, cwd=folder, env=kept, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[0]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return str(answer.read().decode())


def test_a_watched_preview_follows_template_and_config(app: App, tmp_path: Path) -> None:
    own = tmp_path / "templates" / "email" / "parts"
    own.mkdir(parents=True)
    config = tmp_path / "config.toml"
    with watching(tmp_path) as address:
        page = get(address)
        assert "The Week at Atlas" in page

        def change(path: Path, text: str) -> tuple[str, float]:
            found = re.search(r"/changes\?seen=\d+", get(address))
            assert found
            with urllib.request.urlopen(address + found[0][1:], timeout=20) as stream:
                began = time.monotonic()
                path.write_text(text)
                assert stream.read() == b"data: changed\n\n"
                return get(address), time.monotonic() - began

        page, first = change(config, config.read_text().replace("The Week at Atlas", "Seven Days"))
        assert "Seven Days" in page
        page, second = change(own / "footer.mjml", "{% if %}")
        assert "footer.mjml" in page
        page, third = change(config, "[publication]\n")
        assert "config.toml" in page
        assert min(first, second, third) < 0.5, (first, second, third)
