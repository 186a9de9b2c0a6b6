"""How good the text of a pattern is by its form: a score that a text has by itself and beside others, like that of a linter.

It does not say whether the pattern works; experiments do. The score is a weighted mean of five parts, each 0..1:

- *length* (0.2): 1 from 20 to 2,000 words; below, the words over 20; above, 2,000 over the words.
- *structure* (0.2): 1 less the share of words beyond 120 in a row without a blank line, a heading or an item of a list; less 0.25
  where a fence of code does not end; a quarter less for 400 words without any heading, list or code.
- *placeholders* (0.25): 1 less 0.2 for each leftover ("TODO", "[insert …]"), less half the share of placeholders that are no
  parameters of the version, less a quarter of the share of its parameters that the text does not name.
- *repetition* (0.15): 1 less the share of words in lines (of five words or more) that are there already.
- *uniqueness* (0.2): 1 up to a similarity of 0.5 with the text of any other pattern in force, falling to 0 for the same text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np

from loopgraph.computes.analytics.trends.trend import theil_sen
from loopgraph.computes.definitions.similarity import jaccard, shingles
from loopgraph.contracts.analytics.quality import (
    Compared,
    QualityMetrics,
    QualityTrend,
    ReportedQuality,
    TextProblem,
    TextQuality,
    VersionQuality,
)
from loopgraph.contracts.bodies import body_of
from loopgraph.contracts.definitions import DefinitionKind
from loopgraph.contracts.lineage import PatternVersion

WEIGHTS: Final = {"length": 0.2, "structure": 0.2, "placeholders": 0.25, "repetition": 0.15, "uniqueness": 0.2}
FEWEST_WORDS, MOST_WORDS = 20, 2_000
LONGEST_PARAGRAPH: Final = 120
UNSTRUCTURED: Final = 400
SIMILAR: Final = 0.5
"""Up to this similarity texts are taken to differ."""

LEAST_VERSIONS: Final = 3
"""Below so many there is no trend."""

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


class _Part(NamedTuple):
    score: float
    problems: tuple[TextProblem, ...] = ()


class Neighbour(NamedTuple):
    """The other pattern whose text is the most similar."""

    pattern_id: str
    similarity: float


def text_quality(text: str, parameters: Collection[str] = (), neighbour: Neighbour | None = None) -> TextQuality | None:
    """The quality of a text by its form; None for one without words. ``parameters`` are the names of those of its version."""
    words = len(_WORD.findall(text))
    if not words:
        return None
    similar = neighbour.similarity if neighbour else 0.0
    parts = {
        "length": _length(words),
        "structure": _structure(text, words),
        "placeholders": _placeholders(text, parameters),
        "repetition": _repetition(text, words),
        "uniqueness": _Part(
            min(1.0, (1 - similar) / (1 - SIMILAR)), (TextProblem.NEARLY_SAME,) if similar > SIMILAR else ()
        ),
    }
    return TextQuality(
        score=min(1.0, sum(WEIGHTS[name] * part.score for name, part in parts.items())),
        **{name: part.score for name, part in parts.items()},
        words=words,
        problems=tuple(problem for part in parts.values() for problem in part.problems),
        similar_to=neighbour.pattern_id if neighbour else None,
        similarity=neighbour.similarity if neighbour else None,
    )


def neighbours(texts: Mapping[str, str], others: Mapping[str, str]) -> dict[str, Neighbour]:
    """Of each text the one among ``others`` that is the most similar, of equally similar ones the first by its id; texts that
    have no run of three words in common with any are absent."""
    sets = {key: shingles(text) for key, text in texts.items()}
    found: dict[str, Neighbour] = {}
    for id_ in sorted(others):
        of_other = shingles(others[id_])
        for key, own in sets.items():
            similar = jaccard(own, of_other) if own else 0.0
            if similar > 0 and (key not in found or similar > found[key].similarity):
                found[key] = Neighbour(id_, similar)
    return found


def quality_metrics(compared: Compared, reported: Mapping[str, ReportedQuality]) -> QualityMetrics:
    """The quality of versions of a pattern, the newest first, beside what executions of them report."""
    texts = {
        version.node_id: given(version.pattern_type, version.template_code, version.metadata.get("path"))
        for version in compared.versions
    }
    nearest = neighbours(texts, compared.others)
    versions = [
        _quality(version, texts[version.node_id], nearest.get(version.node_id), reported.get(version.node_id))
        for version in sorted(compared.versions, key=lambda version: -version.version)
    ]
    return QualityMetrics(
        pattern_id=compared.pattern.pattern_id,
        versions=tuple(versions),
        text_trend=_trend((each.version, each.text.score) for each in versions if each.text is not None),
        reported_trend=_trend((each.version, each.reported) for each in versions if each.reported is not None),
        compared_with=len(compared.others),
    )


def given(pattern_type: str, text: str, path: object = None) -> str:
    """What a model is given of a text: of a definition, without what is for its client."""
    if pattern_type not in set(DefinitionKind):
        return text
    return body_of(DefinitionKind(pattern_type), text, path if isinstance(path, str) else "")


def _quality(
    version: PatternVersion, text: str, neighbour: Neighbour | None, reported: ReportedQuality | None
) -> VersionQuality:
    said = reported or ReportedQuality(0, 0, None)
    return VersionQuality(
        node_id=version.node_id,
        version=version.version,
        text=text_quality(text, version.parameters.keys(), neighbour),
        executions=said.executions,
        scored=said.scored,
        reported=said.mean,
    )


def _trend(known: Iterable[tuple[int, float]]) -> QualityTrend | None:
    points = sorted(known)
    if len(points) < LEAST_VERSIONS:
        return None
    x, y = np.array(points, dtype=float).T
    line = theil_sen(x, y)
    return QualityTrend(n=len(points), slope=line.slope, low=line.low, high=line.high) if line else None


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
