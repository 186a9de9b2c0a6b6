"""What a trace teaches, as it is kept, and which lessons a plan is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import orjson

from loopgraph.computes.definitions.similarity import NEARLY_SAME, similarity
from loopgraph.computes.learning.plans.merging import SAMPLE
from loopgraph.contracts.learning.features import PromptFeatures
from loopgraph.contracts.learning.lessons import Lesson, PlainExemplar, Role, TracePlan

MOST_EXEMPLARS: Final = 8
"""So many prompts a pattern keeps: those that came first, of which none is nearly another."""

LONGEST_EXEMPLAR: Final = 2_000
MOST_KEYWORDS: Final = 12
_LONGEST_NAME: Final = 80


class Sample(NamedTuple):
    """The lessons that a plan is made of, and the traces that it is no longer made of because there are enough newer ones."""

    lessons: tuple[Lesson, ...]
    dropped: tuple[str, ...]


def plan_text(plan: TracePlan) -> str:
    """How a trace went, as JSON with the same bytes whenever it is the same."""
    return orjson.dumps(plan.model_dump(mode="json", exclude_defaults=True), option=orjson.OPT_SORT_KEYS).decode()


def sample_of(before: Iterable[Lesson], changed: Mapping[str, Lesson | None]) -> Sample:
    """The lessons after some of them have changed (None: are none any more): of each role the newest."""
    lessons = {lesson.correlation_id: lesson for lesson in before}
    for id_, lesson in changed.items():
        if lesson is None:
            lessons.pop(id_, None)
        else:
            lessons[id_] = lesson
    ordered = sorted(lessons.values(), key=lambda lesson: (lesson.time_key, lesson.correlation_id), reverse=True)
    kept: list[Lesson] = []
    counts: Counter[Role] = Counter()
    for lesson in ordered:
        counts[lesson.role] += 1
        if counts[lesson.role] <= SAMPLE:
            kept.append(lesson)
    known = {lesson.correlation_id for lesson in kept}
    return Sample(tuple(reversed(kept)), tuple(id_ for id_ in lessons if id_ not in known))


def is_new_prompt(text: str, digest: str, kept: Iterable[PlainExemplar]) -> bool:
    """Whether a prompt is none of those that are kept, nor nearly one."""
    return all(one.text_digest != digest and similarity(one.text, text) < NEARLY_SAME for one in kept)


def keywords_of(exemplars: Iterable[PlainExemplar]) -> tuple[str, ...]:
    """The keywords of a pattern: those that most of its prompts have, in the order in which they say them."""
    counts: Counter[str] = Counter()
    for exemplar in exemplars:
        counts.update(dict.fromkeys(exemplar.features.keywords, 1))
    return tuple(word for word, _ in counts.most_common(MOST_KEYWORDS))


def name_of(features: PromptFeatures, key: str, *, tells_words: bool) -> str:
    """What a learned pattern is called: what is done, and to what."""
    words = ", ".join(features.keywords[:4]) if tells_words else ""
    told = ": ".join(part for part in (features.action or features.intent, words or key[:8]) if part)
    return told[:_LONGEST_NAME]
