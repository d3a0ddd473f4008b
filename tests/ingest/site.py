"""A small web server for tests: each path answers in its own good or bad way."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FEED = b"<rss><channel><title>Atlas</title></channel></rss>"


class Site(BaseHTTPRequestHandler):
    """Answers each path in its own bad or good way."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, dict[str, str]]]
    script: dict[str, Callable[["Site"], None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.script[self.path](self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def start(self, **headers: str) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Server:
    """A site with a script and a record of what was asked."""

    def __init__(self) -> None:
        self.script: dict[str, Callable[[Site], None]] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.connections = 0
        handler = type("Handler", (Site,), {"script": self.script, "seen": self.seen})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.handle_error = lambda *_: None  # type: ignore[method-assign]
        verify = self.http.verify_request

        def counted(request: object, address: object) -> bool:
            self.connections += 1
            return verify(request, address)  # type: ignore[arg-type]

        self.http.verify_request = counted  # type: ignore[method-assign, assignment]
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        """Stop answering."""
        self.http.shutdown()
        self.http.server_close()
