"""Which text of which definition the model was given: the client writes down what it puts into a conversation.

What a command or a skill has become is a line of its own, after the one that called it; the first part of a subagent's system
prompt is the body of its definition; the files of memory are attached to the prompt that they are read for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loopgraph.computes.agents.fields import said
from loopgraph.computes.agents.uses import (
    BUILT_IN,
    SKILL_TOOL,
    command_name,
    command_used,
    memory_loaded,
    skill_used,
    subagent_used,
)
from loopgraph.computes.definitions.seen import is_skill, seen_called, seen_whole
from loopgraph.computes.transcripts.claude_code.lines import Line, map_of, name_of, text_of, typed
from loopgraph.computes.transcripts.claude_code.telling import Place, observed
from loopgraph.computes.transcripts.claude_code.turns import Called
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.observations import Observation


def tell_uses(line: Line, place: Place) -> Iterator[Observation]:
    """The uses of definitions that a line tells of. What calls one is kept at its turn until the text comes."""
    match line.type:
        case "user" if line.is_meta and not line.is_caveat:
            yield from _given(line, place)
        case "user" if line.is_command:
            name, _, arguments = typed(line.text).partition(" ")
            if (called := command_name(name)) and line.uuid:
                place.turn.called[line.uuid] = Called(called, arguments.strip())
        case "assistant":
            for block in line.of_type("tool_use"):
                _keep_skill(block, place)
            yield from _persona(line, place)
        case "attachment":
            attachment = map_of(line.fields.get("attachment"))
            if attachment.get("type") == "instructions":
                yield from _memory(line, place, attachment.get("files"))
            elif attachment.get("type") == "prompt_snapshot" and place.turn.agent_id:
                prompts = attachment.get("systemPrompt")
                if isinstance(prompts, list) and prompts and place.turn.persona is None:
                    place.turn.persona = text_of(prompts[0])
                    yield from _persona(line, place)


def _keep_skill(block: dict[str, Any], place: Place) -> None:
    given, id_ = map_of(block.get("input")), text_of(block.get("id"))
    name = command_name(given.get("skill"))
    if block.get("name") == SKILL_TOOL and id_ and name:
        place.turn.called[id_] = Called(name, text_of(given.get("args")) or "")


def _given(line: Line, place: Place) -> Iterator[Observation]:
    """What a command or a skill has become."""
    call = text_of(line.fields.get("sourceToolUseID"))
    called = place.turn.called.pop(call or line.parent or "", None)
    text = line.text
    if not text.strip() or (called is None and not (call and is_skill(text))):
        return
    seen = seen_called(text, place.session_id, called.arguments if called else None)
    name = called.name if called else command_name((seen.path or "").replace("\\", "/").rpartition("/")[2])
    if name is None:
        return
    evidence = {**seen.evidence, **said(cwd=_cwd(line), timestamp=line.at)}
    if call:
        trace, root = place.turn.trace, place.turn.root
        used = skill_used(place.session_id, call, trace, name, root_id=root, **evidence)
    elif place.turn.agent_id is None:
        kind = DefinitionKind.SKILL if is_skill(text) else DefinitionKind.COMMAND
        used = command_used(place.session_id, place.turn.trace, name, kind=kind, **evidence)
    else:
        return
    yield observed(used, "user")


def _persona(line: Line, place: Place) -> Iterator[Observation]:
    """A subagent works by its definition: told once, as soon as both its text and its name are known."""
    turn = place.turn
    if not turn.agent_id or not turn.persona or turn.is_persona_told:
        return
    name = turn.agent_type or name_of(line.fields.get("attributionAgent"))
    if name is None:
        return
    turn.is_persona_told = True
    if turn.is_built_in or name in BUILT_IN:
        return
    evidence = {**seen_whole(turn.persona).evidence, **said(cwd=_cwd(line))}
    yield observed(subagent_used(place.session_id, turn.agent_id, name, root_id=turn.root, **evidence), "attachment")


def _memory(line: Line, place: Place, files: Any) -> Iterator[Observation]:
    turn = place.turn
    if turn.agent_id or not isinstance(files, list) or line.at is None:
        return
    for file in files:
        path, content = text_of(map_of(file).get("path")), text_of(map_of(file).get("content"))
        if path is None or content is None:
            continue
        seen = seen_whole(content)
        read = memory_loaded(
            place.session_id,
            path,
            line.at,
            memory_type=file.get("type"),
            loaded_for=turn.trace if turn.is_begun and turn.root else None,
            digests=seen.digests,
            text=seen.evidence.get("text"),
            **said(cwd=_cwd(line)),
        )
        yield observed(read, "attachment")


def _cwd(line: Line) -> str | None:
    return text_of(line.fields.get("cwd"))
