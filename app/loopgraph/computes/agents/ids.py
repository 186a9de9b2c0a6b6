"""Ids of what an agent client reports, made of the client's own: every report of one thing finds the same id, on any door."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any, Final

import orjson

from loopgraph.contracts.traces.events import UNNAMED, UNNAMED_CALL

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+#=-]*")
_UNIQUE = re.compile(r"(?:[a-z]+_){1,2}[A-Za-z0-9]{20,100}")
"""An id of a model's API, which is unique in the world."""
_ALLOWED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@+#-")
_LONGEST: Final = 200
_READABLE: Final = 120


def as_id(text: str) -> str:
    """A text as a ``contracts.base.Id``, the same for the same text; one that is an id already stays as it is.

    Else each byte that an id may not have becomes ``=`` and two hexadecimal digits; what is too long is cut, with a digest of
    the whole behind ``#``. ``text`` must not be empty.
    """
    if len(text) <= _LONGEST and _ID.fullmatch(text):
        return text
    raw = text.encode("utf-8", "surrogatepass")
    escaped = "".join(chr(byte) if byte in _ALLOWED else f"={byte:02X}" for byte in raw)
    if not escaped[0].isalnum():
        escaped = f"id:{escaped}"
    if len(escaped) <= _LONGEST:
        return escaped
    return f"{escaped[:_READABLE]}#{sha256(raw).hexdigest()}"


def execution_id(session_id: str, tool_use_id: str) -> str:
    """The execution of one tool call of a session. Telemetry can name another session than hooks do (the one that was
    resumed), so an id that is unique by itself is that of the execution, too."""
    return tool_use_id if _UNIQUE.fullmatch(tool_use_id) else as_id(f"{session_id}/{tool_use_id}")


def unnamed_prompt_id(session_id: str, event_id: str) -> str:
    """The trace of a prompt that the client gave no id, by that of the event in which it was told."""
    return as_id(f"{as_id(session_id)}{UNNAMED}{event_id}")


def agent_trace_id(session_id: str, agent_id: str) -> str:
    """The trace of a subagent's work."""
    return as_id(f"{session_id}/{agent_id}")


def span_key(trace_id: str, span_id: str) -> str:
    """A span, by the hexadecimal ids of its trace and of itself."""
    return f"{trace_id.lower()}/{span_id.lower()}"


def call_id(session_id: str, request_id: str) -> str:
    """A request to a language model."""
    return request_id if _UNIQUE.fullmatch(request_id) else as_id(f"{session_id}/{request_id}")


def digest_id(*parts: Any) -> str:
    """An id for what has none: a digest of what tells it from others, as JSON. Sent again, it has the same id."""
    try:
        told = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS, default=str)
    except TypeError:  # a number of more than 64 bits
        told = json.dumps(parts, sort_keys=True, default=str).encode("utf-8", "surrogatepass")
    return sha256(told).hexdigest()[:32]


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_unique(id_: str) -> bool:
    """Whether an id is unique in the world by itself."""
    return _UUID.fullmatch(id_) is not None


def prompt_trace_id(session_id: str, prompt_id: str) -> str:
    """The trace of a prompt that the client has named: by its name alone if that is unique in the world."""
    return prompt_id if is_unique(prompt_id) else as_id(f"{session_id}/{prompt_id}")


def unnamed_call_id(session_id: str, kind: str, event_id: str) -> str:
    """The execution of a tool call that the client gave no id: ``kind`` tells the tool and its input, ``event_id`` the event."""
    return as_id(f"{as_id(session_id)}{UNNAMED_CALL}{kind}/{event_id}")


def unnamed_as(session_id: str, tool: str | None, input_: Any) -> str:
    """How the ids begin of calls of a tool with an input, of those who give them none."""
    return unnamed_call_id(session_id, digest_id(tool, input_), "")
