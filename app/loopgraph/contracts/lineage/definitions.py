"""Definitions: the files in which people write their skills, commands, subagents and memory, and what ran of them."""

from __future__ import annotations

from enum import StrEnum

from loopgraph.contracts.base import Contract, Id, Instant, Name, Tags, Text
from loopgraph.contracts.lineage.patterns import PatternStatus

UNCOMMITTED = "uncommitted"
"""The tag of a version that was seen in a work tree and of which no commit is known."""


class DefinitionKind(StrEnum):
    """What a definition is for the agent; the ``pattern_type`` of its pattern."""

    SKILL = "skill"
    COMMAND = "command"
    SUBAGENT = "subagent"
    MEMORY = "memory"


class DefinitionOrigin(StrEnum):
    """Who brings a definition: a project to everybody who works in it, a user to all of their projects, a plugin."""

    PROJECT = "project"
    USER = "user"
    PLUGIN = "plugin"


class VersionBasis(StrEnum):
    """On what it rests which version an execution ran, the best first; the ``rule`` of its USED edge."""

    REPORTED = "exact: reported"
    """Whoever reported the execution named the version."""
    CONTENT = "exact: content"
    """The text that the model was given is the version's body."""
    FILE = "exact: file"
    """The file had the version's hash at that moment, read where the agent runs."""
    TIME = "inferred: time"
    """The version was in force at that instant."""


class Identity(Contract):
    """What tells a definition from all others.

    ``name`` is what people call it: ``triage``, ``fix`` for ``/fix``, ``git:commit`` for one in a folder or of a plugin, the path
    in its project for memory. ``scope`` tells whose it is: the identity of a repository (``git:…``), of a folder outside git
    (``folder:…``), ``user:<login>``, or ``plugin:<name>``.
    """

    kind: DefinitionKind
    name: Name
    origin: DefinitionOrigin
    scope: Name


class Definition(Contract):
    """One state of a definition: ``text`` is the whole file, ``path`` where it is in its scope."""

    identity: Identity
    path: Text
    text: Text


class VersionOfBody(Contract):
    """A version that has a body: what is needed to tell which one of several ran."""

    node_id: Id
    pattern_id: Id
    pattern_type: Name
    pattern_name: Name
    status: PatternStatus
    template_hash: str
    tags: Tags = ()
    created_at: Instant
