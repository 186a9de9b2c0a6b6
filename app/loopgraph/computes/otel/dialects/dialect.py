"""What a dialect is: the names that a family of instrumentations has for what the service knows of a span or a log record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple


class Role(Enum):
    """What a span stands for."""

    MODEL = "a call of a model"
    CALL = "a call of another service"
    TOOL = "the use of a tool"
    STEP = "another step worth to be seen by itself"
    WRAPPER = "the work around steps: of an agent, a chain, a server, a function"


class Kind(NamedTuple):
    """What a span stands for, and the type of the step if it is one; without a type, that of OpenTelemetry's kind of span."""

    role: Role
    hook_type: str | None = None


MODEL: Final = Kind(Role.MODEL)
EMBEDDING: Final = Kind(Role.MODEL, "Embedding")
"""A call of a model that makes no tokens: all that it counts were given to it."""
TOOL: Final = Kind(Role.TOOL, "ToolUse")
AGENT: Final = Kind(Role.WRAPPER, "Agent")
RETRIEVER: Final = Kind(Role.STEP, "Retriever")
CHAIN: Final = Kind(Role.WRAPPER, "Chain")


class Meaning(Enum):
    """What a log record of an agent client tells of."""

    PROMPT = "a prompt was submitted"
    MODEL = "a model has answered"
    MODEL_FAILED = "a model could not be asked, or has not answered"
    TOOL = "a tool was used"
    TOOL_DECIDED = "whether a tool may be used was decided"


@dataclass(frozen=True)
class Member:
    """A member of a JSON object that an attribute holds, as a map or as a text; ``path`` are the names on the way to it."""

    attribute: str
    path: tuple[str, ...]

    @classmethod
    def of(cls, attribute: str, *path: str) -> Member:
        """The member with these names on the way to it."""
        return cls(attribute, path)


@dataclass(frozen=True)
class Listed:
    """A list whose items are attributes of their own: ``prefix.0.role``, ``prefix.0.content``, …"""

    prefix: str


@dataclass(frozen=True)
class Told:
    """A list whose items are the events of a span with these names, in their order."""

    events: tuple[str, ...]


@dataclass(frozen=True)
class Summed:
    """The sum of the members of a JSON object whose names begin with ``prefix``, but for those in ``besides``."""

    attribute: str
    prefix: str = ""
    besides: frozenset[str] = frozenset()


Source = str | Member | Listed | Told | Summed
"""Where a value is: the name of an attribute, or one of these."""

Sources = tuple[Source, ...]
"""The places of a value, the best first."""


@dataclass(frozen=True, eq=False)
class Dialect:
    """One row of the table.

    A span is of the dialect if it has an attribute that begins with one of ``marks``, or comes from one of ``scopes``; a log
    record, if its event is one of ``events``. It may be of several: what they name is then asked in the order of the table.

    ``kinds`` says by which values (in small letters) of which attribute it is known what a span stands for, and ``other`` what
    all other values of such an attribute mean; a step without a type is then named by the value. A span with a model or tokens
    of which no kind is known is a call of a model.

    All other fields are places. Counts of tokens: ``input_tokens`` with those of caches and ``output_tokens`` with those of
    reasoning, or else ``plain_…`` without. What a call cost: as a whole, or else in its two parts. ``input`` and ``output`` are
    of any step. In attributes that begin with one of ``json_texts``, texts are written as JSON, in quotation marks. The fields
    after ``events`` are of log records.
    """

    name: str
    marks: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    kinds: Mapping[str, Mapping[str, Kind]] = field(default_factory=dict)
    other: Kind | None = None
    json_texts: tuple[str, ...] = ()
    calls_are_events: bool = False
    """Calls of models are told by log records alone: what else names a span of these scopes is no part of a call."""

    operation: Sources = ()
    provider: Sources = ()
    model: Sources = ()
    input_tokens: Sources = ()
    plain_input_tokens: Sources = ()
    cache_read_tokens: Sources = ()
    cache_write_tokens: Sources = ()
    output_tokens: Sources = ()
    plain_output_tokens: Sources = ()
    reasoning_tokens: Sources = ()
    total_tokens: Sources = ()
    cost_usd: Sources = ()
    input_cost_usd: Sources = ()
    output_cost_usd: Sources = ()

    input: Sources = ()
    output: Sources = ()
    request: Sources = ()
    """The messages that a model was given, where that is not ``input``."""
    response: Sources = ()
    """The messages that it answered, where that is not ``output``."""
    prompt: Sources = ()
    """The text that a whole trace began with, where that is not among the messages."""
    answer: Sources = ()

    tool: Sources = ()
    tool_use_id: Sources = ()
    tool_input: Sources = ()
    tool_output: Sources = ()

    agent: Sources = ()
    session: Sources = ()
    user: Sources = ()
    project: Sources = ()
    tags: Sources = ()

    events: Mapping[str, Meaning] = field(default_factory=dict)
    vendor: str | None = None
    """Whose models are asked where the records do not say."""
    prompt_id: Sources = ()
    duration_ms: Sources = ()
    success: Sources = ()
    error_message: Sources = ()
    error_type: Sources = ()
    status_code: Sources = ()
    decision: Sources = ()
    decided_by: Sources = ()
    denials: frozenset[str] = frozenset()
    """Decisions, and types of errors, by which a call was not allowed to run."""
    stops: frozenset[str] = frozenset()
    """Those of them with which the client waits for a person, and asks no model."""
    calls_are_named_elsewhere: bool = False
    """The client's transcripts have the ids of its calls of models."""
    spawns: frozenset[str] = frozenset()
    """Tools whose answer names the subagent that they have spawned (``agent_id``)."""
    failures_say_why: bool = False
    """A call that has not succeeded, and of which no error is told, was stopped."""
