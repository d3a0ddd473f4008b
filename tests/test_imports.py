"""Files of other tools: read as they are meant, taken back, and nobody comes back by one."""

import csv
import itertools
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest import membership, pipeline
from digest.app import App
from digest.errors import BadFile, NotFound, WrongState
from digest.membership import Imported, Wanted, import_file
from digest.model import Outcome, Subscriber, SubscriptionState, SuppressionReason
from digest.shapes import status
from tests.apps import Clock, an_app, fill
from tests.audience.exports import FILES

BASIS = "double opt-in 2022"


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url)
    yield opened
    opened.close()


def bring(app: App, text: str | bytes, name: str = "file.csv", **given: object) -> Imported:
    path = app.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    apply = bool(given.pop("apply", True))
    wanted = Wanted("weekly", **{"consent": BASIS, **given})  # type: ignore[arg-type]
    return import_file(app, path, wanted, apply=apply)


def who(app: App, name: str) -> Subscriber:
    return membership.find_subscriber(app, f"{name}@reader.example")


def shown(done: Imported) -> dict[str, int]:
    return {word.value: done.counts[word] for word in Outcome if done.counts[word]}


@pytest.mark.parametrize("name", FILES)
def test_each_tool_is_known_by_its_header_and_its_words_mean_what_they_mean_there(
    app: App, name: str
) -> None:
    text, expected = FILES[name]
    done = bring(app, text)
    assert name.startswith(done.formats[0].partition(",")[0])
    assert done.counts["invalid"] == 0
    for local, (state, suppressed) in expected.items():
        person = who(app, local)
        (mine,) = person.subscriptions
        assert (mine.state, person.suppressed) == (state, suppressed), local


def test_names_dates_tags_and_evidence_are_kept(app: App) -> None:
    for name in ("MailPoet", "Mailchimp subscribed", "Buttondown"):
        done = bring(app, FILES[name][0])
        person = who(app, "a1")
        (mine,) = person.subscriptions
        assert mine.confirmed_at == datetime(2022, 1, 2, 3, 5, tzinfo=UTC), name
        assert f"{mine.created_at:%Y-%m-%d %H:%M}" == "2022-01-02 03:04", name
        kept = membership.person_shape(app, person.email)["subscriptions"][0]["log"]
        assert [(e["what"], e["words"], e["ip"]) for e in kept] == [
            ("active", BASIS, "203.0.113.0/24")
        ]
        if name == "MailPoet":
            assert person.name == 'Ada "Countess" L'
        if name == "Mailchimp subscribed":
            assert person.tags == ("vip", "local, news")
        membership.undo_import(app, done.id)


def test_a_look_changes_nothing_and_counts_what_an_import_then_does(app: App) -> None:
    text, _ = FILES["Ghost"]
    looked = bring(app, text, apply=False)
    with pytest.raises(NotFound):
        who(app, "a1")
    assert shown(looked) == shown(bring(app, text)) == {"new": 1, "kept_out": 2}
    assert shown(bring(app, text)) == {"unchanged": 3}


def test_without_a_basis_only_evidence_makes_active_and_no_mail_goes_out(app: App) -> None:
    bring(app, FILES["CSV"][0], consent="")
    assert who(app, "a1").subscriptions[0].state is SubscriptionState.PENDING
    bring(app, FILES["Mailchimp subscribed"][0], consent="")
    assert who(app, "a1").subscriptions[0].state is SubscriptionState.ACTIVE


def test_refused_rows_can_be_mended_and_imported_again(app: App) -> None:
    text = "email,status,created_at\nno address,active,\na1@reader.example,hm,\n"
    text += "a2@reader.example,active,03/04/2022\na3@reader.example,active,2022-04-03\n"
    done = bring(app, text)
    assert shown(done) == {"new": 1, "invalid": 3}
    path = Path(done.refused[0])
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert "could be two" in rows[2]["problem"]
    assert "'hm' is not one of active" in rows[1]["problem"]
    mended = path.read_text("utf-8").replace("hm", "active").replace("03/04/2022", "2022-04-03")
    assert shown(bring(app, mended, "mended.csv")) == {"new": 2, "invalid": 1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"email,name\na@b.example,Ada\nb@b.example\n", "line 3: 1 cells where the header has 2"),
        (b'email,name\na@b.example,"Ada\nb@b.example,Bob\n', "line 2: unexpected end of data"),
        (b'email,name\na@b.example,"A"da\n', "line 2: ',' expected after '\"'"),
        (b"id,email,subscribed_to_emails,deleted_at\n1,a@b.example,true,\xff\n", "line 2: not utf"),
        (b"", "empty"),
        (b"name,city\nAda,Bonn\n", "--map email=COLUMN"),
        (b"email,E-mail,email\na@b.example,x,y\n", "is there twice"),
        (b'{"email": "a@b.example"}\n{"email"\n', "line 2: not JSON"),
    ],
)
def test_a_structural_fault_refuses_the_file_with_its_line(
    app: App, text: bytes, says: str
) -> None:
    with pytest.raises(BadFile, match=says.replace("(", r"\(")):
        bring(app, text)
    with pytest.raises(NotFound):
        membership.find_subscriber(app, "a@b.example")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "cp1251", "shift_jis"])
def test_encoding_and_delimiter_are_found_out(app: App, encoding: str) -> None:
    names = {"cp1251": "Анна Владимировна Петрова", "shift_jis": "東京都の読者、花子さん"}
    name = names.get(encoding, "Jürgen Müßiggänger aus Köln")
    lines = [f"a{n}@reader.example\t{name}" for n in range(30)]
    done = bring(app, "\r\n".join(["Email\tName", *lines]).encode(encoding))
    assert shown(done) == {"new": 30}
    assert who(app, "a7").name == name


def test_columns_are_named_and_rows_are_chosen(app: App) -> None:
    text = "Post,Wer,Liste\na1@reader.example,Ada,A\na2@reader.example,Bob,B\n"
    done = bring(app, text, mapping={"email": "Post", "name": "wer"}, only={"Liste": "A"})
    assert shown(done) == {"new": 1}
    assert who(app, "a1").name == "Ada"
    for wrong in ({"email": "Mail"}, {"mail": "Post"}):
        with pytest.raises(BadFile, match="--map: there is no"):
            bring(app, text, mapping=wrong)
    with pytest.raises(BadFile, match="--rows: there is no column"):
        bring(app, text, mapping={"email": "Post"}, only={"List": "A"})


def test_columns_that_mean_nothing_are_named_and_not_those_used_or_added_by_us(app: App) -> None:
    text = "email,Signed up,Liste,problem\na1@reader.example,2024-01-05,A,\n"
    assert bring(app, text, only={"Liste": "A"}).unread == ("Signed up",)
    again = bring(app, text, mapping={"email": "email", "created_at": "Signed up"})
    assert again.unread == ("Liste",)
    assert bring(app, "Email Address,OPTIN_TIME,X\na2@reader.example,,\n").unread != ()


def test_a_mailchimp_archive_is_one_import_and_the_file_is_the_status(app: App) -> None:
    path = app.folder / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("subscribed", "unsubscribed", "cleaned"):
            archive.writestr(f"{name}_members.csv", FILES[f"Mailchimp {name}"][0])
    done = import_file(app, path, Wanted("weekly", BASIS), apply=True)
    assert [status(who(app, name)) for name in ("a1", "a2", "a3")] == [
        "active",
        "suppressed",
        "suppressed",
    ]
    assert shown(done) == {"new": 1, "kept_out": 1, "suppressed": 1, "duplicate": 1}


def test_a_look_at_a_file_names_apart_how_many_readers_it_would_end(app: App) -> None:
    for name in ("gone", "waits", "stays"):
        email = f"{name}@reader.example"
        membership.add_subscriber(app, email, "weekly", confirmed=name != "waits")
    text = "email,status\ngone@reader.example,unsubscribed\nwaits@reader.example,unsubscribed\n"
    text += "stays@reader.example,active\nnobody@reader.example,unsubscribed\n"
    looked = bring(app, text, apply=False)
    assert shown(looked) == {"ended": 2, "unchanged": 1, "kept_out": 1}
    assert status(who(app, "gone")) == "active"
    assert shown(bring(app, text)) == shown(looked)
    assert status(who(app, "gone")) == "ended"


def test_an_import_is_taken_back_and_what_readers_did_since_stays(app: App) -> None:
    membership.add_subscriber(app, "old@reader.example", "weekly", confirmed=True)
    text = "email,name,status,tags\nstay@reader.example,S,active,\ngo@reader.example,G,active,\n"
    done = bring(app, text + "old@reader.example,Old,unsubscribed,vip\n")
    assert who(app, "old").subscriptions[0].state is SubscriptionState.ENDED
    membership.end_subscription(app, "stay@reader.example")
    membership.undo_import(app, done.id)
    assert who(app, "stay").subscriptions[0].state is SubscriptionState.ENDED
    with pytest.raises(NotFound):
        who(app, "go")
    old = who(app, "old")
    assert (old.name, old.tags, status(old)) == ("", (), "active")
    log = membership.person_shape(app, "old@reader.example")["subscriptions"][0]["log"]
    assert [entry["what"] for entry in log] == ["active", "ended", "active"]
    assert log[-1]["origin"] == f"import {done.id} undone"
    with pytest.raises(WrongState, match="was undone"):
        membership.undo_import(app, done.id)


def test_who_got_an_edition_meanwhile_is_ended_by_an_undo_and_not_deleted(app: App) -> None:
    fill(app)
    done = bring(app, "email\na1@reader.example\n")
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    pipeline.drain_outbox(app, pipeline.queue_edition(app, edition))
    assert membership.undo_import(app, done.id) == {"put_back": 0, "ended": 1, "removed": 0}
    assert who(app, "a1").subscriptions[0].state is SubscriptionState.ENDED


def test_an_undo_is_possible_for_thirty_days_and_never_lifts_a_complaint(
    tmp_path: Path, database_url: str
) -> None:
    clock = Clock()
    app = an_app(tmp_path, database_url, clock)
    done = bring(app, "email,status\na1@reader.example,complained\na2@reader.example,bounced\n")
    membership.undo_import(app, done.id)
    assert bring(app, "email\na1@reader.example\n").counts["suppressed"] == 1
    done = bring(app, "email\na2@reader.example\n")
    assert done.counts["new"] == 1
    clock.move(days=31)
    with pytest.raises(WrongState, match="older than 30 days"):
        membership.undo_import(app, done.id)
    app.close()


def out(app: App, person: Subscriber) -> bool:
    return status(person) in {"ended", "suppressed"}


@pytest.mark.parametrize("how", ["ended", "bounced", "complained", "suppressed", "erased", "asked"])
def test_no_file_of_any_format_brings_anybody_back(tmp_path: Path, how: str) -> None:
    """Every format's active rows, with and without consent, over people who are out."""
    app = an_app(tmp_path)
    active = {n: t for n, (t, who_) in FILES.items() if who_.get("a1", (0,))[0] == "active"}
    membership.add_subscriber(app, "a1@reader.example", "weekly", confirmed=True)
    if how == "ended":
        membership.end_subscription(app, "a1@reader.example")
    elif how == "erased":
        membership.erase_subscriber(app, "a1@reader.example")
    elif how == "asked":  # left, asked to come back, has not confirmed
        membership.end_subscription(app, "a1@reader.example")
        membership.add_subscriber(app, "a1@reader.example", "weekly")
    else:
        reason = SuppressionReason("admin" if how == "suppressed" else how)
        membership.suppress_address(app, "A1@reader.example", reason, "")
    assert len(active) >= 12
    for name, consent in itertools.product(active, (BASIS, "")):
        text = active[name].replace("a1@reader", "A1@Reader")
        for _ in range(2):
            bring(app, text, consent=consent)
        if how == "erased":
            with pytest.raises(NotFound):
                who(app, "a1")
        else:
            assert all(
                s.state != "active" or how not in {"ended", "asked"}
                for s in who(app, "a1").subscriptions
            )
            assert status(who(app, "a1")) != "active", name
    app.close()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    files=st.lists(
        st.tuples(st.sampled_from(sorted(FILES)), st.sampled_from((BASIS, ""))),
        min_size=2,
        max_size=6,
    )
)
def test_in_whatever_order_files_come_who_was_out_once_stays_out(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, str]]
) -> None:
    app = an_app(tmp_path_factory.mktemp("order"))
    left: set[str] = set()
    for name, consent in files:
        text, expected = FILES[name]
        bring(app, text, consent=consent)
        left |= {local for local, (state, _) in expected.items() if state == "ended"}
        for local in left:
            assert out(app, who(app, local)), (local, files)
    app.close()


def test_of_two_rows_for_one_person_the_one_that_is_out_wins(app: App) -> None:
    for number, states in enumerate(itertools.permutations(["active", "ended", "bounced"])):
        rows = "".join(f"p{number}@reader.example,{state}\n" for state in states)
        done = bring(app, f"email,status\n{rows}")
        assert done.counts["duplicate"] == 2
        person = who(app, f"p{number}")
        assert (status(person), person.subscriptions[0].state) == ("suppressed", "ended")


def test_ten_thousand_rows_over_five_hundred_suppressed_bring_none_back(app: App) -> None:
    for number in range(500):
        membership.suppress_address(
            app, f"r{number * 20}@reader.example", SuppressionReason.ASKED, ""
        )
    rows = "".join(f"r{number}@reader.example\n" for number in range(10_000))
    assert shown(bring(app, f"email\n{rows}")) == {"new": 9_500, "suppressed": 500}
    with app.database.reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM delivery").scalar() == 0
        active = tx.exec_driver_sql("SELECT count(*) FROM subscriber WHERE status = 'active'")
        assert active.scalar() == 9_500


def test_hostile_files_are_refused_or_read_and_never_crash(
    app: App, corpus: Callable[[str], Path]
) -> None:
    paths = sorted(corpus("csv-horrors").rglob("*.csv"))
    assert len(paths) >= 12
    for path in paths:
        first = path.read_text("utf-8").partition(",")[0].strip()
        for mapping in ({}, {"email": first}):
            wanted = Wanted("weekly", BASIS, mapping)
            try:
                done = import_file(app, _copied(app, path), wanted, apply=True)
            except BadFile:
                continue
            assert sum(shown(done).values()) > 0
    no_formula_in_any_export(app)


def _copied(app: App, path: Path) -> Path:
    copy = app.folder / path.name
    copy.write_bytes(path.read_bytes())
    return copy


def test_naughty_strings_as_names_and_tags_come_through_and_make_no_formula(
    app: App, corpus: Callable[[str], Path]
) -> None:
    naughty = json.loads((corpus("naughty-strings") / "blns.json").read_text("utf-8"))
    path = app.folder / "naughty.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["email", "name", "tags"])
        for number, text in enumerate(naughty):
            writer.writerow([f"n{number}@reader.example", text, text])
    done = import_file(app, path, Wanted("weekly", BASIS), apply=True)
    assert shown(done) == {"new": len(naughty)}
    no_formula_in_any_export(app)


def no_formula_in_any_export(app: App) -> None:
    for shape in ("csv", "listmonk", "ghost", "mailchimp"):
        text = "".join(membership.export_people(app, shape))
        for row in csv.reader(text.splitlines(keepends=True), strict=True):
            assert not any(cell.startswith(tuple("=+-@\t\r＝＋－＠")) for cell in row)


def test_random_rows_end_in_one_outcome_each(app: App) -> None:
    chance = random.Random(3)
    states = ["active", "ended", "bounced", "pending", "nonsense", ""]
    rows = [
        f"x{chance.randrange(300)}@reader.example,{chance.choice(states)}" for _ in range(2_000)
    ]
    done = bring(app, "email,status\n" + "\n".join(rows))
    assert sum(shown(done).values()) == 2_000
    assert done.counts["new"] + done.counts["kept_out"] + done.counts["suppressed"] <= 300


def test_domains_that_take_no_mail_are_refused_when_the_dns_is_asked(tmp_path: Path) -> None:
    known: dict[tuple[str, str], tuple[str, ...] | None] = {
        ("good.example", "MX"): ("10 mx.good.example.",),
        ("null.example", "MX"): ("0 .",),
        ("bare.example", "A"): ("192.0.2.1",),
        ("away.example", "MX"): None,
    }
    asked: list[tuple[int, int]] = []
    app = replace(an_app(tmp_path), dns=lambda name, kind: known.get((name, kind), ()))
    path = tmp_path / "people.csv"
    rows = [
        "a@good.example",
        "b@null.example",
        "c@bare.example",
        "d@away.example",
        "e@none.example",
    ]
    path.write_text(
        "\n".join(["email,status", *(f"{r},active" for r in rows), "f@none.example,ended"])
    )
    wanted = membership.Wanted("weekly", "double opt-in", ask_dns=True)
    done = membership.import_file(
        app, path, wanted, apply=True, beat=lambda n, total: asked.append((n, total))
    )
    assert done.reasons == {"its domain takes no mail": 2}
    assert (done.counts["new"], done.counts["kept_out"]) == (3, 1)
    assert asked[-1] == (5, 5)
    refused = Path(done.refused[0]).read_text("utf-8")
    assert "b@null.example" in refused
    assert "e@none.example" in refused
    app.close()
