"""What people asked and what was answered, out of the messages in which it stands: those of OpenAI, Anthropic, LangChain,
OpenInference, and OpenTelemetry's conventions, and the arguments and results of functions."""

from __future__ import annotations

from typing import Any, Final

import orjson

_USERS: Final = frozenset({"user", "human"})
_ASSISTANTS: Final = frozenset({"assistant", "ai", "model"})
_ASKED: Final = ("messages", "prompt", "input", "inputs", "question", "query", "text", "content", "kwargs", "args")
_ANSWERED: Final = (
    "choices", "generations", "message", "messages", "output", "outputs", "answer", "response", "result", "text", "content",
)  # fmt: skip
_DEEPEST: Final = 12


def asked(value: Any) -> str | None:
    """The text of the last message of a user; a text that is no message, as it is."""
    return _text_of(value, _ASKED, _USERS, 0)


def answered(value: Any) -> str | None:
    """The text of the last message of a model; a text that is no message, as it is."""
    return _text_of(value, _ANSWERED, _ASSISTANTS, 0)


def _text_of(value: Any, members: tuple[str, ...], roles: frozenset[str], depth: int) -> str | None:
    if depth > _DEEPEST:
        return None
    match value:
        case str():
            return _text_of(_parsed(value), members, roles, depth + 1) if value[:1] in ("{", "[") else value or None
        case list():
            return _last(value, members, roles, depth)
        case {"lc": _, "kwargs": dict(message)}:
            return _text_of(message, members, roles, depth + 1)
        case dict():
            if (role := _role(value)) is not None:
                return _content(value, depth) if role in roles else None
            inner = (_text_of(value[name], members, roles, depth + 1) for name in members if value.get(name))
            return next(filter(None, inner), None) or _only(value, members, roles, depth)
    return None


def _only(value: dict[str, Any], members: tuple[str, ...], roles: frozenset[str], depth: int) -> str | None:
    """The text of a map with one member."""
    [*inner] = value.values()
    return (
        _text_of(inner[0], members, roles, depth + 1) if len(inner) == 1 and isinstance(inner[0], str | dict) else None
    )


def _last(items: list[Any], members: tuple[str, ...], roles: frozenset[str], depth: int) -> str | None:
    # Pairs of a role and a text are messages, too: LangChain's.
    if len(items) == 2 and isinstance(items[0], str) and isinstance(items[1], str) and _is_role(items[0]):
        return items[1] if items[0].lower() in roles else None
    if items and all(_is_part(item) for item in items):
        return _content({"content": items}, depth)
    found = (_text_of(item, members, roles, depth + 1) for item in reversed(items))
    return next(filter(None, found), None)


def _is_role(text: str) -> bool:
    return text.lower() in _USERS | _ASSISTANTS | {"system", "tool", "developer"}


def _is_part(item: Any) -> bool:
    return isinstance(item, dict) and "role" not in item and isinstance(item.get("text"), str) and "type" in item


def _role(message: dict[str, Any]) -> str | None:
    """Whose message it is; None if it is none."""
    role = message.get("role")
    if role is None and isinstance(message.get("type"), str) and _is_role(message["type"]):
        role = message["type"]
    return role.lower() if isinstance(role, str) else None


def _content(message: dict[str, Any], depth: int) -> str | None:
    """The text of a message: its own, or that of its parts, line by line."""
    content = next(
        (message[name] for name in ("content", "parts", "contents", "message", "data") if message.get(name)), None
    )
    match content:
        case str():
            return content
        case dict() if depth < _DEEPEST:
            return _content(content, depth + 1)
        case list():
            return "\n".join(filter(None, map(_part, content))) or None
    return None


def _part(part: Any) -> str | None:
    if isinstance(part, dict) and isinstance(part.get("message_content"), dict):
        part = part["message_content"]
    if not isinstance(part, dict) or part.get("type") in ("tool_call", "tool_call_response", "reasoning", "thinking"):
        return part if isinstance(part, str) else None
    text = part.get("text", part.get("content"))
    return text if isinstance(text, str) else None


def _parsed(text: str) -> Any:
    """What JSON holds; any other text is none of anybody's messages."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
