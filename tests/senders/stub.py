"""A stand-in for OpenAI's API and for an OTLP endpoint: what a framework sends there is kept as JSON, a line for each request.

Every sender of this folder asks the same question of the same model: it calls the tool ``get_weather`` once, and then answers.
"""

from __future__ import annotations

import gzip
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MODEL = "gpt-4o-mini-2024-07-18"
ANSWER = "It is 21 degrees in Paris."
USAGE = {
    "prompt_tokens": 50,
    "completion_tokens": 10,
    "total_tokens": 60,
    "prompt_tokens_details": {"cached_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 4},
}
"""What every call of the model uses."""

_SIGNALS = {"traces": ExportTraceServiceRequest, "logs": ExportLogsServiceRequest}

Json = dict[str, Any]


def completion(request: Json) -> Json:
    """The answer of ``POST /chat/completions``: a call of the first tool, or a text if it has been called."""
    called = any(message.get("role") == "tool" for message in request.get("messages", ()))
    message: Json = {"role": "assistant", "content": ANSWER, "refusal": None}
    tools = request.get("tools")
    if tools and not called:
        function = {"name": tools[0]["function"]["name"], "arguments": '{"city":"Paris"}'}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_795_000_000,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
                "logprobs": None,
            }
        ],
        "usage": USAGE,
    }


def request_json(signal: str, body: bytes) -> Json:
    """An OTLP request in protobuf as OTLP's JSON, whose ids are hexadecimal."""
    message: Json = MessageToDict(_SIGNALS[signal].FromString(body))
    return _with_hex_ids(message)


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: b64decode(inner).hex() if name in ("traceId", "spanId", "parentSpanId") else _with_hex_ids(inner)
            for name, inner in value.items()
        }
    return [_with_hex_ids(inner) for inner in value] if isinstance(value, list) else value


class _Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_POST(self) -> None:
        body = self._body()
        signal = self.path.rpartition("/")[2]
        if signal in _SIGNALS and "/v1/" in self.path:
            json = "json" in self.headers.get("content-type", "")
            self.server.captured.append((signal, orjson.loads(body) if json else request_json(signal, body)))
            self._answer({} if json else b"")
        elif self.path.endswith("/chat/completions"):
            self._answer(completion(orjson.loads(body)))
        else:
            self._answer({})

    def do_GET(self) -> None:
        self._answer({})

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
        return gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body

    def _answer(self, answer: Json | bytes) -> None:
        body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
        self.send_response(200)
        self.send_header("content-type", "application/json" if body else "application/x-protobuf")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class Stub(ThreadingHTTPServer):
    """The stand-in. ``captured`` are the signal and the JSON of each export, in the order of arrival."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.captured: list[tuple[str, Json]] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def stub() -> Iterator[Stub]:
    """A stand-in that runs until the end of the block."""
    with Stub() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
