"""Threads of Codex and their turns: which session, trace and subagent they are, by the ids that hooks have for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from loopgraph.computes.agents.fields import Fields
from loopgraph.computes.agents.ids import agent_trace_id, as_id, digest_id, prompt_trace_id, unnamed_prompt_id
from loopgraph.computes.transcripts.lines import mapping_of

_VENDOR: Final = "openai"

_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ID_OF_FILE: Final = re.compile(rf"rollout-[\dT-]{{19}}-({_UUID})(?:_({_UUID}))?")
_INJECTED: Final = re.compile(r"\s*(?:<[a-z_]+>|# AGENTS\.md instructions\b|Warning: apply_patch was requested)")


def id_in(path: str) -> str | None:
    """The id of a thread, by the name of its rollout."""
    named = _ID_OF_FILE.search(path)
    return named[1] if named else None


def own_id_in(path: str) -> str | None:
    """The id of a rollout, by its name: that of its thread, of which it is the first, or one of its own."""
    named = _ID_OF_FILE.search(path)
    return (named[2] or named[1]) if named else None


def is_injected(text: str) -> bool:
    """Whether a message is one that the client gives its model in a person's name."""
    return _INJECTED.match(text) is not None


@dataclass(frozen=True)
class Thread:
    """One thread. ``session_id`` is that of the session it works for, as the client writes it; ``agent_id`` is the thread's own
    if it is a subagent's."""

    id: str
    session_id: str
    agent_id: str | None
    agent_type: str | None
    provider: str

    @property
    def session(self) -> str:
        """The id of the session."""
        return as_id(self.session_id)


def thread_of(fields: Fields) -> Thread | None:
    """The thread that a ``session_meta`` is of; None if it has no id.

    Older clients do not name the session of a subagent: it is then that of the thread which spawned it.
    """
    id_, session_id = _id(fields.rest.get("id")), _id(fields.rest.get("session_id"))
    if id_ is None:
        return None
    spawn = mapping_of(mapping_of(mapping_of(fields.rest.get("source")).get("subagent")).get("thread_spawn"))
    parent = _id(fields.rest.get("parent_thread_id")) or _id(spawn.get("parent_thread_id"))
    session_id = session_id or parent or id_
    agent_id = id_ if id_ != session_id else None
    kind = Fields(spawn).name("agent_role") or fields.name("agent_role")
    provider = Fields(fields.rest).name("model_provider") or _VENDOR
    return Thread(id_, session_id, agent_id, kind if agent_id else None, provider)


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


@dataclass
class Turn:
    """One turn, as far as it has been read. ``trace`` and ``root`` are its trace and that of the prompt it works for.

    ``id`` is the client's name for it, None if it gives none. ``said`` is what the model has said since its last response was
    counted.
    """

    trace: str
    root: str | None
    at: datetime | None
    id: str | None = None
    prompt: str | None = None
    error: str | None = None
    settled: bool = False
    abandoned: bool = False
    over: bool = False
    said: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_named(self) -> bool:
        """Whether the client names it."""
        return self.id is not None

    @classmethod
    def named(cls, thread: Thread, turn_id: str, root_id: Any, at: datetime | None) -> Turn:
        """A turn that the client names; ``root_id`` is the turn that it works for, if it tells."""
        if thread.agent_id is None:
            own = prompt_trace_id(thread.session_id, turn_id)
            return cls(own, own, at, turn_id)
        root = prompt_trace_id(thread.session_id, root_id) if isinstance(root_id, str) and root_id else None
        return cls(agent_trace_id(thread.session_id, thread.agent_id), root, at, turn_id)

    @classmethod
    def unnamed(cls, thread: Thread, text: str, at: datetime | None) -> Turn:
        """A turn to which the client gives no name: it is known by what was asked for, and when."""
        if thread.agent_id is None:
            own = unnamed_prompt_id(thread.session_id, digest_id("prompt", at, text))
            return cls(own, own, at, prompt=text)
        return cls(agent_trace_id(thread.session_id, thread.agent_id), None, at, prompt=text)
