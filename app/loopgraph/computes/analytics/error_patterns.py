"""The patterns that the error messages of failures follow: how often, where, since when, and how bad they are."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from loopgraph.computes.analytics.templates import clusters, covers, headline, masked, template_id
from loopgraph.contracts.analytics.failures import (
    EndpointCount,
    ErrorAnnotation,
    ErrorPattern,
    ErrorPatterns,
    ErrorSample,
    ErrorSeverity,
    FailedPart,
    Failure,
    FailureFilter,
    Failures,
    NameCount,
)

K = TypeVar("K", str, tuple[str, str])

SAMPLES: Final = 3
MOST_NAMES: Final = 10
COMMON: Final = 0.05
COMMON_TRACES: Final = 3

_FAILED_STATUS: Final = 400
_TELLING: Final = 8
"""Characters of a message that says the same wherever it stands among others: `unknown` does not."""


def error_patterns(
    failures: Failures, filter: FailureFilter, annotations: Sequence[ErrorAnnotation], first: int
) -> ErrorPatterns:
    """The ``first`` most frequent patterns of the failures that pass the filter; of equally frequent ones, by their templates.

    What is told of one failure in several places (a call, the step that made it, the trace that it ended) counts once.
    """
    counting = [failure for failure in once_each(failures.found) if _passes(failure, filter)]
    told: dict[str, list[Failure]] = defaultdict(list)
    for failure in counting:
        if failure.text is not None:
            told[failure.text].append(failure)
    of_headline: defaultdict[str, list[Failure]] = defaultdict(list)
    for text, those in told.items():
        of_headline[masked(headline(text))] += those
    found = [
        (cluster.template, [failure for text in cluster.headlines for failure in of_headline[text]])
        for cluster in clusters({text: len(those) for text, those in of_headline.items()})
    ]
    found.sort(key=lambda each: (-len(each[1]), each[0]))
    return ErrorPatterns(
        patterns=tuple(_pattern(*each, failures.traces, annotations) for each in found[:first]),
        total=len(found),
        failures=len(counting),
        untold=len(counting) - sum(map(len, told.values())),
        traces=failures.traces,
        reaches_back_to=failures.since,
    )


def once_each(failures: Iterable[Failure]) -> list[Failure]:
    """The failures, in the order of time, without those that only tell again what is told within them: a step that tells of the
    error of one of its calls, or nothing, and a trace that tells of the error of one of its steps or calls, or nothing."""
    every = sorted(failures, key=lambda failure: failure.key)
    within: defaultdict[tuple[str, str | None], list[int]] = defaultdict(list)
    for number, failure in enumerate(every):
        if failure.part is FailedPart.CALL and failure.execution_id:
            within[failure.correlation_id, failure.execution_id].append(number)
        if failure.part is not FailedPart.TRACE:
            within[failure.correlation_id, None].append(number)
    again: set[int] = set()
    for part in (FailedPart.STEP, FailedPart.TRACE):
        for number, failure in enumerate(every):
            if failure.part is not part:
                continue
            of = failure.execution_id if part is FailedPart.STEP else None
            inner = [other for other in within[failure.correlation_id, of] if other != number and other not in again]
            same = [other for other in inner if _tells_of(failure, every[other])]
            if same:
                every[same[-1]] = replace(every[same[-1]], ended=failure.ended or every[same[-1]].ended)
            if same or (inner and failure.text is None):
                again.add(number)
    return [failure for number, failure in enumerate(every) if number not in again]


def _tells_of(outer: Failure, inner: Failure) -> bool:
    """Whether a step or a trace failed by what failed within it: it says the same, has its words among others (or they have its
    own), or has the status of a response that failed, as ``API Error: 529 …`` of a prompt whose model was overloaded."""
    if outer.text is None:
        return False
    status = inner.response_status
    if status is not None and status >= _FAILED_STATUS and re.search(rf"(?<![\w.]){status}(?!\w|\.\d)", outer.text):
        return True
    return inner.text is not None and (_has(outer.text, inner.text) or _has(inner.text, outer.text))


def _has(text: str, words: str) -> bool:
    """Whether some words are a text, or whole words of it, however they are spaced and written. Few letters are words of much."""
    text, words = (" ".join(one.split()).casefold() for one in (text, words))
    if text == words:
        return True
    at = text.find(words) if len(words) >= _TELLING else -1
    while at >= 0:
        around = text[max(at - 1, 0) : at] + text[at + len(words) : at + len(words) + 1]
        if not any(one.isalnum() for one in around):
            return True
        at = text.find(words, at + 1)
    return False


def severity(traces: int, ended_traces: int, looked_at: int) -> ErrorSeverity:
    """How bad a pattern is by the traces that it is in, and that ended with it, of those that were looked at; see
    ``ErrorSeverity``."""
    common = traces >= max(COMMON_TRACES, COMMON * looked_at)
    if common and ended_traces:
        return ErrorSeverity.CRITICAL
    if common or ended_traces:
        return ErrorSeverity.HIGH
    return ErrorSeverity.MEDIUM if traces > 1 else ErrorSeverity.LOW


def annotation_of(template: str, annotations: Iterable[ErrorAnnotation]) -> ErrorAnnotation | None:
    """What people wrote of a template, or of one that is more general or more special; of several, that of the template itself,
    else the latest. So it stays with its messages when the template changes with them."""
    fitting = [each for each in annotations if covers(each.template, template) or covers(template, each.template)]
    return max(fitting, key=lambda each: (each.template == template, each.updated_at, each.template_id), default=None)


def is_followed(template: str, failures: Failures) -> bool:
    """Whether the message of one of the failures follows a template."""
    return any(
        covers(template, masked(headline(text))) for text in {failure.text for failure in failures.found} if text
    )


def _passes(failure: Failure, filter: FailureFilter) -> bool:
    return (
        (filter.agent is None or failure.agent == filter.agent)
        and (filter.tool is None or failure.tool_name == filter.tool)
        and (filter.endpoint is None or failure.endpoint_path == filter.endpoint)
        and (filter.node_id is None or filter.node_id in failure.node_ids)
    )


def _pattern(
    template: str, failures: Sequence[Failure], looked_at: int, annotations: Sequence[ErrorAnnotation]
) -> ErrorPattern:
    traces = {failure.correlation_id for failure in failures}
    ended = {failure.correlation_id for failure in failures if failure.ended}
    times = [failure.at for failure in failures]
    endpoints = Counter(
        (failure.service_name or "", failure.endpoint_path) for failure in failures if failure.endpoint_path is not None
    )
    return ErrorPattern(
        template_id=template_id(template),
        template=template,
        severity=severity(len(traces), len(ended), looked_at),
        count=len(failures),
        traces=len(traces),
        ended_traces=len(ended),
        first_seen=min(times),
        last_seen=max(times),
        error_types=_names(failures, lambda failure: [failure.error_type]),
        agents=_names(failures, lambda failure: [failure.agent]),
        tools=_names(failures, lambda failure: [failure.tool_name or failure.hook_type]),
        endpoints=tuple(
            EndpointCount(service_name=service, endpoint_path=path, count=count)
            for (service, path), count in _most(endpoints)
        ),
        versions=_names(failures, lambda failure: failure.node_ids),
        samples=_samples(failures),
        annotation=annotation_of(template, annotations),
    )


def _names(failures: Sequence[Failure], of: Callable[[Failure], Iterable[str | None]]) -> tuple[NameCount, ...]:
    counts = Counter(name for failure in failures for name in of(failure) if name is not None)
    return tuple(NameCount(name=name, count=count) for name, count in _most(counts))


def _most(counts: Counter[K]) -> list[tuple[K, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_NAMES]


def _samples(failures: Sequence[Failure]) -> tuple[ErrorSample, ...]:
    """The latest failures whose messages differ."""
    latest: dict[str, Failure] = {}
    for failure in sorted(failures, key=lambda failure: failure.key, reverse=True):
        latest.setdefault(failure.text or "", failure)
        if len(latest) == SAMPLES:
            break
    return tuple(
        ErrorSample(
            message=message,
            at=failure.at,
            correlation_id=failure.correlation_id,
            execution_id=failure.execution_id,
            call_id=failure.call_id,
        )
        for message, failure in latest.items()
    )
