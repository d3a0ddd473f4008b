"""Signing ahead gives the signatures signing on the spot gives, whatever happens to a process."""

import time
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from digest.deliver.dkim import Signer, load_signers, signatures
from digest.deliver.lanes import Loop
from digest.deliver.message import build, compile_message, copy_for
from digest.deliver.signing import Signing
from digest.model import Message
from digest.settings.tables import Dkim
from tests.deliver.make import LINK, a_head, a_recipient, a_rendered

COMPILED = compile_message(a_rendered(), a_head())
GREEK = compile_message(a_rendered(text=f"{'Πλοία ' * 40}\n{LINK}\n"), a_head())
VARIANTS = [COMPILED, GREEK]
COPIES = [(n % 2, copy_for(VARIANTS[n % 2], a_recipient(n))) for n in range(1, 41)]
MESSAGES = [build(VARIANTS[n % 2], a_recipient(n)) for n in range(1, 41)]


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Signer, ...]:
    folder = tmp_path_factory.mktemp("keys")
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key = ed25519.Ed25519PrivateKey.generate()
    (folder / "e.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    given = {"domain": "news.example", "ed25519_selector": "e", "ed25519_key_file": "e.pem"}
    return load_signers(Dkim.model_validate(given), folder)


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


def all_signed(loop: Loop, signing: Signing) -> dict[int, Message]:
    """Wait until everything put in is ready."""
    signing.flush()
    end = time.monotonic() + 20
    while signing.under_way:
        assert time.monotonic() < end
        loop.run(0.1)
    return dict(signing.ready)


@pytest.mark.parametrize("processes", [0, 1, 2])
def test_every_message_gets_its_own_signature(
    signers: tuple[Signer, ...], loop: Loop, processes: int
) -> None:
    signing = Signing(loop, signers, VARIANTS, processes)
    for number, copy in enumerate(COPIES):
        signing.put(number, *copy)
    signed = all_signed(loop, signing)
    signing.close()
    for number, message in enumerate(MESSAGES):
        assert signed[number].content == signatures(message.content, signers) + message.content
        assert signed[number].recipient == message.recipient


def test_a_process_that_dies_costs_no_message(signers: tuple[Signer, ...], loop: Loop) -> None:
    signing = Signing(loop, signers, VARIANTS, 1)
    for number, copy in enumerate(COPIES):
        signing.put(number, *copy)
        if number == len(MESSAGES) // 2:
            (hand,) = signing._hands
            hand.child.process.kill()
            hand.child.process.wait()
    signed = all_signed(loop, signing)
    signing.close()
    assert {n: each.content for n, each in signed.items()} == {
        n: signatures(m.content, signers) + m.content for n, m in enumerate(MESSAGES)
    }
