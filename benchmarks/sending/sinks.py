"""Servers to send to, which count: our own in C, Postfix's `smtp-sink`; and a way to be far off."""

import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass
class Counted:
    """Where a server listens; what it has taken, once it has ended."""

    port: int
    messages: int = -1


def build(folder: Path) -> Path:
    """Compile the fast sink, and beside it what makes a server be away."""
    for name in ("sink", "away"):
        subprocess.run(["cc", "-O2", "-o", folder / name, _HERE / f"{name}.c"], check=True)
    return folder / "sink"


@contextmanager
def fast(program: Path) -> Iterator[Counted]:
    """Run the fast sink until the block ends."""
    with _started(program) as (port, server):
        counted = Counted(port)
        try:
            yield counted
        finally:
            server.terminate()
            counted.messages = int(server.communicate()[0].split()[0])


@contextmanager
def away(program: Path, port: int, seconds: float) -> Iterator[int]:
    """Yield a port that leads to `port`, each byte `seconds` later, both ways."""
    with _started(program.with_name("away"), port, round(seconds * 1e6)) as (there, server):
        try:
            yield there
        finally:
            server.terminate()
            server.wait()


@contextmanager
def _started(program: Path, *words: int) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "port"
        every = [str(program), *map(str, words), str(told)]
        with subprocess.Popen(every, stdout=subprocess.PIPE, text=True) as server:
            while not (told.exists() and told.read_text().endswith("\n")):
                time.sleep(0.01)
            yield int(told.read_text()), server


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
