"""How good a text is by its form alone: a score that a text has by itself, like that of a linter.

It does not say whether the pattern works; experiments do. It is kept with each version (``form_of_version``), with the number of
the rule: whoever changes what is below raises ``RULE``, and adds a migration that writes all versions anew. Until then what was
kept by an older rule is made anew where it is asked for. The score is a weighted mean of four parts, each 0..1:

- *length* (0.2): 1 from 20 to 2,000 words; below, the words over 20; above, 2,000 over the words.
- *structure* (0.2): 1 less the share of words beyond 120 in a row without a blank line, a heading or an item of a list; less 0.25
  where a fence of code does not end; a quarter less for 400 words without any heading, list or code.
- *placeholders* (0.25): 1 less 0.2 for each leftover ("TODO", "[insert …]"), less half the share of placeholders that are no
  parameters of the version, less a quarter of the share of its parameters that the text does not name.
- *repetition* (0.15): 1 less the share of words in lines (of five words or more) that are there already.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from loopgraph.contracts.base import Contract, Unit
from loopgraph.contracts.lineage.bodies import body_of
from loopgraph.contracts.lineage.definitions import DefinitionKind

RULE: Final = 1
"""The number of the rule. It is kept with every score."""

WEIGHTS: Final = {"length": 0.2, "structure": 0.2, "placeholders": 0.25, "repetition": 0.15}
FEWEST_WORDS, MOST_WORDS = 20, 2_000
LONGEST_PARAGRAPH: Final = 120
UNSTRUCTURED: Final = 400

LONGEST_TEXT: Final = 100_000
"""So many characters of a text are looked at: some ten times as many as a good one has at most."""

_WORD: Final = re.compile(r"\w+")
_FENCE: Final = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_CODE: Final = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE: Final = re.compile(r"`[^`\n]+`")
_MARK: Final = re.compile(r"^[ \t]*(?:#{1,6}[ \t]|[-*+][ \t]|\d+[.)][ \t]|\||<\w)", re.MULTILINE)
_LEFTOVER: Final = re.compile(
    r"\b(?:TODO|FIXME|XXX|TBD)\b|\blorem ipsum\b"
    r"|\[(?:insert|your|fill in|describe)\b[^\]\n]*\]|<(?:insert|your|fill in)\b[^>\n]*>",
    re.IGNORECASE,
)
_PLACEHOLDER: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}|\$\{(\w+)\}|(?<![\w{$])\{([A-Za-z_]\w*)\}(?!\})")
_OF_CLIENTS: Final = re.compile(r"(?i:arguments|args|\d+)|CLAUDE_\w+")
"""What agent clients put in by themselves."""

_WORDS_OF_A_LINE: Final = 5


class TextProblem(StrEnum):
    """What keeps a text from a full score.

    - TOO_SHORT, TOO_LONG: fewer than 20 words, more than 2,000.
    - LONG_PARAGRAPHS: more than 120 words without a blank line, a heading, or a list. NO_STRUCTURE: more than 400 words
      without any heading, list or code. OPEN_CODE: a fence of code that does not end.
    - LEFTOVERS: "TODO", "FIXME", "TBD", "lorem ipsum", "[insert …]", "<your …>". UNDECLARED: placeholders that are no parameters.
      UNUSED: parameters that the text does not name.
    - REPEATED: lines of five words and more that are there already. NEARLY_SAME: another pattern in force says much the same.
    """

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    LONG_PARAGRAPHS = "long_paragraphs"
    NO_STRUCTURE = "no_structure"
    OPEN_CODE = "open_code"
    LEFTOVERS = "leftovers"
    UNDECLARED = "undeclared"
    UNUSED = "unused"
    REPEATED = "repeated"
    NEARLY_SAME = "nearly_same"


class TextForm(Contract):
    """The form of a text by its parts, 1 being best, as rule number ``rule`` has it."""

    rule: int
    score: Unit
    length: Unit
    structure: Unit
    placeholders: Unit
    repetition: Unit
    words: int
    problems: tuple[TextProblem, ...]


class _Part(NamedTuple):
    score: float
    problems: tuple[TextProblem, ...] = ()


def form_of(text: str, parameters: Collection[str] = ()) -> TextForm | None:
    """The form of a text; None for one without words. ``parameters`` are the names of those of its version."""
    text = text[:LONGEST_TEXT]
    words = len(_WORD.findall(text))
    if not words:
        return None
    parts = {
        "length": _length(words),
        "structure": _structure(text, words),
        "placeholders": _placeholders(text, parameters),
        "repetition": _repetition(text, words),
    }
    whole = sum(WEIGHTS[name] * part.score for name, part in parts.items())
    return TextForm(
        rule=RULE,
        score=min(1.0, whole / sum(WEIGHTS.values())),
        **{name: part.score for name, part in parts.items()},
        words=words,
        problems=tuple(problem for part in parts.values() for problem in part.problems),
    )


def given(pattern_type: str, text: str, path: object = None) -> str:
    """What a model is given of a text: of a definition, without what is for its client."""
    if pattern_type not in _KINDS:
        return text
    return body_of(DefinitionKind(pattern_type), text, path if isinstance(path, str) else "")


def form_of_version(
    pattern_type: str, template_code: str, parameters: Collection[str], path: object = None
) -> TextForm | None:
    """The form of what a model is given of a version; None for a version of which it is given no words."""
    return form_of(given(pattern_type, template_code[:LONGEST_TEXT], path), parameters)


def kept(form: TextForm | None) -> str | None:
    """A form as the graph keeps it."""
    return form.model_dump_json() if form else None


def kept_form(text: str | None) -> TextForm | None:
    """The form that was kept, if that was by this rule."""
    form = TextForm.model_validate_json(text) if text else None
    return form if form and form.rule == RULE else None


_KINDS: Final = frozenset(DefinitionKind)


def _length(words: int) -> _Part:
    if words < FEWEST_WORDS:
        return _Part(words / FEWEST_WORDS, (TextProblem.TOO_SHORT,))
    return _Part(1.0) if words <= MOST_WORDS else _Part(MOST_WORDS / words, (TextProblem.TOO_LONG,))


def _structure(text: str, words: int) -> _Part:
    problems, prose = [], _CODE.sub("\n\n", text)
    beyond = sum(max(0, len(_WORD.findall(block)) - LONGEST_PARAGRAPH) for block in _blocks(prose))
    score = 1 - beyond / words
    if beyond:
        problems.append(TextProblem.LONG_PARAGRAPHS)
    fences = len(_FENCE.findall(text))
    if fences % 2:
        score -= 0.25
        problems.append(TextProblem.OPEN_CODE)
    if words > UNSTRUCTURED and not fences and not _MARK.search(text):
        score *= 0.75
        problems.append(TextProblem.NO_STRUCTURE)
    return _Part(max(0.0, score), tuple(problems))


def _blocks(prose: str) -> Iterable[str]:
    """Paragraphs; headings and items of lists begin one."""
    block: list[str] = []
    for line in prose.splitlines():
        if not line.strip() or _MARK.match(line):
            yield "\n".join(block)
            block = []
        block.append(line)
    yield "\n".join(block)


def _placeholders(text: str, parameters: Collection[str]) -> _Part:
    prose = _INLINE.sub("", _CODE.sub("", text))
    leftovers = len(_LEFTOVER.findall(prose))
    named = [(match[1] or match[2] or match[3], bool(match[1])) for match in _PLACEHOLDER.finditer(prose)]
    # Without parameters, only what nothing else looks like counts: braces and dollars are also those of code and of shells.
    asked = {name for name, mustache in named if (parameters or mustache) and not _OF_CLIENTS.fullmatch(name)}
    undeclared = asked - set(parameters)
    words = set(_WORD.findall(text))
    unused = [name for name in parameters if name not in words and name not in text]
    score = 1 - 0.2 * leftovers
    score -= 0.5 * len(undeclared) / len(asked) if asked else 0.0
    score -= 0.25 * len(unused) / len(parameters) if parameters else 0.0
    problems = (
        (TextProblem.LEFTOVERS, leftovers),
        (TextProblem.UNDECLARED, len(undeclared)),
        (TextProblem.UNUSED, len(unused)),
    )
    return _Part(max(0.0, score), tuple(problem for problem, count in problems if count))


def _repetition(text: str, words: int) -> _Part:
    seen, again = set[str](), 0
    for line in text.splitlines():
        of_line = _WORD.findall(line.casefold())
        if len(of_line) >= _WORDS_OF_A_LINE:
            key = " ".join(of_line)
            again += len(of_line) if key in seen else 0
            seen.add(key)
    return _Part(1 - again / words, (TextProblem.REPEATED,) if again else ())
