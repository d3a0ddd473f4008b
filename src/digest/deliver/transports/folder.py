"""Write each message to a file of its own, to be looked at or picked up."""

import hashlib
import re
from pathlib import Path

from digest.deliver.transports.base import check_fit
from digest.errors import DeliveryError, TransportDown
from digest.model import Message, Receipt
from digest.settings.tables import Mail

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}")


class FolderTransport:
    """Write one .eml per message name, or a Maildir; the same message again is the same file."""

    def __init__(self, folder: Path, *, maildir: bool = False) -> None:
        self._folder, self._maildir = folder, maildir

    def send(self, message: Message) -> Receipt:
        """Write one message whole or not at all; a different one is never overwritten."""
        check_fit(message)
        name = _file_name(message)
        try:
            path = self._new(name) if self._maildir else self._folder / f"{name}.eml"
            self._write(path, message.content)
        except OSError as exc:
            raise TransportDown(f"cannot write to {self._folder}: {exc.strerror}") from exc
        return Receipt(f"written to {path.name}")

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _new(self, name: str) -> Path:
        """Return the file of a Maildir a message has, read or not, or is to get."""
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        found = [*self._folder.glob(f"cur/{name}"), *self._folder.glob(f"cur/{name}:2,*")]
        return found[0] if found else self._folder / "new" / name

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if path.exists():
            if path.read_bytes() != content:
                raise DeliveryError(f"{path.name} holds another message", permanent=True)
            return
        draft = path.with_name(f".{path.name}.part")
        if self._maildir:
            draft = self._folder / "tmp" / path.name
        draft.write_bytes(content)
        draft.replace(path)


def open_folder(mail: Mail) -> FolderTransport:
    """Return a transport for the folder of the settings."""
    return FolderTransport(Path(mail.folder.path), maildir=mail.folder.maildir)


def _file_name(message: Message) -> str:
    if not message.name:
        return hashlib.sha256(message.content).hexdigest()[:24]
    if not _NAME.fullmatch(message.name):
        raise DeliveryError(f"{message.name!r} cannot be a file name", permanent=True)
    return message.name
