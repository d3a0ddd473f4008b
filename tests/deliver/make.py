"""Heads, recipients and rendered mails with sensible defaults."""

from typing import Any

from digest.deliver.head import Head, Recipient
from digest.model import Message, Rendered
from digest.text import TOKEN
from tests.make import NOW

LINK = f"https://digest.news.example/u/0{TOKEN}"


def a_head(**given: Any) -> Head:
    values: dict[str, Any] = {
        "sender_name": "Atlas Weekly",
        "sender_email": "weekly@news.example",
        "reply_to": "editor@news.example",
        "return_path": "bounces@news.example",
        "domain": "news.example",
        "newsletter": "weekly",
        "title": "The Week at Atlas",
        "base_url": "https://digest.news.example",
        "unsubscribe_email": "leave@news.example",
        "edition_id": 12,
    }
    return Head(**(values | given))


def a_recipient(n: int = 1, **given: Any) -> Recipient:
    values: dict[str, Any] = {
        "email": f"reader{n}@mail.example",
        "token": f"{n:032d}",
        "delivery_id": n,
        "date": NOW,
    }
    return Recipient(**(values | given))


def a_rendered(**given: Any) -> Rendered:
    values: dict[str, Any] = {
        "subject": "Harbour reopens, and four more stories",
        "html": f'<p>Ships – again.</p>\n<p><a href="{LINK}">Unsubscribe</a></p>\n',
        "text": f"Ships are moving again.\n\nUnsubscribe: {LINK}\n",
    }
    return Rendered(**(values | given))


def a_message(recipient: str = "reader@mail.example", **given: Any) -> Message:
    values: dict[str, Any] = {
        "sender": "weekly@news.example",
        "recipient": recipient,
        "content": f"To: {recipient}\r\nSubject: Hello\r\n\r\nShips.\r\n".encode(),
        "name": "e1.d1",
    }
    values |= given
    return Message(parts=(values.pop("content"),), **values)
