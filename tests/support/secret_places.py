"""Payloads of every door, and secrets in every place that they have."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

from loopgraph.effects.clock import new_id
from support.agent_session import tell

Json = dict[str, Any]
Path = tuple[str | int, ...]

FORMS: Final = (
    "the key is ghp_{} there",
    "export DB_PASSWORD={} && make",
    "curl -H 'Authorization: Bearer {}' https://example.com",
    "https://bob:{}@example.com/x?page=2",
    "https://example.com/x?page=2&access_token={}",
    '{{"user": "bob", "client_secret": "{}"}}',
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{}",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
    "AccountName=x;AccountKey={};EndpointSuffix=core.windows.net",
    "sk-ant-api03-{}",
)
"""Texts that hide a secret of letters and digits."""


ALL: Final = "Zq9"
"""What all secrets have in common, and nothing else does."""


def core(number: int) -> str:
    """The ``number``-th secret: 30 letters and digits."""
    return f"{ALL}{number:04d}{new_id().replace('-', '')[:20]}xY7"


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    """Where texts stand in a JSON value; a map's own path stands for a field of it that nobody knows."""
    if isinstance(value, str):
        yield at
    elif isinstance(value, dict):
        yield at
        for key, item in value.items():
            yield from places(item, (*at, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from places(item, (*at, i))


def hidden(value: Any, at: Path, text: str, secret: str) -> Any:
    """A copy with the text in this place; in a map, in new fields: as it is, deep in a value, as a key, under a secret's name."""
    changed = copy.deepcopy(value)
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    found = inner[at[-1]] if at else changed
    if isinstance(found, dict):
        if set(found) <= {"stringValue", "kvlistValue", "arrayValue", "intValue", "boolValue", "doubleValue"} and found:
            found.clear()
            found["stringValue"] = text
        elif "key" in found:
            found["key"] = text
        else:
            found |= {
                "more": text,
                "deep": [{"a": [text]}],
                "api_key": secret,
                "pairs": [["password", secret]],
                text: 1,
            }
    else:
        inner[at[-1]] = text
    return changed


def hook_payloads() -> list[Json]:
    """One hook event of each kind that the recorded session has, and some that it has not."""
    sent = {step.body["hook_event_name"]: step.body for step in tell().sent if step.is_hook}
    session = {"session_id": new_id(), "transcript_path": "/t", "cwd": "/w"}
    return [
        *sent.values(),
        {**session, "hook_event_name": "SessionStart", "source": "startup", "model": "m"},
        {**session, "hook_event_name": "SessionEnd", "reason": "other"},
        {**session, "hook_event_name": "StopFailure", "error": "no", "prompt_id": new_id()},
        {**session, "hook_event_name": "Notification", "message": "hello"},
        {**session, "hook_event_name": "Unheard", "title": "t", "items": [{"text": "x"}]},
    ]


def otlp_payloads() -> list[tuple[str, Json]]:
    """The largest export of each signal of the recorded session, and where it goes."""
    exports = [(step.path, step.body) for step in tell().sent if not step.is_hook]
    largest: dict[str, Json] = {}
    for path, body in exports:
        if len(json.dumps(body)) > len(json.dumps(largest.get(path, {}))):
            largest[path] = body
    return [(path, _short(body)) for path, body in largest.items()]


def _short(value: Any) -> Any:
    """The same with three items in each list of signals: there are many, and alike."""
    if isinstance(value, dict):
        return {key: _short(item)[:3] if key in _SIGNALS else _short(item) for key, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value


_SIGNALS = ("spans", "logRecords", "metrics", "dataPoints")


def batch_events() -> list[Json]:
    """One event of each kind, with all the fields that texts fit into."""
    trace = new_id()
    step = {"correlation_id": trace, "success": False, "error_message": "no", "error_type": "t", "context": {"a": "b"}}
    return [
        {
            **{"kind": "start", "correlation_id": trace, "session_id": new_id(), "user_id": "bob", "source": "cli"},
            **{"prompt_text": "hello", "agent_type": "x", "context": {"a": {"b": ["c"]}}, "tags": ["one", "two"]},
        },
        {
            **{"kind": "routing", "correlation_id": trace, "user_request": "r", "selected_agent": "a"},
            **{"selection_reason": "because", "alternatives": [{"agent": "b"}], "routing_strategy": "s"},
        },
        {
            **step,
            **{
                "kind": "hook",
                "execution_id": new_id(),
                "hook_type": "T",
                "tool_name": "Bash",
                "tool_input": {"command": "c"},
            },
            **{"tool_response": ["out"], "hook_script": "h.sh", "intelligence_functions_executed": ["f"]},
            **{
                "rag_queries_executed": [{"query": "q"}],
                "quality_gates_validated": ["g"],
                "modifications_made": {"f": "x"},
            },
        },
        {
            **step,
            **{
                "kind": "endpoint",
                "call_id": new_id(),
                "service_name": "s",
                "endpoint_path": "/p",
                "http_method": "GET",
            },
            **{"request_body": {"a": "b"}, "response_body": "text", "headers": {"Accept": "*/*"}, "model": "m"},
        },
        {"kind": "complete", "correlation_id": trace, "success": True, "response_text": "bye", "context": {"a": "b"}},
    ]


def camel(name: str) -> str:
    """The name of a field of a contract in GraphQL."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def graphql_input(event: Json) -> Json:
    """An event as the input of the mutation for its kind."""
    return {camel(name): value for name, value in event.items() if name != "kind"}


MUTATIONS: Final = {
    "start": "traces_start", "routing": "traces_record_routing", "hook": "traces_record_hook",
    "endpoint": "traces_record_endpoint", "complete": "traces_complete",
}  # fmt: skip


def fresh(value: Json) -> Json:
    """The same under other ids of traces, sessions and steps, so that nothing of it is already known."""
    text = json.dumps(value)
    for name in ("correlation_id", "execution_id", "call_id"):
        if name in value:
            text = text.replace(value[name], new_id())
    renamed: Json = json.loads(text)
    return renamed
