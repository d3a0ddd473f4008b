import hmac

from hypothesis import given
from hypothesis import strategies as st

from digest.audience.keyed import keyed_hash


@given(st.binary(max_size=140), st.lists(st.binary(max_size=140), min_size=1, max_size=4))
def test_it_is_the_standard_librarys_hmac_however_often_a_key_is_used(
    key: bytes, texts: list[bytes]
) -> None:
    for text in texts:
        assert keyed_hash(key, text) == hmac.digest(key, text, "sha256")
