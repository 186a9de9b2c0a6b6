"""What another pattern's success teaches: what an experiment has found better there, where it was here as it had been there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from loopgraph.contracts.loop.proposals import Analysis, Lesson, Proposal

MOST_LESSONS: Final = 3
"""So many lessons are proposed in one run: those that have gained most where they come from."""


def transfer(analysis: Analysis) -> Iterable[Proposal]:
    """The same changes of parameters as in other patterns of the type, where all that they change has the same values here.

    The gain that is expected is that of there; that it is the same here is what the experiment is to show.
    """
    fitting = [lesson for lesson in analysis.lessons if lesson.changes and _fits(lesson, analysis)]
    fitting.sort(key=lambda lesson: -lesson.performance_delta)
    for lesson in fitting[:MOST_LESSONS]:
        what = " and ".join(f"{name} from {old} to {new}" for name, (old, new) in lesson.changes.items())
        yield Proposal(
            rule="transfer",
            improvement_type=lesson.improvement_type,
            description=f"In {lesson.pattern_name} it was {lesson.performance_delta:.1%} better to change {what}.",
            parameters={**analysis.parameters, **{name: new for name, (_, new) in lesson.changes.items()}},
            expected_delta=lesson.performance_delta,
            evidence={
                "pattern_id": lesson.pattern_id,
                "improvement_id": lesson.improvement_id,
                "decision_id": lesson.decision_id,
                "performance_delta": lesson.performance_delta,
                "assumes": "it does here what it does there",
            },
            learned_from=lesson.node_id,
        )


def _fits(lesson: Lesson, analysis: Analysis) -> bool:
    return all(
        name in analysis.parameters
        and type(analysis.parameters[name]) is type(old)
        and analysis.parameters[name] == old
        for name, (old, _) in lesson.changes.items()
    )
