"""A local SES v2: takes raw messages, answers and fails as the real one words it."""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class SesServer:
    """What it took, and what it is to answer next: a status and the name of an error."""

    answers: list[tuple[int, str]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @property
    def taken(self) -> list[bytes]:
        """Return the messages."""
        return [b64decode(each["Content"]["Raw"]["Data"]) for each in self.requests]


@contextmanager
def running_ses() -> Iterator[SesServer]:
    """Serve until the block ends."""
    ses = SesServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            signed = self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=")
            assert (self.path, signed) == ("/v2/email/outbound-emails", True)
            status, name = ses.answers.pop(0) if ses.answers else (200, "")
            if status == 0:  # hang up without a word
                self.close_connection = True
                self.connection.close()
                return
            if status == 200:
                ses.requests.append(sent)
            said = {"message": "in its own words"} if name else {"MessageId": "0100-ab"}
            body = json.dumps(said).encode()
            self.send_response(status)
            if name:
                self.send_header("x-amzn-ErrorType", name)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    ses.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield ses
    finally:
        server.shutdown()
        server.server_close()
