"""How good the text of a pattern is by its form, and how good executions say that it is."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from loopgraph.contracts.base import Contract, Id, Unit
from loopgraph.contracts.lineage import Pattern, PatternVersion


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


class TextQuality(Contract):
    """The form of a text, by its parts, 1 being best. ``similar_to`` is the pattern in force whose text is the most similar, if
    that is similar at all; ``similarity`` is 0..1."""

    score: Unit
    length: Unit
    structure: Unit
    placeholders: Unit
    repetition: Unit
    uniqueness: Unit
    words: int
    problems: tuple[TextProblem, ...]
    similar_to: Id | None = None
    similarity: Unit | None = None


class ReportedQuality(NamedTuple):
    """What executions of a version say: of the latest ``executions``, ``scored`` told a quality score, ``mean`` on average."""

    executions: int
    scored: int
    mean: float | None


class VersionQuality(Contract):
    """A version's quality. ``text`` is None for one without text."""

    node_id: Id
    version: int
    text: TextQuality | None
    executions: int
    scored: int
    reported: Unit | None


class QualityTrend(Contract):
    """The median of the slopes between any two of ``n`` versions, for each version, and its interval at 95 % (Theil, Sen)."""

    n: int
    slope: float
    low: float
    high: float


class QualityMetrics(Contract):
    """The quality of versions of a pattern, the newest first; trends over those that are known, None below three.

    ``compared_with`` is with the texts of how many other patterns they were compared.
    """

    pattern_id: Id
    versions: tuple[VersionQuality, ...]
    text_trend: QualityTrend | None
    reported_trend: QualityTrend | None
    compared_with: int


class Compared(NamedTuple):
    """A pattern with some of its versions, and the texts of others of its kind that are in force, by their ids."""

    pattern: Pattern
    versions: tuple[PatternVersion, ...]
    others: dict[str, str]
