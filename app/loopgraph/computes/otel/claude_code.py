"""What the spans and the log records of the agent client have in common: the session they name, and the subagent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from loopgraph.computes.agents.fields import Fields, said
from loopgraph.computes.agents.ids import agent_trace_id, as_id
from loopgraph.computes.agents.traces import subagent_trace
from loopgraph.computes.otel.model import PROJECT, Attributes, Origin, instant
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.contracts.traces.precedence import Trust

PREFIX: Final = "claude_code."
"""How the names of the client's spans, events and metrics begin."""

SESSION: Final = "session.id"

_REDACTED: Final = "<REDACTED>"
"""What the client sends in place of a text that it was not asked to send."""

_OF_SESSION: Final = (
    "anthropic.provider",
    "anthropic.custom_base_url",
    "terminal.type",
    "app.version",
    "organization.id",
    "user.account_id",
    "user.account_uuid",
    "user.email",
)
"""Attributes that every signal of a session repeats."""


@dataclass(frozen=True)
class AgentSignal:
    """A signal of the agent client. ``fields`` are the attributes that have not been read yet."""

    session_id: str
    agent_id: str | None
    agent_type: str | None
    user_id: str | None
    fields: Fields

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> AgentSignal:
        """The signal with these attributes, of which ``session.id`` is one. Raises InvalidInput for ids that are no texts."""
        fields = Fields(attributes)
        session_id, agent_id, user_id = (
            fields.required_id(SESSION),
            fields.id("agent_id"),
            first_name(attributes, "user.id"),
        )
        for name in ("user.id", *_OF_SESSION):
            fields.any(name)
        agent_type = first_name(attributes, "agent_type", "agent.name", "gen_ai.agent.name") if agent_id else None
        return cls(session_id, agent_id, agent_type, user_id, fields)

    @property
    def session(self) -> str:
        """The session's id."""
        return as_id(self.session_id)

    def trace(self, prompt: str) -> str:
        """The trace it belongs to: that of its subagent, or ``prompt``'s."""
        return agent_trace_id(self.session_id, self.agent_id) if self.agent_id else prompt

    def subagent(self, root_id: str | None) -> TraceStarted:
        """The trace of its subagent."""
        named = {"agent_type": self.agent_type, "user_id": self.user_id}
        return subagent_trace(self.session_id, self.agent_id or "", **named, root_id=root_id, parent_id=root_id)

    def prompt(self, correlation_id: str, **more: Any) -> TraceStarted:
        """The trace of its prompt, or of the session itself, and ``more`` fields of it."""
        known = said(user_id=self.user_id, **more)
        return TraceStarted(correlation_id=correlation_id, session_id=self.session, **known)

    def written(self, *names: str) -> str | None:
        """The first of these attributes that is a text, unless the client kept it to itself."""
        text = self.fields.text(*names)
        return None if text == _REDACTED else text


def is_of_agent(name: str, attributes: Mapping[str, Any]) -> bool:
    """Whether it is a signal of the agent client that names its session."""
    return name.startswith(PREFIX) and isinstance(attributes.get(SESSION), str) and attributes[SESSION] != ""


def session_seen(origin: Origin, attributes: Attributes, time_ns: int) -> Observation:
    """What any signal of the client says of its session."""
    resource = Fields(origin.resource)
    session = SessionSeen(
        session_id=as_id(attributes[SESSION]),
        **said(
            timestamp=instant(time_ns),
            client=resource.name("service.name"),
            client_version=resource.name("service.version"),
            project=resource.name(PROJECT),
            user_id=first_name(attributes, "user.id"),
            context={**resource.rest, **{name: attributes[name] for name in _OF_SESSION if name in attributes}} or None,
        ),
    )
    return Observation(event=session, source="otel.session", rank=Trust.TELEMETRY)


def first_name(attributes: Mapping[str, Any], *names: str) -> str | None:
    """The first of these attributes that is a short text; it stays among them."""
    return Fields({name: attributes[name] for name in names if name in attributes}).name(*names)
