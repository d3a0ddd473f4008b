import mailbox
from pathlib import Path

import pytest

from digest.deliver.transports.folder import FolderTransport
from digest.errors import DeliveryError, TransportDown
from tests.deliver.make import a_message


def test_the_same_message_again_is_the_same_file(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path / "deep" / "out")
    for _ in range(2):
        assert transport.send(a_message(name="e1.d1")).reply == "written to e1.d1.eml"
    assert [path.name for path in (tmp_path / "deep" / "out").iterdir()] == ["e1.d1.eml"]


def test_another_message_never_overwrites_a_file(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path)
    transport.send(a_message(name="e1.d1"))
    with pytest.raises(DeliveryError, match=r"e1\.d1\.eml"):
        transport.send(a_message("other@mail.example", name="e1.d1"))
    assert (tmp_path / "e1.d1.eml").read_bytes() == a_message().content


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "a\0b", "x" * 300, "a\nb"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeliveryError, match="file name"):
        FolderTransport(tmp_path / "out").send(a_message(name=name))
    assert list(tmp_path.rglob("*.eml")) == []


def test_messages_without_a_name_are_named_by_content(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path)
    transport.send(a_message("a@mail.example", name=""))
    transport.send(a_message("b@mail.example", name=""))
    assert len(list(tmp_path.glob("*.eml"))) == 2


def test_a_folder_that_cannot_be_written_is_a_transport_down(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file in the way")
    with pytest.raises(TransportDown, match="cannot write"):
        FolderTransport(tmp_path / "out").send(a_message())


def test_a_crash_leaves_no_half_message(tmp_path: Path) -> None:
    (tmp_path / ".e1.d1.eml.part").write_bytes(b"half of it")
    FolderTransport(tmp_path).send(a_message(name="e1.d1"))
    assert [path.name for path in tmp_path.iterdir()] == ["e1.d1.eml"]


def test_a_maildir_is_one_any_program_reads_and_holds_a_message_once(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path / "out", maildir=True)
    for number in (1, 2, 1):
        transport.send(a_message(f"r{number}@mail.example", name=f"e1.d{number}"))
    box = mailbox.Maildir(tmp_path / "out", create=False)
    assert sorted(box.keys()) == ["e1.d1", "e1.d2"]
    assert box.get_bytes("e1.d1") == a_message("r1@mail.example").content
    assert list((tmp_path / "out" / "tmp").iterdir()) == []


def test_a_message_that_was_read_in_a_maildir_is_not_written_again(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path, maildir=True)
    transport.send(a_message(name="e1.d1"))
    (tmp_path / "new" / "e1.d1").rename(tmp_path / "cur" / "e1.d1:2,S")
    transport.send(a_message(name="e1.d1"))
    assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(DeliveryError, match="another message"):
        transport.send(a_message("other@mail.example", name="e1.d1"))
