"""Every mistake in the configuration is told at once, with its place."""

from pathlib import Path

import pytest

from digest.errors import ConfigError
from digest.settings import load_settings

GOOD = """\
[publication]
name = "Atlas"
url = "https://news.example"

[mail]
from = "Atlas <weekly@news.example>"

[newsletters.weekly]
title = "The Week"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, text), environ)
    return [p.replace(str(folder) + "/", "") for p in caught.value.problems]


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    settings, _ = load_settings(write(tmp_path, GOOD), {})
    assert settings.newsletters["weekly"].top_stories == 7


def test_every_mistake_is_told_at_once_with_line_and_key(tmp_path: Path) -> None:
    text = GOOD.replace("name =", "nmae =").replace(
        'title = "The Week"', 'title = "The Week"\nschedule = "mondays 7"\nwindow = "7 days"'
    )
    forms = '"monday 07:30", "daily 06:00", "weekdays 06:00", "first monday 09:00", "monthly 09:00"'
    expected = """\
config.toml:1: publication.name: is missing; `config.example.toml` shows it
config.toml:2: publication.nmae: unknown setting, did you mean 'name'?
config.toml:10: newsletters.weekly.schedule: 'mondays 7' is not a schedule; write one of FORMS
config.toml:11: newsletters.weekly.window: '7 days' is not a duration; write e.g. "90m", "24h", \
"7d" or "2w"
"""
    assert problems(tmp_path, text) == expected.replace("FORMS", forms).splitlines()


def test_a_mistake_inside_a_list_over_several_lines_names_where_it_begins(tmp_path: Path) -> None:
    text = GOOD + 'sections = [\n  { category = "World" },\n  { categry = "Sport" },\n]\n'
    where = "config.toml:10: newsletters.weekly.sections.1"
    assert problems(tmp_path, text) == [
        f"{where}.category: is missing; `config.example.toml` shows it",
        f"{where}.categry: unknown setting, did you mean 'category'?",
    ]


def test_broken_toml_names_line_and_column(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "[publication\nname = 1")
    assert problem.startswith("config.toml: not valid TOML:")
    assert "line 1" in problem


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; `digest init` makes one"):
        load_settings(tmp_path / "config.toml", {})


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    environ = {
        "DIGEST_MAIL__SMTP__PORT": "2525",
        "DIGEST_NEWSLETTERS__WEEKLY__TITLE": "Another",
        "DIGEST_NOTICES__TO": '["a@news.example"]',
        "HOME": "/root",
    }
    settings, _ = load_settings(path, environ)
    assert settings.mail.smtp.port == 2525
    assert settings.newsletters["weekly"].title == "Another"
    assert settings.notices.to == ("a@news.example",)


def test_a_wrong_value_from_the_environment_names_the_variable(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, GOOD, DIGEST_MAIL__SMTP__PORT="abc")
    assert problem.startswith("environment DIGEST_MAIL__SMTP__PORT: mail.smtp.port: ")


def test_unknown_variables_are_refused_and_two_are_not_settings(tmp_path: Path) -> None:
    found = problems(
        tmp_path, GOOD, DIGEST_SMTP__PORT="1", DIGEST_CONFIG="x", DIGEST_TEST_PG="postgresql://x"
    )
    assert len(found) == 1
    assert found[0].startswith("environment DIGEST_SMTP__PORT: smtp: unknown setting")


def test_a_variable_that_digs_into_a_plain_value_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, GOOD, DIGEST_PUBLICATION__NAME__X="1")
    assert "DIGEST_PUBLICATION__NAME__X" in problem


def test_secrets_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mail__smtp__password").write_text("hunter2\n")
    settings, _ = load_settings(write(tmp_path, GOOD), {})
    assert settings.mail.smtp.password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)


def test_an_unknown_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mail__smtp__pasword").write_text("x")
    (problem,) = problems(tmp_path, GOOD)
    assert "did you mean 'password'?" in problem


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('[web]\nbase_url = "news.example"', "is not a web address"),
        ('[database]\nurl = "mysql://x"', "sqlite:///FILE"),
        ('[mail.smtp]\nsecurity = "none"\nhost = "relay.example"', "on this machine only"),
        ('[fetch]\nallow_networks = ["10.0.0.0/99"]', "does not appear to be"),
        ('[notices]\nto = ["nobody"]', "is not an address"),
        ('[mail.dkim]\ndomain = "news.example"', "mail.dkim"),
        ("[newsletters.Week-ly]\ntitle = 'x'", "cannot name a newsletter"),
        ("[newsletters.daily]\ntitle = 'x'\nwindow = 7", "7 is not a duration"),
    ],
)
def test_a_value_that_cannot_work_is_refused(tmp_path: Path, line: str, said: str) -> None:
    assert said in "\n".join(problems(tmp_path, GOOD + line + "\n"))
