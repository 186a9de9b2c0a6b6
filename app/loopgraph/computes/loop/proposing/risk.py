"""How risky a change is: by what it changes, and how far, never by how good it looks.

An experiment shows what a change does to the metrics that it measures. It does not show that a version which may use more tools
will use them for harm one day, or what a text says that has little in common with the one that people have read. So what is
risky is told apart from what is good, and a reviewer is asked where it is.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from loopgraph.computes.definitions.front_matter import front_matter
from loopgraph.computes.loop.proposing.dangers import dangers
from loopgraph.contracts.lineage.bodies import parted
from loopgraph.contracts.loop.feedback import Reason, Verdict
from loopgraph.contracts.loop.risk import Content, Risk, RiskAssessment

SMALL_EDIT: Final = 0.1
"""Up to this share of its words, a text is changed little."""

REWRITE: Final = 0.5
"""From this share of its words on, a text is another one."""

FAR: Final = 2.0
"""A number changes far that becomes more than so many times what it was, or less than one part in so many."""

_MOST: Final = 2_000
_WORD: Final = re.compile(r"\w+|[^\w\s]")
_COMMAND: Final = re.compile(r"(?<!\S)!`(?P<ticks>[^`\n]+)`|!\{(?P<braces>[^}\n]+)\}")
"""What Claude Code and Gemini CLI run before a model reads the text."""
_AUTHORITY: Final = re.compile(
    r"tools?$|allow|deny|denied|blocked|blocklist|blacklist|forbid|exclude|permi|sandbox|approv|bypass|danger|unsafe|trust|scope|role|credential|network|hooks?$|mcp",
    re.IGNORECASE,
)
"""Names of what a version may do: of each part of a name that has dots."""
_REFUSAL: Final = re.compile(r"disallow|deny|denied|blocked|blocklist|blacklist|forbid|exclude", re.IGNORECASE)
"""Names of what it may not do."""
_MODEL: Final = re.compile(
    r"(?:^|[ _.-])(?:model|provider|engine|base_url|endpoint)(?:[_.-](?:name|id))?$", re.IGNORECASE
)

_TOOL: Final = re.compile(r"(?:^|[ .])tools?\.[^.]+$", re.IGNORECASE)
"""A tool that is switched by its name."""
_MEASURES: Final = frozenset(
    [
        "timeout",
        "delay",
        "interval",
        "backoff",
        "ttl",
        "retries",
        "ms",
        "s",
        "sec",
        "secs",
        "seconds",
        "minutes",
    ]
)
"""Last words of a name whose number is no permission, whatever else the name says."""
_RUN: Final = frozenset(
    [
        "command",
        "commands",
        "subcommand",
        "cmd",
        "cmds",
        "shell",
        "script",
        "scripts",
        "exec",
        "executable",
        "entrypoint",
        "argv",
    ]
)
"""Last words of the names of what is run."""

_Found = tuple[Risk, str]


def assess(base: Content, candidate: Content, told: Iterable[tuple[Risk, str]] = ()) -> RiskAssessment:
    """The risk of a change from a base to a candidate, with the reasons, the gravest first.

    - high: it may use tools that the base may not, or its permissions are others; a command among its parameters is another one;
      it runs a command as its text is read that the base does not run; what is new says to run what is fetched or decoded, names
      files of keys or secrets, or has marks that are not seen (see ``dangers``); or its text is another one: more than half of
      the words differ.
    - medium: the model is another one; the text is changed by more than a tenth; a parameter comes, goes or changes its type, a
      text among them is another one, or a number more than doubles or halves.
    - low: all else.

    ``told`` is what is known of the risk from elsewhere; it adds to what is found, and never takes from it. A text without front
    matter whose base has some is taken for a body alone, as an adopted skill fetches it: the front matter stays.
    """
    found = [
        *told,
        *_of_texts(base.template_code, candidate.template_code),
        *_of_parameters(base.parameters, candidate.parameters),
    ]
    found.sort(key=lambda one: -one[0].rank)
    risk = found[0][0] if found else Risk.LOW
    return RiskAssessment(risk=risk, reasons=tuple(dict.fromkeys(reason for _, reason in found)))


def restrained(verdict: Verdict, reason: Reason, risk: Risk) -> tuple[Verdict, Reason]:
    """What the loop does by itself: what is of high risk is left for review, however good it is."""
    if verdict is Verdict.APPLY and risk is Risk.HIGH:
        return Verdict.REVIEW, Reason.HIGH_RISK
    return verdict, reason


def _of_texts(base: str, text: str) -> Iterable[_Found]:
    if base == text:
        return
    matter, body = parted(text)
    base_matter, base_body = parted(base)
    if matter or not base_matter:
        yield from _of_parameters(front_matter(base), front_matter(text), "its front matter's ")
    new = sorted(_commands(text) - _commands(base))
    if new:
        yield Risk.HIGH, f"it runs a command when its text is read that was not run before: {_shown(new[0])}"
    for danger in dangers(base, text):
        yield Risk.HIGH, _shown(danger, 200)
    share = changed_share(base_body, body)
    if share > REWRITE:
        yield Risk.HIGH, f"its text is another one: {share:.0%} of the words differ"
    elif share > SMALL_EDIT:
        yield Risk.MEDIUM, f"{share:.0%} of the words of its text differ"
    elif share > 0:
        yield Risk.LOW, f"its text changes little: {_percent(share)} of the words differ"


def changed_share(base: str, text: str) -> float:
    """How much of two texts differs, 0..1: words and marks that are not in both in the same order, over all of both.

    Texts of more than 2,000 words are compared by their lines, and those of more than 2,000 lines without regard to the order.
    """
    before, after = _WORD.findall(base), _WORD.findall(text)
    if max(len(before), len(after)) > _MOST:
        before, after = base.splitlines(), text.splitlines()
    if not before and not after:
        return 0.0
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return 1 - (matcher.quick_ratio() if max(len(before), len(after)) > _MOST else matcher.ratio())


def _of_parameters(base: Mapping[str, Any], new: Mapping[str, Any], of: str = "") -> Iterable[_Found]:
    base, new = dict(_flat(base)), dict(_flat(new))
    for name in sorted(base.keys() | new.keys()):
        before, after = base.get(name), new.get(name)
        if (name in base) != (name in new) or before != after or type(before) is not type(after):
            yield _of_value(f"{of}{name}", before, after)
            for danger in dangers(_text(before, name, name in base), _text(after, name, name in new)):
                yield Risk.HIGH, _shown(f"{of}{name}: {danger}", 200)


def _flat(values: Mapping[str, Any], within: str = "") -> Iterable[tuple[str, Any]]:
    """The values of maps within maps, by the names on the way there; in a list of maps these are numbered.

    What says what a version may do is a list as a whole, for fewer of them allow less.
    """
    for name, value in values.items():
        at = f"{within}{name}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{at}.")
        elif isinstance(value, list | tuple) and not _grants(at) and any(isinstance(one, Mapping) for one in value):
            yield from _flat({str(place): one for place, one in enumerate(value)}, f"{at}.")
        else:
            yield at, value


def _grants(name: str) -> bool:
    return any(_AUTHORITY.search(part) for part in name.split("."))


def _of_value(name: str, before: Any, after: Any) -> _Found:
    numbers, last = _number(before) and _number(after), _last_word(name)
    if _grants(name) and not (numbers and last in _MEASURES):
        return _of_authority(name, before, after)
    if last in _RUN and after is not None and not numbers:
        return Risk.HIGH, f"{name} is a command, and changes from {_shown(before)} to {_shown(after)}"
    if numbers:
        if _times(before, after) <= FAR:
            return Risk.LOW, f"{name} changes from {before} to {after}"
        return Risk.MEDIUM, f"{name} changes far, from {before} to {after}"
    if _MODEL.search(name):
        return Risk.MEDIUM, f"another model: {name} from {_shown(before)} to {_shown(after)}"
    if before is None or after is None:
        return Risk.MEDIUM, f"{name} {'is new' if before is None else 'goes'}"
    if isinstance(before, bool) and isinstance(after, bool):
        return Risk.LOW, f"{name} is switched {'on' if after else 'off'}"
    return Risk.MEDIUM, f"{name} changes from {_shown(before)} to {_shown(after)}"


def _of_authority(name: str, before: Any, after: Any) -> _Found:
    """Only less of what is allowed, or more of what is refused, is no risk; what is not named may have no bound."""
    if _TOOL.search(name) and _is(before, True) and _is(after, False) and not _REFUSAL.search(name):
        return Risk.LOW, f"{name} is switched off"
    old, new = _listed(before), _listed(after)
    narrower = old < new if _REFUSAL.search(name) else new < old
    if narrower and old and new:
        return Risk.LOW, f"{name} allows less than before: {_shown(after)}"
    return Risk.HIGH, f"{name} says what it may do, and changes from {_shown(before)} to {_shown(after)}"


def _is(value: Any, switch: bool) -> bool:
    """Whether a value is that switch; in front matter it is a text."""
    return value is switch or (isinstance(value, str) and value.lower() == str(switch).lower())


def _listed(value: Any) -> set[str]:
    """The tools or permissions that a value names: of a list its items, of a text what stands between commas and blanks."""
    if isinstance(value, list | tuple):
        return {str(one).strip() for one in value}
    if isinstance(value, str):
        return set(re.findall(r"(?:\([^)]*\)|[^\s,\[\]()])+", value))
    return set() if value is None else {str(value)}


def _commands(text: str) -> set[str]:
    return {(found["ticks"] or found["braces"]).strip() for found in _COMMAND.finditer(text)}


def _last_word(name: str) -> str:
    """Of ``hooks.preCommand`` and of ``pre_command`` it is ``command``; numbers of a list are none."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return words[-1].lower() if words else ""


def _text(value: Any, name: str, there: bool) -> str:
    """A parameter as it is read: its name, and each text in its value in a line."""
    return "\n".join((name, *_strings(value))) if there else ""


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield str(name)
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _times(before: float, after: float) -> float:
    if before == 0 or after == 0 or (before < 0) != (after < 0):
        return math.inf
    return max(after / before, before / after)


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "less than 1%"


def _shown(value: Any, most: int = 80) -> str:
    """A value in a sentence of one line; marks that a terminal would follow are written as escapes."""
    text = "nothing" if value is None else " ".join(str(value).split())
    text = "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
