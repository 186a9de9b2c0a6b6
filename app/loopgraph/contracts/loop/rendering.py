"""A pattern's text as a unit of work is to have it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from loopgraph.contracts.base import Contract, Id, Name, Text
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.loop.feedback import Arm


class RenderKind(StrEnum):
    """The types of patterns that can be rendered by their names: definitions, which are files, and prompts, which need not be."""

    SKILL = DefinitionKind.SKILL
    COMMAND = DefinitionKind.COMMAND
    SUBAGENT = DefinitionKind.SUBAGENT
    MEMORY = DefinitionKind.MEMORY
    PROMPT = "prompt"


class RenderRequest(Contract):
    """``pattern`` is an id, or what people call a definition or a prompt; ``kind`` and ``folder`` (where it is asked for) tell
    several of one name apart. ``unit`` is whatever should see one version only; ``arguments`` are put in where the text has a
    place for them, and stand behind it otherwise."""

    pattern: Name
    unit: Name
    kind: RenderKind | None = None
    folder: Text | None = None
    arguments: Text | None = None


class Rendering(Contract):
    """The text, without front matter, and of which version it is. Whoever reports an execution of it says ``node_id``,
    ``experiment_id`` and ``unit``."""

    text: Text
    pattern_id: Id
    node_id: Id
    version: Annotated[int, Field(ge=1)]
    unit: Name
    experiment_id: Id | None
    arm: Arm | None
