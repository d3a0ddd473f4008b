"""`digest run` as a process: a clean start, one line for each event, an orderly end."""

import json
import logging
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import icalendar
import pytest

from digest.logs import JsonLines, Lines, Once
from tests.apps import Clock, an_app
from tests.make import NOW


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_it_starts_clean_logs_json_lines_and_ends_on_sigterm(tmp_path: Path) -> None:
    an_app(tmp_path).close()
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("[web]", f"[web]\nport = {free_port()}"))
    command = [sys.executable, "-m", "digest", "run", "--log-json"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        first = json.loads(process.stderr.readline())
        assert first["level"] == "info"
        assert "schedule and sender on" in first["text"]
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        rest = [json.loads(line) for line in process.stderr.read().splitlines()]
    assert process.returncode == 0
    assert rest[-1]["text"] == "stopped"


def a_record(text: str, **facts: str) -> logging.LogRecord:
    record = logging.LogRecord("digest", logging.WARNING, "", 0, text, None, None)
    record.facts = facts
    return record


def test_an_event_of_many_lines_is_one_line_of_the_log() -> None:
    record = a_record("weekly@2026-11-23 is held: thin week\n\nLook at it.", event="held")
    assert "\n" not in Lines().format(record)
    assert Lines().format(record).endswith("is held: thin week; Look at it.")
    assert json.loads(JsonLines().format(record))["event"] == "held"


def test_what_fails_again_and_again_is_one_line_an_hour() -> None:
    once, record = Once(), a_record("relay: no connection")
    said = [once.filter(record) for _ in range(3)]
    record.created += 3_601
    assert [*said, once.filter(record)] == [True, False, False, True]


def test_the_next_year_is_a_calendar_programs_can_read(tmp_path: Path) -> None:
    from digest.pipeline.calendar import upcoming, year

    more = 'schedule = "sunday 02:30"\nskip_dates = [2026-12-27]'
    app = an_app(tmp_path, clock=Clock(NOW), more=more)
    calendar: Any = icalendar.Calendar.from_ical(year(app))
    events = calendar.walk("VEVENT")
    assert len(events) in (52, 53)
    assert len({str(event["UID"]) for event in events}) == len(events)
    by_day: dict[str, Any] = {event["UID"].split("@")[1][:10]: event for event in events}
    assert by_day["2026-12-27"]["STATUS"] == "CANCELLED"
    assert by_day["2027-03-28"].decoded("DTSTART").isoformat() == "2027-03-28T01:00:00+00:00"
    assert "does not exist" in by_day["2027-03-28"]["DESCRIPTION"]
    notes = [note for _, _, _, note in upcoming(app, 20)]
    assert notes.count("skipped by skip_dates") == 1
    assert sum("does not exist" in note for note in notes) == 1
    app.close()


@pytest.mark.parametrize("words", [["schedule", "--year"], ["schedule", "-n", "2", "--json"]])
def test_the_schedule_needs_no_database(tmp_path: Path, words: list[str]) -> None:
    an_app(tmp_path).close()
    (tmp_path / "digest.db").unlink()
    command = [sys.executable, "-m", "digest", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout
