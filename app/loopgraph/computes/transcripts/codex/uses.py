"""Which text of which definition a rollout of Codex says that its model was given.

Memory and the skills that a prompt names (``$triage``) are messages in a person's name, and so in every era that is known; what a
subagent is to be stands first in what its thread is told. Skills that the model reads by itself are commands of its shell
(``tools``). A prompt of ``~/.codex/prompts`` leaves no trace but its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from loopgraph.computes.agents.fields import said
from loopgraph.computes.agents.given import codex_memory, codex_skill
from loopgraph.computes.agents.uses import (
    BUILT_IN_OF,
    command_name,
    command_used,
    memory_given,
    skill_given,
    subagent_used,
)
from loopgraph.computes.definitions.seen import seen_whole
from loopgraph.computes.transcripts.codex.threads import Thread, Turn
from loopgraph.computes.transcripts.lines import mapping_of
from loopgraph.contracts.lineage.changes import template_hash
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.observations import Observation

_BUILT_IN: Final = BUILT_IN_OF["codex"]
_PERSONA: Final = "generic.developer_instructions"


def subagent_of(thread: Thread, observed: Callable[..., Observation], **evidence: Any) -> Iterator[Observation]:
    """A thread of a subagent works by its definition, unless it is one of the client's own."""
    kind = thread.agent_type
    if thread.agent_id and kind and kind not in _BUILT_IN:
        yield observed(subagent_used(thread.session_id, thread.agent_id, kind, **evidence), "session_meta")


def tell_uses(
    payload: dict[str, Any],
    thread: Thread,
    turn: Turn | None,
    at: datetime | None,
    cwd: str | None,
    observed: Callable[..., Observation],
) -> Iterator[Observation]:
    """What a message of the model's API says of uses."""
    texts = _texts(payload.get("content"))
    if payload.get("role") == "developer":
        kinds = mapping_of(payload.get("internal_chat_message_metadata_passthrough")).get("content_item_kinds")
        if texts and isinstance(kinds, list) and kinds[:1] == [_PERSONA]:
            root = turn.root if turn else None
            yield from subagent_of(thread, observed, **said(cwd=cwd, root_id=root), **seen_whole(texts[0]).evidence)
        return
    if payload.get("role") != "user" or at is None:
        return
    for text in texts:
        if skill := codex_skill(text):
            name = command_name(skill.name)
            if name and turn:
                where = said(cwd=cwd, timestamp=at, file_digest=template_hash(skill.text))
                used = command_used(
                    thread.session_id, turn.trace, name, kind=DefinitionKind.SKILL, **where, **skill_given(skill)
                )
                yield observed(used, "message")
        elif thread.agent_id is None:
            for given in codex_memory(text):
                working = turn.trace if turn and not turn.over else None
                read = memory_given(thread.session_id, given, at, cwd, **said(loaded_for=working))
                yield observed(read, "message")


def _texts(content: Any) -> list[str]:
    blocks = content if isinstance(content, list) else []
    return [text for block in blocks if isinstance(text := mapping_of(block).get("text"), str)]
