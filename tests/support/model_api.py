"""What stand-ins for an OpenAI-compatible API share: they answer over real HTTP, and remember what they were asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar


@dataclass
class ModelApi:
    """How it answers next: with ``body`` as it is where there is one; while ``held``, no answer ends."""

    url: str = ""
    status: int = 200
    body: bytes | None = None
    location: str | None = None
    held: threading.Event | None = None
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def answer(self, asked: dict[str, Any]) -> bytes:
        """The body of the answer to what is asked."""
        raise NotImplementedError


A = TypeVar("A", bound=ModelApi)


@contextmanager
def served(api: A) -> Iterator[A]:
    """The API, while it answers; its ``url`` ends with ``/v1``."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Says nothing."""

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            api.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, asked))
            answer = api.answer(asked) if api.body is None else api.body
            self.send_response(api.status)
            if api.location:
                self.send_header("location", api.location)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer) + (1 if api.held else 0)))
            self.end_headers()
            try:
                self.wfile.write(answer)
                if api.held:
                    self.wfile.flush()
                    api.held.wait()
            except OSError:
                self.close_connection = True  # whoever asked has gone

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield api
    finally:
        if api.held:
            api.held.set()
        server.shutdown()
        server.server_close()
