"""Who is compared: ours, Postfix's `smtp-source`, and the senders of others that are installed."""

import argparse
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.sending import outlet

_HERE = Path(__file__).parent


@dataclass
class Bench:
    """What a run of this script knows."""

    folder: Path
    given: argparse.Namespace
    sink: Path
    figures: list[dict[str, Any]] = field(default_factory=list)
    rates: dict[str, list[float]] = field(default_factory=dict)  #: of each sender, round by round

    @property
    def messages(self) -> int:
        """Return how many messages the fast ones send."""
        return int(self.given.messages or (4_000 if self.given.quick else 20_000))

    def base(self, size: int, readers: int) -> Path:
        """Return an outlet to copy."""
        made = self.folder / f"base-{size}-{readers}"
        return made if made.exists() else outlet.make(made, readers, size)

    def tell(self, what: str, **figure: Any) -> dict[str, Any]:
        """Print one figure and keep it."""
        self.figures.append({"what": what} | figure)
        words = " ".join(f"{name} {value}" for name, value in figure.items())
        print(f"{what}: {words}", flush=True)
        return self.figures[-1]


Sender = Callable[[int, int, int, int], tuple[int, float, float]]


def ours(bench: Bench, dkim: str) -> Sender:
    """Return our sender; it sends to the outlet's readers."""

    def send(port: int, messages: int, size: int, connections: int) -> tuple[int, float, float]:
        run = bench.folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(bench.base(size, messages), run)
        outlet.configure(run, port, connections, dkim)
        found = outlet.send(run)
        return found["numbers"]["sent"], found["seconds"], found["cpu"]

    return send


def smtp_source(port: int, messages: int, size: int, connections: int) -> tuple[int, float, float]:
    """Send one fixed message with Postfix's `smtp-source`, each session reused."""
    words = ["smtp-source", "-d", "-s", str(connections), "-m", str(messages), "-l", str(size)]
    words += ["-f", "a@news.example", "-t", "b@reader.example", f"127.0.0.1:{port}"]
    return messages, *_timed(words)


def peer(name: str, python: str) -> Sender:
    """Return a sender of `peers.py` in some environment."""

    def send(port: int, messages: int, size: int, connections: int) -> tuple[int, float, float]:
        count = min(messages, 2_000)
        words = [python, str(_HERE / "peers.py"), name, *map(str, (port, count, size, connections))]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        seconds, cpu = map(float, done.stdout.split()[-2:])
        return count, seconds, cpu

    return send


def nodemailer(bench: Bench, *, dkim: bool) -> Sender:
    """Return nodemailer's pool."""

    def send(port: int, messages: int, size: int, connections: int) -> tuple[int, float, float]:
        count = min(messages, 2_000)
        key = str(bench.base(size, messages) / "rsa.pem") if dkim else ""
        words = ["node", str(_HERE / "nodemailer.cjs"), str(Path(bench.given.node_modules))]
        words += [*map(str, (port, count, size, connections)), key]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        seconds, cpu = map(float, done.stdout.split())
        return count, seconds, cpu

    return send


def _timed(words: list[str]) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def senders(bench: Bench) -> dict[str, Sender | None]:
    """Return who is compared; None: not installed."""
    given = bench.given
    node = given.node_modules and (Path(given.node_modules) / "nodemailer").is_dir()
    peers = given.peers or ""
    found: dict[str, Sender | None] = {
        "smtp-source": smtp_source if shutil.which("smtp-source") else None,
        "ours": ours(bench, "none"),
        "ours + RSA-2048": ours(bench, "rsa"),
        "ours + Ed25519": ours(bench, "ed25519"),
        "smtplib": peer("smtplib", sys.executable),
        "nodemailer": nodemailer(bench, dkim=False) if node else None,
        "nodemailer + RSA-2048": nodemailer(bench, dkim=True) if node else None,
    }
    for name in ("aiosmtplib", "django-post_office"):
        found[name] = peer(name, peers) if peers else None
    return found
