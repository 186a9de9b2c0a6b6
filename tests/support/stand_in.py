"""A stand-in for the model APIs that agent clients ask: OpenAI's Responses and chat completions, Gemini's, Anthropic's messages.

What it answers follows a script: to the prompt whose text holds a key, one tool call after the other, and then a text. For
Anthropic's API a step may also be several calls at once, or a refusal.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
Script = Mapping[str, Sequence[Json | list[Json]]]
"""By a part of the prompt: the calls, each as ``{"name", "arguments"}`` and more fields of the API's; those of a list are made
at once, and ``{"refused": …}`` is answered with 400 and that text."""

_AGENT_ID = re.compile(r'agent_id\\*":\s*\\*"([0-9a-f-]{36})')


@contextmanager
def standing_in(script: Script, answer: str, model: type[Model] | None = None) -> Iterator[str]:
    """Its address while it answers."""
    handler = type("Handler", (model or Model,), {"script": script, "answer": answer})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Model(BaseHTTPRequestHandler):
    """What answers one request."""

    protocol_version = "HTTP/1.1"
    script: Script = {}
    answer = ""
    answered = 0

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._send("application/json", json.dumps({"data": []}))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        if self.path.endswith("/responses"):
            self._responses(asked)
        elif self.path.endswith("/chat/completions"):
            self._chat(asked)
        elif ":streamGenerateContent" in self.path:
            self._gemini(asked)
        elif self.path.partition("?")[0].endswith("/v1/messages"):
            self._messages(asked)
        else:
            self._send("application/json", json.dumps({"totalTokens": 1}))

    def _step(
        self, said: Sequence[Json], is_prompt: Callable[[Json], bool], is_result: Callable[[Json], int]
    ) -> list[Json] | None:
        """The next calls of the last prompt that is in the script, by how many results there are after it."""
        texts = [(at, json.dumps(one)) for at, one in enumerate(said) if is_prompt(one)]
        asked = [(at, key) for at, text in texts for key in self.script if key in text]
        if not asked:
            return None
        last, key = asked[-1]
        done = sum(is_result(one) for one in said[last:])
        found = _AGENT_ID.findall(json.dumps(said))
        for step in self.script[key]:
            calls = step if isinstance(step, list) else [step]
            if done < len(calls):
                told: list[Json] = json.loads(json.dumps(calls).replace("AGENT_ID", found[-1] if found else "none"))
                return told
            done -= len(calls)
        return None

    def _call(self, *asked: Any) -> Json | None:
        """The next call, where it is one."""
        calls = self._step(*asked)
        return calls[0] if calls else None

    def _responses(self, asked: Json) -> None:
        items = asked.get("input", [])
        step = self._call(
            items,
            lambda item: item.get("role") == "user",
            lambda item: str(item.get("type")).endswith("_call_output"),
        )
        number = secrets.token_hex(12)  # as long as those of the real API
        if step:
            call = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "status": "completed"}
            item = {**call, **step, "arguments": json.dumps(step["arguments"])}
        else:
            content = [{"type": "output_text", "text": self.answer, "annotations": []}]
            item = {
                "type": "message",
                "id": f"m_{number}",
                "role": "assistant",
                "status": "completed",
                "content": content,
            }
        usage = self._usage()
        whole: Json = {
            "id": f"resp_{number}",
            "object": "response",
            "status": "completed",
            "output": [item],
            "usage": usage,
        }
        events: list[Json] = [
            {"type": "response.created", "response": {"id": f"resp_{number}"}},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": whole},
        ]
        self._send("text/event-stream", "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events))

    def _usage(self) -> Json:
        """What a response used: the nth of all another count."""
        type(self).answered = n = self.answered + 1
        given, made = 100 * n + 7, 10 + n
        return {
            "input_tokens": given,
            "input_tokens_details": {"cached_tokens": 64 * (n - 1)},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": n % 4},
            "total_tokens": given + made,
        }

    def _chat(self, asked: Json) -> None:
        messages = asked.get("messages", [])
        step = self._call(messages, lambda one: one["role"] == "user", lambda one: one["role"] == "tool")
        delta: Json = {"role": "assistant", "content": self.answer}
        if step:
            function = {"name": step["name"], "arguments": json.dumps(step["arguments"])}
            call = {"index": 0, "id": f"call_{id(asked):x}{len(messages)}", "type": "function", "function": function}
            delta = {"role": "assistant", "content": None, "tool_calls": [call]}
        base = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": asked.get("model")}
        usage = {"prompt_tokens": 50, "completion_tokens": 7, "total_tokens": 57}
        end = {"index": 0, "delta": {}, "finish_reason": "tool_calls" if step else "stop"}
        chunks = [{**base, "choices": [{"index": 0, "delta": delta}]}, {**base, "choices": [end], "usage": usage}]
        self._send("text/event-stream", "".join(f"data: {json.dumps(c)}\n\n" for c in chunks) + "data: [DONE]\n\n")

    def _gemini(self, asked: Json) -> None:
        contents = asked.get("contents", [])
        step = self._call(
            contents,
            lambda one: one.get("role") == "user" and any("text" in part for part in one["parts"]),
            lambda one: sum("functionResponse" in part for part in one["parts"]),
        )
        step = step if asked.get("tools") else None
        part: Json = (
            {"functionCall": {"name": step["name"], "args": step["arguments"]}} if step else {"text": self.answer}
        )
        usage = {"promptTokenCount": 80, "candidatesTokenCount": 11, "totalTokenCount": 91}
        content = {"role": "model", "parts": [part]}
        chunk = {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}
        self._send("text/event-stream", f"data: {json.dumps(chunk)}\n\n")

    def _messages(self, asked: Json) -> None:
        contents = [(one["role"], one["content"]) for one in asked.get("messages", [])]
        blocks = [
            {**block, "role": role}
            for role, content in contents
            for block in ([{"type": "text", "text": content}] if isinstance(content, str) else content)
        ]
        calls = self._step(
            blocks,
            lambda one: one["role"] == "user" and one["type"] == "text",
            lambda one: one["type"] == "tool_result",
        )
        calls = calls if asked.get("tools") else None
        if calls and "refused" in calls[0]:
            refusal = {"type": "error", "error": {"type": "invalid_request_error", "message": calls[0]["refused"]}}
            self._send("application/json", json.dumps(refusal), status=400)
            return
        number = secrets.token_hex(12)
        parts: list[tuple[Json, Json]] = [
            (
                {"type": "tool_use", "id": f"toolu_{number}_{at}", "name": call["name"], "input": {}},
                {"type": "input_json_delta", "partial_json": json.dumps(call["arguments"])},
            )
            for at, call in enumerate(calls or ())
        ] or [({"type": "text", "text": ""}, {"type": "text_delta", "text": self.answer})]
        usage = {"input_tokens": 90, "output_tokens": 12}
        message: Json = {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": asked.get("model"),
            "content": [],
        }
        end = {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}
        events: list[Json] = [
            {
                "type": "message_start",
                "message": {**message, "stop_reason": None, "stop_sequence": None, "usage": usage},
            },
            *(
                event
                for at, (begun, delta) in enumerate(parts)
                for event in (
                    {"type": "content_block_start", "index": at, "content_block": begun},
                    {"type": "content_block_delta", "index": at, "delta": delta},
                    {"type": "content_block_stop", "index": at},
                )
            ),
            {"type": "message_delta", "delta": end, "usage": {"output_tokens": 12}},
            {"type": "message_stop"},
        ]
        self._send("text/event-stream", "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events))

    def _send(self, content_type: str, body: str, *, status: int = 200) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
