"""Other senders, each a process of its own: `peers.py NAME PORT MESSAGES SIZE CONNECTIONS`.

Prints the seconds it took without its start. Needs nothing but the library of that name, so any
environment can run it.
"""

import asyncio
import os
import queue
import random
import sys
import tempfile
import threading
import time
from email.message import EmailMessage
from typing import Any


def body(size: int) -> str:
    """Return text of about so many bytes in lines of 72 characters, the same each time."""
    chance = random.Random(1)
    lines = ("".join(chance.choices("abcdefgh ", k=71)) + "x" for _ in range(size // 73))
    return "\n".join(lines)


def message(text: str, number: int) -> EmailMessage:
    """Return one reader's message."""
    made = EmailMessage()
    made["From"] = "weekly@news.example"
    made["To"] = f"r{number}@reader.example"
    made["Subject"] = "The week"
    made["List-Unsubscribe"] = f"<https://news.example/u/{number:033d}>"
    made.set_content(f"{text}\nhttps://news.example/u/{number:033d}\n")
    return made


def with_smtplib(port: int, messages: int, size: int, connections: int) -> None:
    """Send with the standard library, a thread for each connection."""
    import smtplib

    text, numbers = body(size), queue.SimpleQueue[int]()
    for number in range(messages):
        numbers.put(number)

    def work() -> None:
        with smtplib.SMTP("127.0.0.1", port) as link:
            while True:
                try:
                    link.send_message(message(text, numbers.get_nowait()))
                except queue.Empty:
                    return

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def with_aiosmtplib(port: int, messages: int, size: int, connections: int) -> None:
    """Send with aiosmtplib, a task for each connection."""
    import aiosmtplib  # type: ignore[import-not-found, unused-ignore]

    text, numbers = body(size), iter(range(messages))

    async def work() -> None:
        link = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False)
        async with link:
            for number in numbers:
                await link.send_message(message(text, number))

    async def run() -> None:
        await asyncio.gather(*(work() for _ in range(connections)))

    asyncio.run(run())


def with_post_office(port: int, messages: int, size: int, connections: int) -> Any:
    """Queue with django-post_office in SQLite, then let it send; the queueing is not timed."""
    import django  # type: ignore[import-not-found, unused-ignore]
    from django.conf import settings  # type: ignore[import-not-found, unused-ignore]

    folder = tempfile.mkdtemp()
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/mail.db"}
        },
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        EMAIL_BACKEND="post_office.EmailBackend",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
            "BATCH_SIZE": messages,
            "THREADS_PER_PROCESS": connections,
        },
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command  # type: ignore[import-not-found, unused-ignore]
    from post_office import mail  # type: ignore[import-not-found, unused-ignore]

    call_command("migrate", verbosity=0)
    text = body(size)
    mail.send_many(
        [
            {
                "recipients": f"r{number}@reader.example",
                "sender": "weekly@news.example",
                "subject": "The week",
                "message": f"{text}\nhttps://news.example/u/{number:033d}\n",
            }
            for number in range(messages)
        ]
    )
    return lambda: mail.send_queued(processes=1, log_level=0)


PEERS = {
    "smtplib": with_smtplib,
    "aiosmtplib": with_aiosmtplib,
    "django-post_office": with_post_office,
}


def main() -> None:
    """Send, and print the seconds and the processor's seconds."""
    name, *numbers = sys.argv[1:]
    given = [int(number) for number in numbers]
    rest: Any = None
    if name == "django-post_office":
        rest = with_post_office(*given)
    begin, used = time.perf_counter(), os.times()
    if rest:
        rest()
    else:
        PEERS[name](*given)
    now = os.times()
    cpu = sum(now[:4]) - sum(used[:4])
    print(time.perf_counter() - begin, cpu)


if __name__ == "__main__":
    main()
