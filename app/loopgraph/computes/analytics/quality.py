"""How good the text of a pattern is, by its form and beside others, and how that develops.

The score is made of the form of the text (``contracts.lineage.text_form``, 0.8) and of its *uniqueness* (0.2): 1 up to a
similarity of 0.5 with the text of any other pattern in force, falling to 0 for the same text. The form is kept with each version;
how unique it is changes with other patterns, and is computed when it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Final, NamedTuple

import numpy as np

from loopgraph.computes.analytics.trends.trend import theil_sen
from loopgraph.computes.definitions.similarity import jaccard, shingles
from loopgraph.contracts.analytics.quality import (
    Compared,
    KeptForm,
    ProblemCount,
    QualityMetrics,
    QualityTrend,
    ReportedQuality,
    StandingForm,
    StandingForms,
    TextQuality,
    VersionQuality,
)
from loopgraph.contracts.lineage.patterns import PatternVersion
from loopgraph.contracts.lineage.text_form import TextForm, TextProblem, form_of_version, given, kept_form

OF_UNIQUENESS: Final = 0.2
"""The weight of the uniqueness of a text; the rest is that of its form."""

SIMILAR: Final = 0.5
"""Up to this similarity texts are taken to differ."""

LEAST_VERSIONS: Final = 3
"""Below so many there is no trend."""


class Neighbour(NamedTuple):
    """The other pattern whose text is the most similar."""

    pattern_id: str
    similarity: float


def text_quality(form: TextForm, neighbour: Neighbour | None = None) -> TextQuality:
    """The quality of a text of this form, beside the text that is the most similar to it."""
    similar = neighbour.similarity if neighbour else 0.0
    uniqueness = min(1.0, (1 - similar) / (1 - SIMILAR))
    return TextQuality(
        **form.model_dump(exclude={"rule", "score", "problems"}),
        score=(1 - OF_UNIQUENESS) * form.score + OF_UNIQUENESS * uniqueness,
        uniqueness=uniqueness,
        problems=(*form.problems, *((TextProblem.NEARLY_SAME,) if similar > SIMILAR else ())),
        similar_to=neighbour.pattern_id if neighbour else None,
        similarity=neighbour.similarity if neighbour else None,
    )


def form_now(version: PatternVersion) -> TextForm | None:
    """The form of a version's text by today's rule: as it was kept, or made anew."""
    if (form := kept_form(version.text_form)) is not None:
        return form
    path = version.metadata.get("path")
    return form_of_version(version.pattern_type, version.template_code, version.parameters.keys(), path)


def standing_forms(
    kept: Sequence[KeptForm], below: float, problem: TextProblem | None, first: int, *, more: bool
) -> StandingForms:
    """The patterns in force whose texts are worst by their form: those that score below ``below`` and have this problem."""
    known = [(one, form) for one in kept if (form := kept_form(one.form)) is not None]
    wanted = [
        StandingForm(pattern_id=one.pattern_id, node_id=one.node_id, form=form)
        for one, form in known
        if form.score < below and (problem is None or problem in form.problems)
    ]
    wanted.sort(key=lambda one: (one.form.score, one.pattern_id))
    problems = Counter(each for _, form in known for each in form.problems)
    return StandingForms(
        patterns=len(known),
        mean_score=fmean(form.score for _, form in known) if known else None,
        problems=tuple(ProblemCount(problem=each, patterns=problems[each]) for each in TextProblem if problems[each]),
        found=len(wanted),
        worst=tuple(wanted[:first]),
        whole=not more,
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
        _quality(version, nearest.get(version.node_id), reported.get(version.node_id))
        for version in sorted(compared.versions, key=lambda version: -version.version)
    ]
    return QualityMetrics(
        pattern_id=compared.pattern.pattern_id,
        versions=tuple(versions),
        text_trend=_trend((each.version, each.text.score) for each in versions if each.text is not None),
        reported_trend=_trend((each.version, each.reported) for each in versions if each.reported is not None),
        compared_with=len(compared.others),
    )


def _quality(version: PatternVersion, neighbour: Neighbour | None, reported: ReportedQuality | None) -> VersionQuality:
    said, form = reported or ReportedQuality(0, 0, None), form_now(version)
    return VersionQuality(
        node_id=version.node_id,
        version=version.version,
        text=text_quality(form, neighbour) if form else None,
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
