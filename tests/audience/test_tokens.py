import hmac
import random
import re
from base64 import urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.audience.tokens import (
    Keys,
    make_public_id,
    make_public_ids,
    make_token,
    outlet_mark,
    read_token,
)
from digest.errors import ConfigError, InvalidToken
from digest.text import TOKEN

KEYS = Keys("0", {"0": b"s" * 32})
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MUTATIONS = 1_000_000
eight_bytes = st.binary(min_size=8, max_size=8)


def _opens(keys: Keys, purpose: str, text: str) -> bool:
    try:
        read_token(keys, purpose, text)
    except InvalidToken:
        return False
    return True


@given(st.lists(eight_bytes, max_size=5))
def test_many_public_ids_are_those_made_one_by_one(raw: list[bytes]) -> None:
    assert make_public_ids(b"".join(raw)) == [make_public_id(each) for each in raw]


@given(eight_bytes, st.text(max_size=20, alphabet=st.characters(codec="utf-8")))
def test_a_token_reads_back_and_fills_its_placeholder(raw: bytes, purpose: str) -> None:
    public_id = make_public_id(raw)
    token = make_token(KEYS, purpose, public_id)
    assert len(token) == len(TOKEN)
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", token)
    assert read_token(KEYS, purpose, "0" + token) == public_id


@given(
    st.binary(min_size=32, max_size=100),
    st.sampled_from(ALPHABET[:-2]),
    st.text(max_size=20, alphabet=st.characters(codec="utf-8")),
    st.lists(eight_bytes, min_size=1, max_size=5),
)
def test_a_token_ends_in_the_hmac_of_its_key_id_and_name(
    secret: bytes, key_id: str, purpose: str, names: list[bytes]
) -> None:
    keys = Keys(key_id, {key_id: secret})
    purpose_key = hmac.digest(secret, b"digest link v1\0" + purpose.encode(), "sha256")
    for name in names:  # what is kept for the next one is not changed by this one
        signed = hmac.digest(purpose_key, key_id.encode() + name, "sha256")
        token = make_token(keys, purpose, make_public_id(name))
        assert urlsafe_b64decode(token) == name + signed[:16]


@given(eight_bytes, st.integers(0, 32), st.sampled_from([*ALPHABET, *"+/=.~ \0\n", "é", "０", ""]))
def test_no_changed_token_opens_anything(raw: bytes, place: int, char: str) -> None:
    text = "0" + make_token(KEYS, "unsubscribe", make_public_id(raw))
    changed = text[:place] + char + text[place + 1 :]
    assert changed == text or not _opens(KEYS, "unsubscribe", changed)


@given(st.text(max_size=40))
def test_no_made_up_token_opens_anything(text: str) -> None:
    assert not _opens(KEYS, "unsubscribe", text)


def test_no_mutation_opens_anything() -> None:
    """A million of them: one to four letters of 33 are others."""
    text = "0" + make_token(KEYS, "unsubscribe", make_public_id(b"12345678"))
    chance, opened = random.Random(7), 0
    for _ in range(MUTATIONS // 20):
        draw = iter(chance.randbytes(160))
        for many in (1, 2, 3, 4) * 5:
            letters = list(text)
            for _ in range(many):
                letters[next(draw) % 33] = ALPHABET[next(draw) % 64]
            changed = "".join(letters)
            opened += changed != text and _opens(KEYS, "unsubscribe", changed)
    assert opened == 0


def test_surplus_characters_and_padding_are_refused() -> None:
    text = "0" + make_token(KEYS, "unsubscribe", make_public_id(b"12345678"))
    for changed in (text + "\n", text + "=", text + "A", " " + text, text[1:], ""):
        assert not _opens(KEYS, "unsubscribe", changed)


def test_the_standard_alphabet_is_no_second_spelling() -> None:
    for n in range(200):
        token = make_token(KEYS, "unsubscribe", make_public_id(n.to_bytes(8, "big")))
        other = token.replace("-", "+").replace("_", "/")
        assert other == token or not _opens(KEYS, "unsubscribe", "0" + other)


def test_a_token_opens_only_its_own_purpose() -> None:
    token = make_token(KEYS, "unsubscribe", make_public_id(b"12345678"))
    assert not _opens(KEYS, "preferences", "0" + token)


def test_an_outlets_mark_is_its_own_and_tells_nothing_of_its_key() -> None:
    others = {outlet_mark(Keys("0", {"0": bytes([n]) * 32})) for n in range(100)}
    assert len(others | {outlet_mark(KEYS)}) == 101
    assert re.fullmatch("[0-9a-f]{8}", outlet_mark(KEYS))
    assert outlet_mark(KEYS) == outlet_mark(KEYS)


def test_old_links_work_while_their_key_is_kept() -> None:
    public_id = make_public_id(b"12345678")
    old = "0" + make_token(KEYS, "unsubscribe", public_id)
    both = Keys("1", {"0": b"s" * 32, "1": b"t" * 32})
    new = "1" + make_token(both, "unsubscribe", public_id)
    assert read_token(both, "unsubscribe", old) == read_token(both, "unsubscribe", new) == public_id
    assert not _opens(Keys("1", {"1": b"t" * 32}), "unsubscribe", old)


def test_the_key_id_is_part_of_what_is_signed() -> None:
    twins = Keys("0", {"0": b"s" * 32, "1": b"s" * 32})
    token = make_token(twins, "unsubscribe", make_public_id(b"12345678"))
    assert not _opens(twins, "unsubscribe", "1" + token)


@pytest.mark.parametrize(
    "public_id", ["", "AAAAAAAAAAB", "AAAAAAAAAA", "AAAAAAAAAAAA", "AAAAAAA AAA"]
)
def test_only_a_canonical_public_id_is_signed(public_id: str) -> None:
    with pytest.raises(ValueError, match="public id"):
        make_token(KEYS, "unsubscribe", public_id)


def test_a_public_id_takes_eight_bytes() -> None:
    assert make_public_id(bytes(8)) == "AAAAAAAAAAA"
    with pytest.raises(ValueError, match="8 bytes"):
        make_public_id(b"1234567")


@pytest.mark.parametrize(
    ("current", "secrets"),
    [("0", {}), ("1", {"0": b"s" * 32}), ("0", {"0": b"short"}), ("00", {"00": b"s" * 32})],
)
def test_unusable_keys_are_refused(current: str, secrets: dict[str, bytes]) -> None:
    with pytest.raises(ConfigError):
        Keys(current, secrets)


def test_keys_are_frozen_and_do_not_show_their_secrets() -> None:
    secrets = {"0": b"s" * 32}
    keys = Keys("0", secrets)
    secrets["1"] = b"t" * 32
    assert set(keys.secrets) == {"0"}
    assert "sss" not in repr(keys)
