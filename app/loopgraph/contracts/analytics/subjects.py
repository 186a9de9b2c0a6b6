"""What analytics are about: a version, a tool, a project… Each has its own buckets."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class SubjectKind(StrEnum):
    """What a subject is, and what counts as an execution of it.

    - ALL: everything; its executions are the traces. ``AGENT``: the agent that a routing selected, or the type of the subagent;
      ``PROJECT``: the folder that a session worked in; ``USER``. Their executions are traces, too.
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
