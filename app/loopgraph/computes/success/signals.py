"""What is told of work without anybody saying it. As ``correction`` does: rather not than wrongly, and with what tells it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from loopgraph.computes.definitions.similarity import NEARLY_SAME
from loopgraph.computes.success.correction import correction, similarity
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.signals import GOES_ON, FileStep, Prompt, SessionPart, Signal, SignalKind, TraceSignals
from loopgraph.contracts.traces.success import Correction, Work

EDITING: Final = ("Edit", "MultiEdit", "Write", "replace", "write_file")
"""The tools that write files in a form which is read here: those of Claude Code and of Gemini CLI."""

_TAKES_BACK: Final = re.compile(r"\bgit\s+(?:checkout|restore)\s+([^;&|\n]+)")
_COMMITS: Final = re.compile(r"\bgit\b[^;&|\n]*?\scommit\b")
_NO_PERSON: Final = "unknown: no prompt of a person"


def signals_of(part: SessionPart, now: datetime) -> TraceSignals:
    """The signals of a trace, from what followed it:

    - RETRIED: one of the following prompts has nearly the same words (``correction``: at least four, and the same numbers).
    - CORRECTED: by the rules of ``correction``, without ratings.
    - ABANDONED: the person went back to before it; or it was stopped, failed or fell silent, no prompt follows, and the session
      has ended or nothing came for an hour.
    - INTERRUPTED: its status says so.
    - EDITS_REVERTED: a later edit of the same file puts back what an edit of this trace replaced, or ``git checkout`` or
      ``git restore`` names the file, and nothing was committed in between.
    """
    prompt = part.prompt
    after = _correction(prompt, part.following[0] if part.following else None) if part.of_person else Correction()
    rounds, resolved = _rounds(part)
    return TraceSignals(
        correlation_id=prompt.correlation_id,
        signals=(
            _retried(part),
            _corrected(part, after),
            _abandoned(part, now),
            _interrupted(prompt),
            _reverted(part),
        ),
        completed_ms=_between(prompt.at, prompt.completed_at),
        resolved_ms=_between(prompt.at, resolved),
        rounds=rounds,
    )


def _correction(prompt: Prompt, following: Prompt | None) -> Correction:
    work = Work(
        pattern_type="",
        status=prompt.status,
        answered_at=prompt.completed_at,
        rewound=prompt.rewound,
        asked=prompt.text,
        asked_back=prompt.asked_back,
        next_prompt=following.text if following else None,
        next_at=following.at if following else None,
    )
    return correction(work, GOES_ON)


def _rounds(part: SessionPart) -> tuple[int, datetime | None]:
    """How many prompts it took until nobody corrected any more, and when the last of them was over; None where that is open."""
    prompts = [part.prompt, *part.following]
    for number, prompt in enumerate(prompts, 1):
        following = prompts[number] if number < len(prompts) else None
        if not part.of_person or not _correction(prompt, following).corrected:
            return number, prompt.completed_at
    return len(prompts), None


def _retried(part: SessionPart) -> Signal:
    if not part.of_person:
        return Signal(kind=SignalKind.RETRIED, holds=None, rule=_NO_PERSON)
    if not part.prompt.text:
        return Signal(kind=SignalKind.RETRIED, holds=None, rule="unknown: no text")
    alike = [
        (one, likeness)
        for one in part.following
        if (likeness := similarity(part.prompt.text, one.text or "")) >= NEARLY_SAME
    ]
    if not alike:
        return Signal(kind=SignalKind.RETRIED, holds=False, rule="inferred: no sign")
    return Signal(
        kind=SignalKind.RETRIED,
        holds=True,
        rule="inferred: repeated",
        evidence=f"{max(likeness for _, likeness in alike):.0%} alike",
        correlation_ids=tuple(one.correlation_id for one, _ in alike),
    )


def _corrected(part: SessionPart, after: Correction) -> Signal:
    if not part.of_person:
        return Signal(kind=SignalKind.CORRECTED, holds=None, rule=_NO_PERSON)
    by = (part.following[0].correlation_id,) if part.following and after.corrected else ()
    return Signal(
        kind=SignalKind.CORRECTED,
        holds=after.corrected,
        rule=after.rule.value,
        evidence=after.evidence,
        correlation_ids=by,
    )


def _abandoned(part: SessionPart, now: datetime) -> Signal:
    prompt = part.prompt

    def told(holds: bool | None, rule: str) -> Signal:
        return Signal(kind=SignalKind.ABANDONED, holds=holds, rule=rule)

    if prompt.rewound:
        return told(True, "exact: rewound")
    if not part.of_person:
        return told(None, _NO_PERSON)
    if part.following:
        return told(False, "exact: went on")
    if prompt.status is TraceStatus.SUCCESS:
        return told(False, "exact: ended well")
    if prompt.status is TraceStatus.IN_PROGRESS or prompt.completed_at is None:
        return told(None, "unknown: in progress")
    if part.ended_at is not None or now - prompt.completed_at > GOES_ON:
        return told(True, "inferred: left unfinished")
    return told(None, "unknown: may go on")


def _interrupted(prompt: Prompt) -> Signal:
    known = prompt.status is not TraceStatus.IN_PROGRESS
    holds = prompt.status is TraceStatus.INTERRUPTED if known else None
    return Signal(kind=SignalKind.INTERRUPTED, holds=holds, rule="exact: status" if known else "unknown: in progress")


class _Edit(NamedTuple):
    """That a step replaced a text of a file by another; ``before`` is None of a file written whole that was not known before."""

    step: FileStep
    path: str
    before: str | None
    after: str


def _reverted(part: SessionPart) -> Signal:
    open_: list[_Edit] = []
    written: dict[str, str] = {}
    taken_back: list[tuple[_Edit, FileStep, str]] = []
    mine = 0
    for step in part.steps:
        of_trace = step.prompt_id == part.prompt.correlation_id
        for edit in _edits(step, written):
            back = [
                one for one in open_ if one.path == edit.path and (one.before, one.after) == (edit.after, edit.before)
            ]
            if back:
                taken_back += [(one, step, "exact: put back") for one in back]
                open_ = [one for one in open_ if one not in back]
            elif of_trace:
                mine += 1
                open_.append(edit)
        for command in _commands(step.tool_input):
            if _COMMITS.search(command):
                open_ = []
            for named in _TAKES_BACK.findall(command):
                back = [one for one in open_ if _names(named, one.path)]
                taken_back += [(one, step, "inferred: taken back by git") for one in back]
                open_ = [one for one in open_ if one not in back]
    if not taken_back:
        rule = "inferred: no sign" if mine else "exact: no edits"
        return Signal(kind=SignalKind.EDITS_REVERTED, holds=False, rule=rule)
    steps = dict.fromkeys(id_ for edit, by, _ in taken_back for id_ in (edit.step.execution_id, by.execution_id))
    return Signal(
        kind=SignalKind.EDITS_REVERTED,
        holds=True,
        rule=min(rule for _, _, rule in taken_back),
        evidence=", ".join(dict.fromkeys(edit.path for edit, _, _ in taken_back)),
        correlation_ids=tuple(dict.fromkeys(by.correlation_id for _, by, _ in taken_back)),
        execution_ids=tuple(steps),
    )


def _edits(step: FileStep, written: dict[str, str]) -> list[_Edit]:
    """What a step did to files; ``written`` has what files that were written whole hold, and is kept up."""
    given = step.tool_input
    if step.tool_name not in EDITING or not isinstance(given, Mapping):
        return []
    path = given.get("file_path")
    if not isinstance(path, str):
        return []
    if isinstance(content := given.get("content"), str):
        before, written[path] = written.get(path), content
        return [_Edit(step, path, before, content)]
    parts = given["edits"] if isinstance(given.get("edits"), list) else [given]
    found = []
    for part in parts:
        old, new = (part.get("old_string"), part.get("new_string")) if isinstance(part, Mapping) else (None, None)
        if isinstance(old, str) and isinstance(new, str) and old != new:
            found.append(_Edit(step, path, old, new))
    if found:
        written.pop(path, None)
    return found


def _commands(given: Any) -> list[str]:
    command = given.get("command") if isinstance(given, Mapping) else None
    if isinstance(command, str):
        return [command]
    return [" ".join(map(str, command))] if isinstance(command, Sequence) else []


def _names(arguments: str, path: str) -> bool:
    """Whether the arguments of a command name a file: by its whole path, or the end of it from a folder on."""
    words = [word.strip("'\"").removeprefix("./") for word in arguments.split()]
    return any(path == word or path.endswith(f"/{word}") for word in words if word and not word.startswith("-"))


def _between(begin: datetime, end: datetime | None) -> float | None:
    return max(0.0, (end - begin).total_seconds() * 1000) if end is not None else None
