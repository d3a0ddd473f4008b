"""Servers to send to, which count: our own in C, and Postfix's `smtp-sink`."""

import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).with_name("sink.c")


@dataclass
class Counted:
    """Where a server listens; what it has taken, once it has ended."""

    port: int
    messages: int = -1


def build(folder: Path) -> Path:
    """Compile the fast sink."""
    program = folder / "sink"
    subprocess.run(["cc", "-O2", "-o", str(program), str(_SOURCE)], check=True)
    return program


@contextmanager
def fast(program: Path) -> Iterator[Counted]:
    """Run the fast sink until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "port"
        server = subprocess.Popen([program, str(told)], stdout=subprocess.PIPE, text=True)
        while not (told.exists() and told.read_text().endswith("\n")):
            time.sleep(0.01)
        counted = Counted(int(told.read_text()))
        try:
            yield counted
        finally:
            server.terminate()
            counted.messages = int(server.communicate()[0].split()[0])


@contextmanager
def postfix() -> Iterator[Counted]:
    """Run Postfix's sink until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["smtp-sink", "-c", "-u", "nobody", f"127.0.0.1:{port}", "500"]
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(words, stdout=said, stderr=subprocess.DEVNULL)
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.02)
        counted = Counted(port)
        try:
            yield counted
        finally:
            time.sleep(0.3)
            server.terminate()
            server.wait()
            said.seek(0)
            found = re.findall(rb"(?:mesg|messages)=(\d+)", said.read())
            counted.messages = int(found[-1]) if found else -1
