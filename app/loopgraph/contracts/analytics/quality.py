"""How good the text of a pattern is by its form, and how good executions say that it is."""

from __future__ import annotations

from typing import NamedTuple

from loopgraph.contracts.base import Contract, Id, Unit
from loopgraph.contracts.lineage.patterns import Pattern, PatternVersion
from loopgraph.contracts.lineage.text_form import TextForm, TextProblem


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


class KeptForm(NamedTuple):
    """A pattern in force, its version in use, and the form of that version's text as it is kept (None for one without words)."""

    pattern_id: str
    node_id: str
    form: str | None


class StandingForm(Contract):
    """A pattern in force and the form of the text of its version in use."""

    pattern_id: Id
    node_id: Id
    form: TextForm


class ProblemCount(Contract):
    """How many patterns have a problem."""

    problem: TextProblem
    patterns: int


class StandingForms(Contract):
    """The forms of the texts of all ``patterns`` in force that have one, and the ``worst`` of those ``found`` that were sought.

    ``whole``: all patterns in force were looked at, and not the newest alone.
    """

    patterns: int
    mean_score: Unit | None
    problems: tuple[ProblemCount, ...]
    found: int
    worst: tuple[StandingForm, ...]
    whole: bool


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
