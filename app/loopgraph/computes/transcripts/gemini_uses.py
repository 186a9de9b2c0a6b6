"""Which text of which definition a session file of Gemini CLI says that its model was given.

The memory of a project stands in the first message, and in the answers of calls that reach into further folders, each file with
its path; the user's own is told nowhere. A prompt that a command has become is kept beside what was typed. A skill is the answer
of a call; of a subagent only the name is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from loopgraph.computes.agents.fields import said
from loopgraph.computes.agents.gemini import SKILL_TOOL, is_own_skill
from loopgraph.computes.agents.given import gemini_memory, gemini_skill
from loopgraph.computes.agents.uses import (
    BUILT_IN_OF,
    command_name,
    command_used,
    memory_given,
    skill_given,
    skill_used,
    subagent_used,
)
from loopgraph.computes.definitions.seen import seen_in_braces
from loopgraph.contracts.traces.observations import Observation

_BUILT_IN: Final = BUILT_IN_OF["gemini-cli"]

_Observed = Callable[..., Observation]


class Place(NamedTuple):
    """Where a line belongs: its session, the trace of the prompt or the subagent, the folder that the agent works in, and when
    the prompt was asked."""

    session_id: str
    trace: str | None
    agent_id: str | None
    cwd: str | None
    asked_at: datetime | None


def tell_memory(text: str, place: Place, at: datetime | None, observed: _Observed) -> Iterator[Observation]:
    """The files of memory in a text that the client has given its model."""
    if place.agent_id or at is None:
        return
    for given in gemini_memory(text):
        # It counts for the prompt that it was read for, whatever that is known as elsewhere.
        read = memory_given(place.session_id, given, place.asked_at or at, place.cwd)
        yield observed(read, "user")


def tell_command(
    text: str, shown: str, place: Place, at: datetime | None, observed: _Observed
) -> Iterator[Observation]:
    """The command that a prompt was typed as."""
    called = shown.strip()
    name = command_name(called.split(maxsplit=1)[0]) if called.startswith("/") else None
    if name is None or place.trace is None or place.agent_id or text.strip() == called:
        return
    evidence = {**seen_in_braces(text, called).evidence, **said(cwd=place.cwd, timestamp=at)}
    yield observed(command_used(place.session_id, place.trace, name, **evidence), "user")


def tell_call(
    tool: str | None, id_: str, output: Any, place: Place, at: datetime | None, observed: _Observed
) -> Iterator[Observation]:
    """What the answer of a call that went well holds: a skill, or memory of a folder that it has reached into."""
    if not isinstance(output, str) or place.trace is None:
        return
    if tool != SKILL_TOOL:
        yield from tell_memory(output, place, at, observed)
        return
    given = gemini_skill(output)
    name = command_name(given.name) if given and not is_own_skill(given) else None
    if given and name:
        where = said(cwd=place.cwd, timestamp=at, root_id=None if place.agent_id else place.trace)
        yield observed(skill_used(place.session_id, id_, place.trace, name, **where, **skill_given(given)), "tool_call")


def tell_subagent(kind: str | None, agent_id: str, place: Place, observed: _Observed) -> Iterator[Observation]:
    """A subagent works by its definition, unless it is one of the client's own."""
    if kind and kind not in _BUILT_IN:
        where = said(cwd=place.cwd, root_id=None if place.agent_id else place.trace)
        yield observed(subagent_used(place.session_id, agent_id, kind, **where), "tool_call")
