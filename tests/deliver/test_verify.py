import pytest

from digest.deliver.message import build, compile_message
from digest.deliver.verify import verify
from digest.errors import RenderError
from digest.model import Message
from tests.deliver.make import a_head, a_recipient, a_rendered


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Precedence: bulk", b"Bcc: victim@x.example\r\nPrecedence: bulk"),
        (b"Precedence: bulk\r\n", b""),
        (b"To: reader1@", b"To: reader2@"),
        (b"/u/0", b"/u/\r\n 0"),
        (b"<https://", b"=?utf-8?q?<https://"),
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\n"),
        (b"text/plain", b"text/other"),
        (b"\r\n--=_", b"\r\n.\r\n--=_"),
        (b"Ships", b"Ships" + b"x" * 999),
        (b"Ships", b"\0"),
        (b"Precedence: bulk\r\n", b"Precedence: bulk\r\nSubject: again\r\n"),
    ],
)
def test_verify_finds_what_is_wrong(old: bytes, new: bytes) -> None:
    good = build(compile_message(a_rendered(), a_head()), a_recipient())
    bad = Message(good.sender, good.recipient, (good.content.replace(old, new, 1),))
    assert bad.content != good.content
    with pytest.raises(RenderError, match="does not read back"):
        verify(bad)
