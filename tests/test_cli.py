"""The command line through the front door: a process, its output, its exit code."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sink import Sink, running

Run = Callable[..., "subprocess.CompletedProcess[str]"]

CONFIG = """\
[publication]
name = "Atlas"
url = "https://news.example"
timezone = "Europe/Berlin"
postal_address = "1 Main Street, 10115 Berlin"
[mail]
from = "Atlas <weekly@news.example>"
transport = "folder"
[newsletters.weekly]
title = "The Week"
sections = [ { category = "Sport", stories = 2 } ]
"""
ROWS = [
    {
        "url": f"https://news.example/{n}",
        "title": title,
        "author": f"Author {n}",
        "summary": "One sentence on what happened, and another on what it means for you.",
        "categories": ["Sport" if n > 3 else f"C{n}"],
        "published_at": f"2026-11-{17 + n % 6}T08:00:00Z",
        "comments": 10 * n,
    }
    for n, title in enumerate(
        (
            "Harbour reopens after storm",
            "Parliament publishes its letters",
            "Wolves return to a quiet valley",
            "Chip maker doubles night shift",
            "Goalkeeper saves three penalties",
            "Cyclist crosses Alps chainless",
        )
    )
]
AT = "2026-11-23T06:30:00Z"


@pytest.fixture
def outlet(digest: Run, tmp_path: Path) -> Run:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "week.json").write_text(json.dumps(ROWS), encoding="utf-8")
    assert digest("init").returncode == 0
    done = digest("articles", "import", "week.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 file: 6 new, 0 updated, 0 unchanged, 0 refused" in done.stdout
    return digest


def test_init_makes_a_config_that_loads_and_says_what_to_do_next(
    digest: Run, tmp_path: Path
) -> None:
    done = digest("init", "outlet")
    assert done.returncode == 0
    assert "feeds add https://YOUR-SITE/" in done.stdout
    assert oct((tmp_path / "outlet/digest.key").stat().st_mode)[-3:] == "600"
    assert digest("config", "check", "-c", "outlet/config.toml").returncode == 0
    before = (tmp_path / "outlet/digest.key").read_text()
    assert digest("init", "outlet").returncode == 0
    assert (tmp_path / "outlet/digest.key").read_text() == before


def test_mistakes_in_the_config_end_with_code_2_and_one_line_each(
    digest: Run, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.replace("title", "tittle"), encoding="utf-8")
    done = digest("config", "check")
    assert done.returncode == 2
    assert (
        "config.toml:10: newsletters.weekly.tittle: unknown setting, did you mean 'title'?"
        in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_an_unknown_weight_is_a_mistake_with_its_line(digest: Run, tmp_path: Path) -> None:
    more = "[newsletters.weekly.ranking]\nweights = { fame = 2 }\n"
    (tmp_path / "config.toml").write_text(CONFIG + more, encoding="utf-8")
    done = digest("config", "check")
    assert done.returncode == 2
    assert (
        "config.toml:13: newsletters.weekly.ranking.weights.fame: there is no such signal"
        in done.stderr
    )


def test_what_is_in_force_is_shown_without_secrets(digest: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    done = digest("config", "show", DIGEST_MAIL__SMTP__PASSWORD="hunter2")
    assert "newsletters.weekly.title = 'The Week'" in done.stdout
    assert "hunter2" not in done.stdout
    assert json.loads(digest("config", "show", "--json").stdout)["mail"]["transport"] == "folder"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["build"], 1, "no database here; run `digest init` first"),
        (["nonsense"], 2, "No such command"),
        (["build", "--at", "yesterday"], 2, "is not a moment such as"),
        (["-c", "none.toml", "build"], 2, "no such file; `digest init` makes one"),
    ],
)
def test_wrong_use_is_one_clear_line(
    digest: Run, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "digest.key").write_text("k" * 40)
    done = digest(*words)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "digest.db").exists()


def test_the_whole_job_by_command(outlet: Run, tmp_path: Path) -> None:
    built = json.loads(outlet("build", "weekly", "--at", AT, "--json").stdout)
    assert built["state"] == "draft"
    assert built["slot"] == "2026-11-23"
    assert len(built["top_stories"]) == 6
    assert set(built["top_stories"][0]) >= {"article_id", "url", "title", "score", "also"}

    explained = json.loads(outlet("explain", "latest", "--json").stdout)
    for picked in explained["picked"]:
        assert sum(picked["parts"].values()) == picked["score"]

    done = outlet("preview", "latest", "--out", "look")
    assert done.returncode == 0
    assert sorted(p.name for p in (tmp_path / "look").iterdir()) == [
        "preview.eml",
        "preview.html",
        "preview.txt",
    ]
    findings = json.loads(outlet("preflight", "latest", "--json").stdout)["findings"]
    assert not [f for f in findings if f["severity"] == "blocker"]

    for name in ("ada", "grace"):
        added = outlet("subscribers", "add", f"{name}@reader.example", "--confirmed")
        assert added.returncode == 0
    sent = outlet("send", "latest", "--yes")
    assert sent.returncode == 0, sent.stderr
    assert "frozen 2, open 0, sent 2" in sent.stdout
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2

    shown = json.loads(outlet("editions", "show", "latest", "--json").stdout)
    assert shown["state"] == "sent"
    assert shown["numbers"] == {
        "frozen": 2, "open": 0, "sent": 2, "failed": 0,
        "suppressed": 0, "expired": 0, "cancelled": 0, "uncertain": 0,
    }  # fmt: skip
    assert outlet("send", "latest", "--yes").returncode == 1
    assert outlet("db", "check").returncode == 0


def test_sending_asks_unless_told_and_a_dry_run_sends_nothing(outlet: Run, tmp_path: Path) -> None:
    outlet("build", "--at", AT)
    outlet("subscribers", "add", "ada@reader.example", "--confirmed")
    asked = outlet("send", "latest")
    assert asked.returncode == 3
    assert "give --yes" in asked.stderr
    assert "would go to 1 subscriber" in outlet("send", "latest", "--dry-run").stdout
    assert not (tmp_path / "outbox").exists()


def test_the_config_may_be_named_before_or_after_the_command(outlet: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").rename(tmp_path / "other.toml")
    for words in (["-c", "other.toml", "feeds", "list"], ["feeds", "list", "--config=other.toml"]):
        assert outlet(*words).returncode == 0
    assert outlet("feeds", "list", DIGEST_CONFIG="other.toml").returncode == 0


def test_articles_are_listed_with_the_fixed_names(outlet: Run) -> None:
    rows = json.loads(outlet("articles", "list", "--json").stdout)
    assert len(rows) == 6
    assert set(rows[0]) == {
        "id", "url", "title", "author", "author_bio", "summary", "image_url", "image_caption",
        "categories", "published_at", "updated_at", "words", "feed", "hidden",
    }  # fmt: skip
    assert outlet("articles", "show", rows[0]["id"]).returncode == 0
    again = outlet("articles", "import", "week.json")
    assert "0 new, 0 updated, 6 unchanged" in again.stdout


def test_a_bad_row_is_named_and_the_rest_is_imported(outlet: Run, tmp_path: Path) -> None:
    lines = [
        json.dumps(ROWS[0] | {"url": "https://news.example/new", "title": "Another story"}),
        "{broken",
        "{}",
    ]
    (tmp_path / "more.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    done = outlet("articles", "import", "more.jsonl", "picture.png", "none.txt")
    assert done.returncode == 0
    assert "more.jsonl: 1 new" in done.stdout
    assert "line 2" in done.stderr
    assert "PNG picture" in done.stderr
    assert "none.txt: there is no such file" in done.stderr
    assert outlet("articles", "import", "none.txt").returncode == 1


def test_feeds_go_out_and_in_as_opml(outlet: Run, tmp_path: Path) -> None:
    outlet("feeds", "add", "https://news.example/feed/", "--section", "World", "--as-is")
    outlet("feeds", "add", "https://other.example/atom.xml", "--title", "Other & more", "--as-is")
    assert outlet("feeds", "add", "https://news.example/feed/").returncode == 1
    assert outlet("feeds", "add", "news.example").returncode == 1
    outlet("feeds", "export", "--out", "feeds.opml")
    for number in ("1", "https://other.example/atom.xml"):
        assert outlet("feeds", "remove", number).returncode == 0
    assert "2 feeds added, 0 known already" in outlet("feeds", "import", "feeds.opml").stdout
    feeds = json.loads(outlet("feeds", "list", "--json").stdout)
    assert {f["url"]: (f["section"], f["title"]) for f in feeds} == {
        "https://news.example/feed/": ("World", ""),
        "https://other.example/atom.xml": ("", "Other & more"),
    }
    assert outlet("feeds", "import", "week.json").returncode == 1


def test_a_feed_that_cannot_be_fetched_is_one_line_and_noted(outlet: Run) -> None:
    done = outlet("feeds", "add", "http://127.0.0.1/feed")
    assert done.returncode == 1
    assert "allow it in [fetch] allow_networks" in done.stderr
    assert "--as-is" not in done.stderr  # it could never be fetched either
    assert json.loads(outlet("feeds", "list", "--json").stdout) == []
    assert "there is no feed yet" in outlet("fetch").stdout
    outlet("feeds", "add", "http://127.0.0.1/feed", "--as-is")
    done = outlet("fetch")
    assert done.returncode == 1
    assert "leads to a private address (127.0.0.1)" in done.stderr
    assert "Traceback" not in done.stderr
    assert "private address" in outlet("feeds", "show", "1").stdout
    assert "no feed is due" in outlet("fetch").stdout


def test_feeds_are_listed_with_their_health_in_words(outlet: Run) -> None:
    feed = "http://127.0.0.1:1/feed"
    outlet("feeds", "add", feed, "--as-is", "--full-text")
    assert re.search(r"never +now", outlet("feeds", "list").stdout)
    outlet("fetch")
    listed = outlet("feeds", "list").stdout
    for word in ("last success", "next due", "last error", "never", "leads to a private address"):
        assert word in listed
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d [A-Z]{3,4}", listed)
    shown = json.loads(outlet("feeds", "show", "1", "--json").stdout)
    assert shown["full_text"] is True
    assert outlet("feeds", "edit", "1", "--no-full-text", "--section", "World").returncode == 0
    shown = json.loads(outlet("feeds", "show", "1", "--json").stdout)
    assert (shown["full_text"], shown["section"]) == (False, "World")
    assert outlet("feeds", "edit", "1").returncode == 2


def test_counts_are_imported_by_command(outlet: Run, tmp_path: Path) -> None:
    url = json.loads(outlet("articles", "list", "--json").stdout)[0]["url"]
    path = tmp_path / "counts.csv"
    path.write_text(
        f"address,metric,value,read_at\n{url},views,120,2026-11-22T08:00:00Z\n"
        f"{url},views,many,\nhttps://other.example/x,views,5,2026-11-22T08:00:00Z\n"
    )
    done = outlet("articles", "signals", "import", "counts.csv")
    assert done.returncode == 0
    assert done.stdout == "1 count added, 0 known already, 1 address of no stored article\n"
    assert "refused: line 3" in done.stderr
    assert "no such article: https://other.example/x" in done.stderr
    again = outlet("articles", "signals", "import", "counts.csv")
    assert again.stdout.startswith("0 counts added, 1 known already")
    path.write_text("nothing")
    refused = outlet("articles", "signals", "import", "counts.csv")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


def test_fetching_shows_a_bar_on_a_terminal_and_plain_lines_elsewhere(
    outlet: Run, tmp_path: Path
) -> None:
    for number in range(2):
        outlet("feeds", "add", f"http://127.0.0.1:1/{number}", "--as-is")
    assert "0/2" not in outlet("fetch", "--force").stderr
    near, far = pty.openpty()
    words = [sys.executable, "-m", "digest", "fetch", "--force"]
    env = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(words, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=far):
        os.close(far)
        shown = b""
        with contextlib.suppress(OSError):  # the terminal closes with the process
            while part := os.read(near, 4_096):
                shown += part
    os.close(near)
    assert b"2/2" in shown


def test_the_schedule_names_the_zone_and_both_times(outlet: Run) -> None:
    rows = json.loads(outlet("schedule", "--json", "-n", "3").stdout)
    assert len(rows) == 3
    assert set(rows[0]) == {"newsletter", "local_date", "instant", "local_time", "zone", "note"}
    assert rows[0]["zone"] == "Europe/Berlin"
    assert "07:30" in rows[0]["local_time"]


def test_subscribers_are_listed_and_leave(outlet: Run) -> None:
    outlet("subscribers", "add", "Ada@reader.example", "--confirmed", "--name", "Ada")
    (row,) = json.loads(outlet("subscribers", "list", "--json").stdout)
    assert row["email"] == "Ada@reader.example"
    assert (row["status"], row["newsletters"]) == ("active", ["weekly"])
    assert outlet("subscribers", "unsubscribe", "ada@reader.example").returncode == 0
    (row,) = json.loads(outlet("subscribers", "list", "--json").stdout)
    assert (row["status"], row["newsletters"]) == ("ended", [])
    assert outlet("subscribers", "add", "nobody").returncode == 1


def test_sponsors_stand_in_the_edition(outlet: Run) -> None:
    words = ["--sponsor", "Larkspur", "--title", "Save", "--text", "Two per cent.", "--url"]
    assert outlet("placements", "add", *words, "https://larkspur.example").returncode == 0
    assert outlet("placements", "add", *words, "http://larkspur.example").returncode == 1
    assert (
        outlet("placements", "add", *words, "https://x.example", "--ends", "2020-01-01").returncode
        == 0
    )
    built = json.loads(outlet("build", "--at", AT, "--json").stdout)
    assert [p["sponsor"] for p in built["placements"]] == ["Larkspur"]
    assert len(json.loads(outlet("placements", "list", "--json").stdout)) == 2
    backwards = ("--starts", "2026-11-20", "--ends", "2026-11-10")
    refused = outlet("placements", "add", *words, "https://x.example", *backwards)
    assert "end on 2026-11-10, before it starts on 2026-11-20" in refused.stderr
    assert outlet("placements", "remove", "1").returncode == 0
    assert outlet("placements", "remove", "1").returncode == 1
    assert len(json.loads(outlet("placements", "list", "--json").stdout)) == 1


def test_the_editors_hand_by_command(outlet: Run, tmp_path: Path) -> None:
    built = json.loads(outlet("build", "--at", AT, "--json").stdout)
    first, second, third = (story["article_id"] for story in built["top_stories"][:3])
    for words, said in (
        (("editions", "pin", "latest", third, "--place", "1"), "Top Stories, place 1"),
        (("editions", "drop", "latest", second), "left out"),
        (("editions", "move", "latest", first, "--to", "top", "--place", "2"), "place 2"),
        (("editions", "edit", "latest", "--subject", "Mine", "--note", "Hello."), "Mine"),
        (("articles", "boost", first, "--points", "-1"), "boost -1 from now on"),
        (("articles", "edit", third, "--title", "Theirs", "--category", "Sport"), "Theirs"),
        (("articles", "hide", second), "hidden from now on"),
        (("articles", "hide", second, "--undo"), "shown from now on"),
    ):
        done = outlet(*words, "--by", "ada")
        assert (done.returncode, done.stderr) == (0, "")
        assert said in done.stdout
    again = json.loads(outlet("build", "--at", AT, "--json").stdout)
    assert [story["article_id"] for story in again["top_stories"][:2]] == [third, first]
    assert (again["subject"], again["note"]) == ("Mine", "Hello.")
    assert "dropped by ada" in outlet("explain", "latest", second).stdout
    assert outlet("explain", "latest", "--html", "--out", "why.html").stdout == "why.html\n"
    assert "pinned to place 1 by ada" in (tmp_path / "why.html").read_text(encoding="utf-8")
    assert outlet("explain", "latest", "--html").stdout.startswith("<!doctype html>")
    assert outlet("explain", "latest", second, "--html").returncode == 2
    undone = outlet("editions", "drop", "latest", second, "--undo")
    assert "place" in undone.stdout


def test_slots_are_skipped_and_editions_called_back_by_command(outlet: Run) -> None:
    skipped = outlet("editions", "skip", "weekly@2026-12-28", "--reason", "holidays", "--by", "ada")
    assert skipped.stdout == "weekly@2026-12-28: skipped by ada: holidays\n"
    outlet("build", "--at", AT)
    assert outlet("editions", "cancel", "weekly@2026-11-23").returncode == 1
    outlet("editions", "approve", "weekly@2026-11-23")
    refused = outlet("editions", "pin", "weekly@2026-11-23", "https://news.example/1")
    assert refused.returncode == 1
    assert "is approved; only a draft can be changed" in refused.stderr
    done = outlet("editions", "cancel", "weekly@2026-11-23")
    assert done.returncode == 0
    assert "draft" in done.stdout or "held" in done.stdout


def test_a_relay_that_refuses_is_one_line_and_nothing_is_lost(outlet: Run, tmp_path: Path) -> None:
    outlet("build", "--at", AT)
    outlet("subscribers", "add", "ada@reader.example", "--confirmed")
    smtp = {"DIGEST_MAIL__TRANSPORT": "smtp", "DIGEST_MAIL__SMTP__SECURITY": "none"}
    done = outlet("send", "latest", "--yes", DIGEST_MAIL__SMTP__PORT="1", **smtp)
    assert done.returncode == 3
    assert "stopped: " in done.stderr
    assert "frozen 1, open 1, sent 0" in done.stdout
    with running(Sink()) as sink:
        done = outlet("send", "latest", "--yes", DIGEST_MAIL__SMTP__PORT=str(sink.port), **smtp)
        assert done.returncode == 0, done.stderr
        assert sink.counts == {"ada@reader.example": 1}


def test_the_demo_is_the_same_each_time(digest: Run, tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        done = digest("demo")
        assert done.returncode == 0, done.stderr
        assert "240 articles ranked into weekly@2026-11-23" in done.stdout
        names = ("preview.html", "preview.txt", "explain.txt")
        seen.append([(tmp_path / "digest-demo" / name).read_bytes() for name in names])
    assert seen[0] == seen[1]
    page = seen[0][0].decode()
    assert len(list((tmp_path / "digest-demo/images").glob("*.jpg"))) == 4
    assert page.count('src="data:image/jpeg;base64,') == page.count("<img ") == 4
    again = digest("-c", "digest-demo/config.toml", "preview", "latest")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "preview/preview.html").read_text(encoding="utf-8") == page


def test_the_demo_does_not_empty_a_folder_of_yours(digest: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("keep")
    done = digest("demo", "--dir", "mine")
    assert done.returncode == 1
    assert "mine is not empty" in done.stderr
    assert (tmp_path / "mine/letter.txt").read_text() == "keep"


def test_run_serves_sends_and_stops_when_told(outlet: Run, tmp_path: Path) -> None:
    outlet("build", "--at", AT)
    outlet("subscribers", "add", "ada@reader.example", "--confirmed")
    port = _free_port()
    (tmp_path / "config.toml").write_text(CONFIG + f"[web]\nport = {port}\n", encoding="utf-8")
    running_now = subprocess.Popen(
        [sys.executable, "-m", "digest", "run"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        health = _wait_for(f"http://127.0.0.1:{port}/healthz")
        assert json.loads(health)["ok"] is True
    finally:
        running_now.send_signal(signal.SIGTERM)
        _, said = running_now.communicate(timeout=40)
    assert running_now.returncode in (0, -signal.SIGTERM)
    assert "stopped" in said


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str) -> str:
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer within 20 s")
