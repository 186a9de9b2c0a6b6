"""An improvement as a change of the file in which its pattern is written: the new text, a patch, and the proof in words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

from loopgraph.computes.definitions.adoption import adopted_pattern
from loopgraph.computes.loop.proposing.texts import in_place_of
from loopgraph.contracts.lineage.bodies import in_line_feeds, parted, plain
from loopgraph.contracts.loop.experiments import Decision
from loopgraph.contracts.loop.feedback import Improvement
from loopgraph.errors import Conflict, InvalidInput

_BOM: Final = "\ufeff"
_NO_NEWLINE: Final = "\\ No newline at end of file\n"
_QUOTED: Final = re.compile(r'[\x00-\x1f"\\\x7f]')
_ESCAPES: Final = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_SUBJECT: Final = 72


def changed_file(path: str, text: str, base: str, candidate: str, base_version: int) -> str:
    """What a file says after an improvement that says ``text`` now; the same text if it says that already.

    The file must be what the base version was, but for the ends of its lines and its byte order mark, and keeps these. A
    candidate that is a body alone leaves the front matter of the file and the empty lines around as they are, whether the base
    has a front matter or is a body alone, too; a file that has this body says it already. Raises Conflict for a file that is
    another text, InvalidInput for one that fetches its text, and has nothing to be changed.
    """
    matter, body = parted(base)
    if not parted(candidate)[0]:
        own, said = parted(text)
        if own and plain(said) == plain(candidate):
            return text
        if own and not matter and plain(said) == plain(base):
            base, matter, body = text, own, said
        if matter:
            candidate = base.removesuffix(body) + in_place_of(body, candidate)
    if same_text(text, candidate):
        return text
    if (pattern_id := adopted_pattern(text)) is not None:
        raise InvalidInput(
            path,
            f"fetches the text of {pattern_id} for each session: there is nothing in it to be changed; "
            f"`loopgraph pattern adopt --back {path}` gives it the text that is in use",
        )
    if not same_text(text, base):
        raise Conflict(
            "file", path, f"is not what version {base_version} was: somebody has changed it since; merge by hand"
        )
    wanted = in_line_feeds(candidate)
    whole = wanted.replace("\n", "\r\n") if _ends_in_crlf(text) else wanted
    return _BOM + whole if text.startswith(_BOM) else whole


def same_text(one: str, other: str) -> bool:
    """Whether two texts are the same but for the ends of their lines and a mark of the order of bytes."""
    return in_line_feeds(one) == in_line_feeds(other)


def patch(path: str, before: str, after: str) -> str:
    """A unified diff as ``git apply`` takes it; empty where nothing differs. ``path`` is relative to the work tree."""
    if before == after:
        return ""
    lines = difflib.unified_diff(_lines(before), _lines(after), _named(f"a/{path}"), _named(f"b/{path}"), lineterm="\n")
    body = "".join(line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}" for line in lines)
    return f"diff --git {_quoted(f'a/{path}')} {_quoted(f'b/{path}')}\n{body}"


def commit_message(
    improvement: Improvement, name: str, decisions: Iterable[Decision], base_version: int, version: int
) -> str:
    """What a commit says that applies an improvement: what it changes of the pattern of a name, and the proof for it.

    The figures of an experiment are told once, with the first of the decisions that go by them.
    """
    title = _words(f"{name}: {improvement.description or f'improve {improvement.improvement_type.value}'}")
    subject = title if len(title) <= _SUBJECT else f"{title[: _SUBJECT - 1]}…"
    lines = [subject, ""]
    if subject != title:
        lines += [title, ""]
    told: set[str | None] = set()
    for decision in decisions:
        lines += _proof(decision, again=decision.experiment_id is not None and decision.experiment_id in told)
        told.add(decision.experiment_id)
    lines += [
        f"Risk: {improvement.risk.value}"
        + (f": {_words('; '.join(improvement.risk_reasons))}" if improvement.risk_reasons else ""),
        "",
        f"Pattern: {improvement.pattern_id}, version {base_version} -> {version}",
        f"Improvement: {improvement.improvement_id}, proposed by {_words(improvement.source)}",
    ]
    return "\n".join(lines) + "\n"


def _proof(decision: Decision, *, again: bool) -> list[str]:
    at = f"{decision.decided_at:%Y-%m-%d %H:%M} UTC"
    lines = [f"Decision: {decision.verdict.value} ({decision.reason.value}) by {_words(decision.decided_by)}, {at}"]
    if decision.note:
        lines.append(f"Note: {_words(decision.note)}")
    if again:
        return lines
    if (result := decision.result) is not None:
        lines.append(
            f"{result.metric.value}: {_number(result.control.mean)} -> {_number(result.treatment.mean)}{_effect(decision)}"
        )
        arms = [arm.units if arm else sample.n for arm, sample in (
            (result.control_arm, result.control), (result.treatment_arm, result.treatment)
        )]  # fmt: skip
        lines.append(
            f"Units: {arms[0]} and {arms[1]}; executions: {result.control_executions} and {result.treatment_executions}"
        )
    if decision.experiment_id is not None:
        lines.append(f"Experiment: {decision.experiment_id}")
    return lines


def _effect(decision: Decision) -> str:
    result = decision.result
    assert result is not None
    if result.effect is None:
        return ""
    said = f", effect {_number(result.effect)}"
    if result.effect_interval is not None:
        low, high = result.effect_interval
        said += f" ({_number(low)} to {_number(high)})"
    if result.p_value is not None:
        said += f", p = {result.p_value:.2g}"
    return f"{said}, {result.method.value}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


def _words(text: str) -> str:
    """A text of others on one line: it begins no line of its own, and moves no cursor."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


def _ends_in_crlf(text: str) -> bool:
    """Whether the lines of a text end so: most of them, where they do not all end in the same way."""
    return text.count("\r\n") * 2 > text.count("\n")


def _lines(text: str) -> list[str]:
    """The lines with their ends, which only a line feed makes, as git has it."""
    return re.findall(r"[^\n]*\n|[^\n]+\Z", text)


def _named(path: str) -> str:
    """A path of a line that begins with --- or +++: git ends one with a blank in it by a tab."""
    quoted = _quoted(path)
    return f"{quoted}\t" if " " in path and quoted == path else quoted


def _quoted(path: str) -> str:
    """A path as git writes it: in quotes where it has marks that would end it."""
    if not _QUOTED.search(path):
        return path
    return '"' + _QUOTED.sub(lambda found: _ESCAPES.get(found[0], f"\\{ord(found[0]):03o}"), path) + '"'
