"""The pages served by a real server, for a real browser."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn

from digest.app import App
from digest.web import build
from digest.web.serve import bind


@contextmanager
def served(app: App) -> Iterator[tuple[App, str]]:
    """Serve the pages of an app on a free port; its links lead there."""
    listener = bind("127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    web = app.settings.web.model_copy(update={"base_url": base})
    here = replace(app, settings=app.settings.model_copy(update={"web": web}))
    server = uvicorn.Server(uvicorn.Config(build(here), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield here, base
    finally:
        server.should_exit = True
        thread.join()
        here.__dict__.get("renderer", app.renderer).close()
