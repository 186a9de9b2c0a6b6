"""What analytics are about: a version, a tool, a project… Each has its own buckets."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from loopgraph.errors import InvalidInput, Spelled


class SubjectKind(StrEnum):
    """What a subject is, and what counts as an execution of it.

    - ALL: everything; its executions are the traces. ``AGENT``: the agent that a routing selected, or the type of the subagent;
      ``PROJECT``: what a trace or its session says that it is for, else the folder that this worked in; ``USER``. Their
      executions are traces, too.
    - PATTERN_VERSION: its executions are the hook executions that USED it. ``PATTERN`` and ``PATTERN_TYPE`` sum over versions.
    - TOOL: steps of one type and tool. ``ENDPOINT``: calls of one path of a service. ``MODEL``: calls of a language model.
    """

    ALL = "all"
    PATTERN_TYPE = "pattern_type"
    PATTERN = "pattern"
    PATTERN_VERSION = "pattern_version"
    AGENT = "agent"
    TOOL = "tool"
    ENDPOINT = "endpoint"
    MODEL = "model"
    PROJECT = "project"
    USER = "user"


class Subject(NamedTuple):
    """One subject. ``name`` is the id of a pattern or version, and what others are called; "" for ALL.

    ``part`` tells subjects of one name apart: the ``hook_type`` of a tool (whose name is "" for steps without one), the
    service of an endpoint; "" for the others.
    """

    kind: SubjectKind
    name: str = ""
    part: str = ""


EVERYTHING = Subject(SubjectKind.ALL)

LONGEST_NAME: Final = 4_096
"""In characters; of longer ones than this nobody asks."""


def subject_named(kind: SubjectKind, name: str, part: str, within: str = "") -> Subject:
    """The subject that somebody asks for. Raises InvalidInput for one that cannot be; ``within`` stands before its fields."""
    if kind not in (SubjectKind.ALL, SubjectKind.TOOL, SubjectKind.MODEL) and not name:
        raise InvalidInput(f"{within}name", Spelled(lambda spell: f"must be given for {spell(kind)}"))
    if kind is SubjectKind.ALL and name:
        raise InvalidInput(f"{within}name", Spelled(lambda spell: f"must be left out for {spell(kind)}"))
    parted = kind in (SubjectKind.TOOL, SubjectKind.ENDPOINT)
    if part and not parted:
        raise InvalidInput(f"{within}part", Spelled(lambda spell: f"must be left out for {spell(kind)}"))
    if parted and name and not part:  # no step or call is told of without: zeros would be no answer
        what = "type of its steps, such as ToolUse" if kind is SubjectKind.TOOL else "name of its service"
        raise InvalidInput(f"{within}part", Spelled(lambda spell: f"must be given for {spell(kind)}: the {what}"))
    for field, text in (("name", name), ("part", part)):
        if len(text) > LONGEST_NAME:
            raise InvalidInput(f"{within}{field}", f"must have at most {LONGEST_NAME:,} characters")
    return Subject(kind, name, part)


class Dimension(StrEnum):
    """By what the executions of a subject are told apart within its buckets, beside attributes that a setting names.

    ``UNIT`` is what an experiment would count as one: a session, a user, a task; without one, the trace.
    """

    UNIT = "unit"
    SESSION = "session"
    USER = "user"
    AGENT = "agent"
    PROJECT = "project"
    MODEL = "model"
    TAG = "tag"
    CONTEXT = "context"


OTHER: Final = ""
"""Stands in a dimension for all values beyond the bound of a bucket."""
