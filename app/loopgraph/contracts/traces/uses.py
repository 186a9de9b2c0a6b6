"""Uses of patterns: what is reported of one, and which version it was.

A skill, a command, a subagent's definition, a memory file or a prompt of an application is told of from several sides, each in
part: one knows the text that the model was given, another the hash of the file, a third only a name. What they say is kept as
evidence at the execution, and from all of it follows which version was used, whatever came first.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

from loopgraph.contracts.base import Content, Contract, Id, Instant, Name, Text
from loopgraph.contracts.lineage.definitions import DefinitionKind, DefinitionOrigin, VersionBasis
from loopgraph.contracts.traces.events import DurationMs, TraceStatus
from loopgraph.contracts.traces.success import Outcome

PATTERN: Final = "Pattern"
"""The ``hook_type`` of an execution of a pattern."""

OBSERVED: Final = "observed"
"""The tag of a version that was made from a text that a model was given, and of which no file is known."""


class Evidence(Contract):
    """What tells which version it was; what is None or empty says nothing.

    ``pattern_name`` is what people call it, ``pattern_path`` the file, or the folder, that it was read from, ``cwd`` the folder
    that the agent works in. ``digests`` are those of the body that the model was given (``contracts.lineage.bodies``): first as
    it was given, last with everything taken out again that was put into it, which is ``text``. ``file_digest`` is the
    ``template_hash`` of the file, and ``resources_digest`` that of what lies beside it (``contracts.lineage.resources``).
    ``pattern_version`` is how its reporter names the version: by the id of its node, its number or its label.
    """

    pattern_type: Name
    pattern_name: Name
    pattern_origin: DefinitionOrigin | None = None
    pattern_path: Text | None = None
    pattern_version: Name | None = None
    cwd: Text | None = None
    digests: tuple[Text, ...] = ()
    file_digest: Text | None = None
    resources_digest: Text | None = None
    text: Content | None = None


class PatternUsed(Evidence):
    """A pattern was used in a trace: ``execution_id`` is the hook execution that stands for it.

    Without a ``status`` it lasts as long as its trace, a skill until the next one at most, and ends as that does; it begins at
    ``timestamp``, without one with its trace.
    """

    kind: Literal["use"] = "use"
    execution_id: Id
    correlation_id: Id
    root_id: Id | None = None
    session_id: Id | None = None
    timestamp: Instant | None = None
    arguments: Content | None = None
    status: TraceStatus | None = None
    started_at: Instant | None = None
    completed_at: Instant | None = None
    duration_ms: DurationMs | None = None


class MemoryLoaded(Evidence):
    """A file of memory was read into a session: its prompts from then on use it.

    ``loaded_for`` is the trace of the prompt that it was read for; without one it holds for the prompts that begin after
    ``timestamp``. Some clients do not tell the path: ``slot`` then stands for the file among those of the session, on every door,
    and ``pattern_path`` is what is known of it.
    """

    kind: Literal["memory"] = "memory"
    session_id: Id
    pattern_path: Text
    slot: Name | None = None
    loaded_for: Id | None = None
    timestamp: Instant


def stands_for_itself(kind: str, name: str, observed: bool, known: Container[tuple[str, str]]) -> bool:
    """Whether a pattern is one beside those of which more is known than that they were seen in use (``known``: their kinds and
    names). What was only seen is a text of one of them that nobody's files have: it would stand for the same definition twice.
    Memory is told apart by where it is: every project has a file of the same name."""
    return not observed or kind == DefinitionKind.MEMORY or (kind, name) not in known


def definition_key(kind: str, name: str) -> str:
    """By what versions are found that a use of this kind and name can be of. Of memory it is the name of its file alone: what
    its path is relative to, who read the file cannot tell."""
    return f"{kind}|{name.rpartition('/')[2] if kind == DefinitionKind.MEMORY else name}"


@dataclass(frozen=True)
class Use:
    """All that is known of one use. ``at`` is when it began, ``until`` when it ended; ``node_id`` the version that it was found
    to be of so far, whose text ``text`` is where it was observed."""

    execution_id: str
    kind: str
    name: str
    at: datetime
    until: datetime | None = None
    origin: str | None = None
    path: str | None = None
    cwd: str | None = None
    version: str | None = None
    digests: tuple[str, ...] = ()
    file_digest: str | None = None
    text: str | None = None
    arguments: str | None = None
    session_id: str | None = None
    node_id: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the versions that it can be of: who calls a skill like a command may say that it is one."""
        kinds = (self.kind, DefinitionKind.SKILL) if self.kind == DefinitionKind.COMMAND else (self.kind,)
        return tuple(definition_key(kind, self.name) for kind in kinds)


class Candidate(Contract):
    """A version that a use may be of. ``uncommitted``: no commit of it is known, though others of its pattern have some.
    ``proposed``: it never was in use. ``folders`` are those of its pattern where it holds, as far as they are known.

    ``template_code`` is there only where a digest alone may not tell.
    """

    node_id: str
    pattern_id: str
    version: int
    kind: str
    name: str
    created_at: datetime
    template_hash: str
    body_digest: str | None = None
    label: str | None = None
    origin: str | None = None
    scope: str | None = None
    folders: tuple[str, ...] = ()
    path: str | None = None
    observed: bool = False
    uncommitted: bool = False
    proposed: bool = False
    template_code: str | None = None


class Conclusion(NamedTuple):
    """Which version a use is of, on what that rests, and what was compared.

    ``final``: no version that may yet come can be better, but for one with the same body. ``observed``: it is of none that is
    known; a version is to be made of its text, of the pattern ``pattern_id``, which is made, too, if it is not there, with
    ``scope``.
    """

    node_id: str | None = None
    rule: VersionBasis | None = None
    evidence: str | None = None
    final: bool = False
    observed: bool = False
    pattern_id: str = ""
    scope: str = ""


class UseFigures(Contract):
    """What was done under a use: in its trace, in its time and in the traces of subagents that worked for its prompt.

    ``cost_usd`` is the sum of what is known of it; ``unpriced_calls`` are those of which nothing is. ``next_correlation_id`` is
    the next prompt of a person in the session, which may be a correction. ``outcome`` is what came of the use, by the criteria of
    success; None where nobody judges.
    """

    steps: int = 0
    failed_steps: int = 0
    denied_steps: int = 0
    interrupted_steps: int = 0
    model_calls: int = 0
    failed_model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0
    next_correlation_id: str | None = None
    outcome: Outcome | None = None


Choosing = Callable[[Use, Sequence[Candidate]], Conclusion]
"""Which version a use is of, among all that it may be of."""


def unchosen(use: Use, candidates: Sequence[Candidate]) -> Conclusion:
    """No version is known."""
    return Conclusion()
