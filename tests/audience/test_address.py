import json
import string
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.audience import address
from digest.audience.address import Address, address_digest, parse_address
from digest.errors import InvalidAddress


def _try(parse: Callable[[str], Address], text: str) -> Address | None:
    try:
        return parse(text)
    except InvalidAddress:
        return None


def _cases(corpus: Callable[[str], Path]) -> list[dict[str, str]]:
    path = corpus("email-addresses-isemail") / "tests.json"
    cases: list[dict[str, str]] = json.loads(path.read_text("utf-8"))
    return cases


def test_no_erroneous_address_of_the_corpus_is_accepted(corpus: Callable[[str], Path]) -> None:
    wrong = [case for case in _cases(corpus) if case["category"] == "ISEMAIL_ERR"]
    assert len(wrong) == 66
    assert [case["address"] for case in wrong if _try(parse_address, case["address"])] == []


def test_only_valid_addresses_of_the_corpus_are_accepted(corpus: Callable[[str], Path]) -> None:
    taken = [case for case in _cases(corpus) if _try(parse_address, case["address"])]
    kinds = {case["category"] for case in taken}
    assert kinds <= {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321"}
    valid = [case for case in _cases(corpus) if case["category"] == "ISEMAIL_VALID_CATEGORY"]
    refused = [case["address"] for case in valid if case not in taken]
    assert refused == ["test@io"]


@pytest.mark.parametrize("char", [chr(n) for n in (*range(33), *range(127, 161), 0x2028, 0x202E)])
def test_no_control_character_or_space_passes_anywhere(char: str) -> None:
    for text in (f"a{char}@b.example", f"a@{char}b.example", f"a@b.example{char}", f"{char}a@b.ex"):
        assert _try(parse_address, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "b@x>\r\nRCPT TO:<v@x",
        "b@x.example>\r\nRCPT TO:<v@x.example",
        "b@x.example\nBcc: v@x.example",
        "b@x.example> SIZE=1",
        "<b@x.example>",
        "B <b@x.example>",
        "b@x.example,v@x.example",
        "b@x.example v@x.example",
        "b%0d%0aRCPT@x.example\r",
        '"b\r\n"@x.example',
        "b@[127.0.0.1]",
        "b@x.example\0",
    ],
)
def test_an_envelope_injection_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddress, match=r"\w+ \w+"):
        parse_address(text)


def test_the_local_part_may_have_64_bytes_and_the_address_254() -> None:
    long_domain = "@" + ".".join(["d" * 63] * 3) + ".ex"
    assert parse_address("a" * 64 + "@b.example").email
    assert _try(parse_address, "a" * 65 + "@b.example") is None
    assert _try(parse_address, "ä" * 33 + "@b.example") is None
    assert len(parse_address("a" * (254 - len(long_domain)) + long_domain).email) == 254
    with pytest.raises(InvalidAddress, match="longer than 254"):
        parse_address("a" * (255 - len(long_domain)) + long_domain)


def test_an_idn_domain_is_mailed_at_its_a_label() -> None:
    found = parse_address("Anna@Bücher.Example")
    assert found.email == "Anna@xn--bcher-kva.example"
    assert found.key == "anna@xn--bcher-kva.example"
    assert not found.needs_smtputf8
    assert parse_address("Anna@xn--bcher-kva.example") == found


def test_the_local_part_is_kept_as_given_and_the_domain_lowered() -> None:
    assert parse_address("Info@News.Example").email == "Info@news.example"
    assert parse_address("Info@News.Example").key == parse_address("INFO@news.example").key


def test_a_local_part_beyond_ascii_is_flagged() -> None:
    found = parse_address(unicodedata.normalize("NFD", "jürgen@news.example"))
    assert found.email == "jürgen@news.example"
    assert found.needs_smtputf8


def test_the_digest_hides_the_address_and_ignores_capitals() -> None:
    secret = b"k" * 32
    one = address_digest(secret, parse_address("Anna@news.example"))
    assert one == address_digest(secret, parse_address("anna@News.example"))
    assert len(one) == 64
    assert one != address_digest(b"l" * 32, parse_address("Anna@news.example"))


_pieces = st.sampled_from(
    [*string.ascii_letters[:6], *"AZ09.-_+'!@@@", "--", "xn--", ".com", ".local", ".test", ".onion"]
)


@given(st.lists(_pieces, max_size=20).map("".join))
@example("a@b--c.com")
@example("a@bc--d.com")
@example("a@arpa.com")
@example("a@x.arpa")
@example("a@b.c-")
@example("a" * 64 + "@" + "b" * 63 + ".com")
@example("a" * 65 + "@" + "b" * 63 + ".com")
@example("a@" + "b" * 64 + ".com")
@example("a@" + ".".join(["b" * 62] * 4))
def test_the_fast_path_gives_the_same_answer_as_the_slow_one(text: str) -> None:
    assert _try(parse_address, text) == _try(address._parse_slowly, text)


@given(st.emails())
def test_the_fast_path_agrees_on_generated_addresses(text: str) -> None:
    assert _try(parse_address, text) == _try(address._parse_slowly, text)


@given(st.text(max_size=300))
def test_any_text_gives_an_address_or_a_reason(text: str) -> None:
    found = _try(parse_address, text)
    assert found is None or parse_address(found.email) == found


def test_a_hostile_address_costs_little() -> None:
    began = time.perf_counter()
    for text in ("a." * 100_000 + "@b.c", "a@" + "b-" * 125 + ".", "a@" + "b." * 120 + "1"):
        assert _try(parse_address, text) is None
    assert time.perf_counter() - began < 1
