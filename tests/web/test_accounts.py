"""Log in: passwords, the brake on guesses, sessions that end, the second factor."""

import hashlib
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import pytest
import segno
from sqlalchemy import event
from typer.testing import CliRunner

from digest.app import App
from digest.cli import app as commands
from digest.errors import NotIn, TooMany, WrongState
from digest.store import admins
from digest.web.admin import accounts
from tests.apps import Clock, an_app
from tests.web.desk import PASSWORD, Desk, a_desk, an_admin


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, clock)
    yield opened
    opened.close()


def test_a_password_is_kept_as_scrypt_with_a_salt_of_its_own() -> None:
    one, two = accounts.hash_password(PASSWORD), accounts.hash_password(PASSWORD)
    assert one != two
    assert accounts.is_password(PASSWORD, one)
    assert not accounts.is_password(PASSWORD + "x", one)
    salt, hashed = one.split("$")
    again = hashlib.scrypt(
        PASSWORD.encode(), salt=bytes.fromhex(salt), n=2**15, r=8, p=1, maxmem=2**26, dklen=32
    )
    assert again.hex() == hashed
    with pytest.raises(WrongState, match="10 to 200"):
        accounts.hash_password("short")


def test_there_is_nobody_until_somebody_is_made(app: App) -> None:
    for name in ("admin", "root", ""):
        with pytest.raises(NotIn):
            accounts.log_in(app, name, "admin", "", "192.0.2.1")


def test_a_session_ends_with_log_out_password_role_and_time(app: App, clock: Clock) -> None:
    token = an_admin(app)
    assert accounts.session_of(app, token)
    accounts.log_out(app, token)
    assert accounts.session_of(app, token) is None
    token = an_admin(app)
    accounts.create_admin(app, "olga", "editor", "another password", reset=True)
    assert accounts.session_of(app, token) is None
    token = an_admin(app)
    clock.move(hours=12)
    assert accounts.session_of(app, token) is None


def test_an_old_cookie_is_worth_nothing_after_a_new_password(app: App) -> None:
    with a_desk(app) as desk:
        other = an_admin(app, "owner", "owner")
        fields = {"old": PASSWORD, "new": "a longer password", "again": "a longer password"}
        assert desk.submit("/account/password", **(fields | {"old": "wrong"}))[0] == 409
        assert desk.submit("/account/password", **fields)[0] == 303
        assert desk.get("/admin").status_code == 401
        assert accounts.session_of(app, other) is None
        desk.cookies.clear()
        to = desk.post("/admin/login", data={"name": "owner", "password": "a longer password"})
        assert to.status_code == 303
        assert desk.get("/admin").status_code == 200


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "/x"])
def test_logging_in_leads_nowhere_else(app: App, to: str) -> None:
    an_admin(app)
    with Desk(app) as desk:
        given = {"name": "olga", "password": PASSWORD, "to": to}
        answer = desk.post("/admin/login", data=given)
        assert answer.headers["location"] == "/admin"


def test_logging_in_leads_to_the_page_that_was_asked_for(app: App) -> None:
    an_admin(app)
    with Desk(app) as desk:
        assert 'name="to" value="/admin/feeds"' in desk.get("/admin/feeds").text
        given = {"name": "olga", "password": PASSWORD, "to": "/admin/feeds"}
        assert desk.post("/admin/login", data=given).headers["location"] == "/admin/feeds"


def test_of_a_thousand_guesses_at_once_at_most_twenty_are_tried(tmp_path: Path) -> None:
    app = an_app(tmp_path, clock=Clock())
    app = type(app)(app.settings, app.folder, app.database, app.keys)  # with the true clock
    an_admin(app)
    tried = 0

    def guess(number: int) -> bool:
        try:
            accounts.log_in(app, "olga", f"guess {number}", "", f"192.0.{number % 250}.{number}")
        except NotIn:
            return True
        except TooMany:
            return False
        raise AssertionError("a guess was right")

    with ThreadPoolExecutor(32) as pool:
        tried = sum(pool.map(guess, range(1_000)))
    assert 5 <= tried <= 20
    app.close()


def test_a_brake_lets_go_again_and_is_forgotten_by_who_is_in(app: App, clock: Clock) -> None:
    an_admin(app)
    for _ in range(5):
        with pytest.raises(NotIn):
            accounts.log_in(app, "olga", "wrong", "", "192.0.2.1")
    with pytest.raises(TooMany):
        accounts.log_in(app, "olga", PASSWORD, "", "192.0.2.77")  # the same network
    assert accounts.log_in(app, "olga", PASSWORD, "", "198.51.100.1")  # from home
    clock.move(minutes=15)
    assert accounts.log_in(app, "olga", PASSWORD, "", "192.0.2.1")
    for _ in range(4):
        with pytest.raises(NotIn):
            accounts.log_in(app, "olga", "wrong", "", "192.0.2.1")


def test_who_has_a_wide_network_has_no_more_guesses(app: App) -> None:
    tried = 0
    with pytest.MonkeyPatch.context() as quick:
        quick.setattr(accounts, "is_password", lambda *_: False)  # a hash takes 100 ms
        for number in range(130):
            with pytest.raises((NotIn, TooMany)) as said:
                accounts.log_in(app, f"n{number}", "wrong", "", f"2001:db8:7:{number:x}::1")
            tried += said.type is NotIn
    assert 100 <= tried < 110


def refused(app: App, clock: Clock, name: str) -> float:
    """Return how many seconds of computing a wrong log in takes."""
    clock.move(hours=1)
    began = time.process_time()
    with pytest.raises(NotIn):
        accounts.log_in(app, name, "wrong", "", "192.0.2.1")
    return time.process_time() - began


def test_an_unknown_name_takes_as_long_as_a_known_one(app: App, clock: Clock) -> None:
    an_admin(app)
    refused(app, clock, "olga")
    pairs = [(refused(app, clock, "olga"), refused(app, clock, "nobody")) for _ in range(15)]
    known = statistics.median(one for one, _ in pairs)
    apart = statistics.median(one - other for one, other in pairs)
    # T6 asks for 5 ms on a quiet machine. A hash is some 100 ms, so that without one, or with a
    # cheaper one, the other would take a tenth; what a busy machine adds comes to both of a pair.
    assert abs(apart) < max(0.005, 0.15 * known), (apart, known)


def test_an_unknown_name_asks_the_database_the_same(app: App, clock: Clock) -> None:
    an_admin(app)
    said: list[str] = []

    def keep(_c: object, _cursor: object, words: str, *_: object) -> None:
        said.append(words)

    event.listen(app.database.engine, "before_cursor_execute", keep)
    asked = {}
    for name in ("olga", "nobody"):
        said.clear()
        refused(app, clock, name)
        asked[name] = list(said)
    assert asked["olga"] == asked["nobody"] != []


def test_the_codes_are_those_of_rfc_6238() -> None:
    secret = b"12345678901234567890"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert accounts.totp(secret, seconds // 30) == code


def test_with_a_second_factor_a_password_alone_is_not_enough(app: App, clock: Clock) -> None:
    with Desk(app, an_admin(app, "ed", "editor")) as desk:
        page = desk.submit("/account/totp/new")[1]
        salt = page.split('name="salt" value="')[1].split('"')[0]
        with app.database.reading() as tx:
            me = admins.named(tx, "ed")
        assert me is not None
        secret = accounts.totp_secret(app, me, salt)
        assert accounts.totp_word(secret) in page
        link = unescape(page.split('<a href="otpauth')[1].split('"')[0])
        drawn = segno.make(f"otpauth{link}", error="m").svg_inline(omitsize=True, light="#fff")
        assert drawn in page
        assert "viewBox" in drawn  # else it is cut off where it is made smaller
        step = int(clock.moment.timestamp()) // 30
        code = accounts.totp(secret, step)
        assert desk.submit("/account/totp", salt=salt, code="000000")[0] == 409
        assert desk.submit("/account/totp", salt=salt, code=code)[0] == 303
    assert salt not in accounts.totp_word(secret)
    for wrong in ("", "000000", accounts.totp(secret, step + 3)):
        with pytest.raises(NotIn):
            accounts.log_in(app, "ed", PASSWORD, wrong, "192.0.2.1")
    assert accounts.log_in(app, "ed", PASSWORD, code, "192.0.2.1")
    with pytest.raises(NotIn):
        accounts.log_in(app, "ed", PASSWORD, code, "192.0.2.1")  # a code counts once


def test_a_name_is_taken_once(app: App) -> None:
    accounts.create_admin(app, "ada", "editor", PASSWORD)
    with pytest.raises(WrongState, match="--reset"):
        accounts.create_admin(app, "ada", "owner", PASSWORD)
    with pytest.raises(WrongState, match="editor, owner"):
        accounts.create_admin(app, "eve", "god", PASSWORD)
    with pytest.raises(WrongState, match="1 to 60"):
        accounts.create_admin(app, " ", "editor", PASSWORD)


def test_the_command_makes_and_removes_who_may_use_the_desk(app: App) -> None:
    def run(*words: str, typed: str = "") -> tuple[int, str]:
        config = str(app.folder / "config.toml")
        done = CliRunner().invoke(commands, ["-c", config, "web", *words], input=typed)
        return done.exit_code, done.output

    code, said = run("create-admin", "ada", "--role", "owner", typed="a good password\n")
    assert (code, "a good password" in said) == (0, False)
    assert accounts.log_in(app, "ada", "a good password", "", "192.0.2.1")
    code, said = run("create-admin", "bob")
    made = said.split("shown this once: ")[1].strip()
    assert accounts.log_in(app, "bob", made, "", "192.0.2.1")
    assert run("create-admin", "bob")[0] == 1
    assert run("create-admin", "bob", "--reset", typed="another password\n")[0] == 0
    assert run("remove-admin", "bob")[0] == 0
    assert run("remove-admin", "bob")[0] == 1
    with pytest.raises(NotIn):
        accounts.log_in(app, "bob", "another password", "", "192.0.2.1")
