"""Signatures hold for dkimpy, both kinds at once, over what the sink received."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.audience.tokens import bounce_tag
from digest.deliver.dkim import Signer, load_signers, signatures
from digest.deliver.message import build, compile_message
from digest.errors import ConfigError
from digest.pipeline import approve_edition, draft_edition, drain_outbox, queue_edition
from digest.settings.tables import Dkim
from tests.apps import Clock, an_app, fill
from tests.deliver.make import LINK, a_head, a_recipient, a_rendered
from tests.make import NOW
from tests.sink import Sink, running

RAW, DER = serialization.Encoding.Raw, serialization.Encoding.DER


def _write(path: Path, key: PrivateKeyTypes) -> None:
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[bytes, bytes]]:
    """Return a folder with two private keys, and what DNS would say of them."""
    folder = tmp_path_factory.mktemp("keys")
    long, short = rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()
    _write(folder / "rsa.pem", long)
    _write(folder / "ed.pem", short)
    from base64 import b64encode

    info = long.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    raw = short.public_key().public_bytes(RAW, serialization.PublicFormat.Raw)
    return folder, {
        b"r1._domainkey.news.example.": b"v=DKIM1; k=rsa; p=" + b64encode(info),
        b"e1._domainkey.news.example.": b"v=DKIM1; k=ed25519; p=" + b64encode(raw),
    }


BOTH = {
    "domain": "news.example",
    "selector": "r1",
    "key_file": "rsa.pem",
    "ed25519_selector": "e1",
    "ed25519_key_file": "ed.pem",
}


@pytest.fixture(scope="module")
def signers(keys: tuple[Path, dict[bytes, bytes]]) -> tuple[Signer, ...]:
    return load_signers(Dkim(**BOTH), keys[0])


def holds(content: bytes, dns: dict[bytes, bytes], index: int) -> bool:
    checked = dkim.DKIM(content)
    try:
        return bool(checked.verify(idx=index, dnsfunc=lambda name, timeout=5: dns.get(name)))
    except dkim.ValidationError:
        return False


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200), st.text("Aä –\t", max_size=60), st.integers(0, 3))
def test_both_signatures_hold_whatever_stands_in_the_mail(
    keys: tuple[Path, dict[bytes, bytes]],
    signers: tuple[Signer, ...],
    text: str,
    subject: str,
    ends: int,
) -> None:
    words = f"Harbour {subject}".replace("\t", " ")
    body = text.encode("utf-8", "replace").decode().replace("\0", "") + "\n" * ends
    rendered = a_rendered(text=f"{body}\n{LINK}\n", subject=words)
    message = build(compile_message(rendered, a_head()), a_recipient())
    lines = signatures(message.content, signers)
    assert lines.count(b"DKIM-Signature:") == 2
    assert max(map(len, lines.split(b"\r\n"))) < 300
    for index in (0, 1):
        assert holds(lines + message.content, keys[1], index)


def test_a_changed_or_added_line_breaks_both(
    keys: tuple[Path, dict[bytes, bytes]], signers: tuple[Signer, ...]
) -> None:
    content = build(compile_message(a_rendered(), a_head()), a_recipient()).content
    good = signatures(content, signers) + content
    changed = (
        good.replace(b"Ships", b"Trips", 1),
        good.replace(b"Subject: ", b"Subject: Re: ", 1),
        good.replace(b"List-Unsubscribe-Post: ", b"List-Unsubscribe-Post: X", 1),
        good.replace(b"/u/0", b"/u/1", 1),
        b"Subject: another\r\n" + good,
        b"From: someone@else.example\r\n" + good,
    )
    for bad in changed:
        assert bad != good
        assert not holds(bad, keys[1], 0)
        assert not holds(bad, keys[1], 1)


def test_the_same_delivery_has_the_same_signature_and_the_time_of_its_first_claim(
    signers: tuple[Signer, ...],
) -> None:
    compiled = compile_message(a_rendered(), a_head())
    first, again = (signatures(build(compiled, a_recipient()).content, signers) for _ in range(2))
    assert first == again
    assert f"t={int(NOW.timestamp())};".encode() in first
    later = signatures(build(compiled, a_recipient(date=NOW + timedelta(hours=1))).content, signers)
    assert later != first


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"key_file": "none.pem"}, "cannot be read: No such file"),
        ({"key_file": "ed.pem"}, "is no key for rsa-sha256"),
        ({"ed25519_key_file": "rsa.pem"}, "is no key for ed25519-sha256"),
        ({"key_file": "text.pem"}, "is no private key in PEM"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(
    keys: tuple[Path, dict[bytes, bytes]], given: dict[str, str], said: str
) -> None:
    (keys[0] / "text.pem").write_text("no key")
    with pytest.raises(ConfigError, match=said):
        load_signers(Dkim(**(BOTH | given)), keys[0])


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


def test_what_the_sink_received_is_signed_and_has_every_header_and_its_own_return_path(
    tmp_path: Path, sink: Sink, keys: tuple[Path, dict[bytes, bytes]]
) -> None:
    app = an_app(tmp_path, clock=Clock(), transport="smtp", port=sink.port)
    own = {key: str(keys[0] / v) if key.endswith("file") else v for key, v in BOTH.items()}
    more = {"dkim": Dkim(**own), "bounces": "bounces@news.example"}
    mail = app.settings.mail.model_copy(update=more)
    app = replace(app, settings=app.settings.model_copy(update={"mail": mail}))
    fill(app, readers=3)
    sink.script("RCPT", "450 4.2.1 busy", "r1@reader.example")
    edition = approve_edition(app, draft_edition(app, "weekly"))
    drained = drain_outbox(app, queue_edition(app, edition))
    app.now.moment += timedelta(minutes=6)  # type: ignore[attr-defined]
    assert drain_outbox(app, drained.edition).finished
    assert {one.recipient: one.sender for one in sink.received} == {
        f"r{n}@reader.example": f"bounces+{bounce_tag(app.keys, n + 1)}@news.example"
        for n in range(3)
    }
    for one in sink.received:
        assert holds(one.content, keys[1], 0)
        assert holds(one.content, keys[1], 1)
        head = b"\r\n" + one.content.partition(b"\r\n\r\n")[0]
        for line in (
            b"\r\nPrecedence: bulk\r\n",
            b"\r\nAuto-Submitted: auto-generated\r\n",
            b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            b"\r\nList-Id: The Week at Atlas <weekly.news.example>\r\n",
            b"\r\nFeedback-ID: e1:weekly:digest:",
            b"\r\nList-Unsubscribe: <https://digest.news.example/u/0",
            f"t={int(NOW.timestamp())};".encode(),
        ):
            assert head.count(line) == (2 if line[:2] == b"t=" else 1), line
    app.close()
