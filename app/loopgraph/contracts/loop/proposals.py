"""What a generator is given, and what it gives back.

A generator is a function ``propose(analysis) -> [Proposal]``, plain or async. Whoever writes one imports these names, and names
the function as an entry point of the group ``loopgraph.generators``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from loopgraph.contracts.base import Contract, Id, JsonMap, Name, Text, Unit
from loopgraph.contracts.loop.feedback import FeedbackType, ImprovementType, PerformanceSummary
from loopgraph.contracts.loop.risk import Risk


class FailingContext(Contract):
    """Executions that have something in common and fail more often than the others that were looked at.

    ``dimension`` says what: ``agent``, ``agent_type``, ``project``, ``tool``, ``hook_type`` or ``model``. ``failure_rate``
    and ``failure_rate_elsewhere`` are shares of those executions of which it is known whether they succeeded. ``p_value`` is
    Fisher's, one-sided, corrected by Holm's method for all values of all dimensions that were looked at.
    """

    dimension: Name
    value: Name
    executions: Annotated[int, Field(ge=1)]
    failures: Annotated[int, Field(ge=0)]
    failure_rate: Unit
    failure_rate_elsewhere: Unit
    p_value: Unit


class Circumstances(NamedTuple):
    """In which an execution took place: values by dimension, as far as they are known. ``input_key`` is the same for executions
    with the same input, None where it was not reported or not kept."""

    execution_id: str
    dimensions: Mapping[str, str]
    input_key: str | None


class FailureExample(Contract):
    """An execution that failed: what it was given and what it said, without secrets, and cut to what is needed to see what
    happened. What was not reported or not kept is None. The duration is in milliseconds."""

    execution_id: Id
    error_type: str | None
    error_message: str | None = None
    arguments: str | None = None
    tool_input: Any = None
    tool_response: Any = None
    started_at: datetime | None = None
    duration_ms: float | None = None


class Lesson(Contract):
    """What another pattern's success teaches: parameters that were changed there, each from what to what, and the relative gain
    that an experiment found. ``node_id`` is the version that has them, in use by now."""

    pattern_id: Id
    pattern_name: Name
    node_id: Id
    improvement_id: Id
    decision_id: Id
    improvement_type: ImprovementType
    changes: dict[str, tuple[Any, Any]]
    performance_delta: float


class Analysis(Contract):
    """What is known of the version in use when a run asks what could be better. Durations are in milliseconds.

    ``summary`` is over all executions that the run analysed; the rest looks at the newest of them more closely: ``contexts`` in
    which they fail more often than elsewhere, the surest first, ``failures`` as examples, the newest of each type of error
    first, and ``repeated_share``, how many executions had an input that another one had had before (None where fewer than 30 say
    what their input was). ``lessons`` are what other patterns of the type have taught, the newest first.
    """

    pattern_id: Id
    pattern_name: Name
    pattern_type: Name
    node_id: Id
    version: Annotated[int, Field(ge=1)]
    feedback_type: FeedbackType
    template_code: Text
    parameters: JsonMap
    summary: PerformanceSummary
    contexts: tuple[FailingContext, ...] = ()
    failures: tuple[FailureExample, ...] = ()
    repeated_share: Unit | None = None
    lessons: tuple[Lesson, ...] = ()


class Proposal(Contract):
    """A change of the version in use that something measured speaks for: a hypothesis, which an experiment tests.

    ``template_code`` and ``parameters`` are those of the new version, whole; None leaves them as they are. ``rule`` names
    the reasoning, ``description`` says it in words, and ``evidence`` holds its figures. ``expected_delta`` is the relative gain
    in the metric that the type is measured by, such as 0.1 for ten percent; None where nothing measured tells it. ``risk`` is
    the least risk that the change has by the word of its maker, with reasons; what it changes may make it riskier, and nothing
    makes it less so. ``learned_from`` is the version of another pattern that taught it.
    """

    rule: Name
    improvement_type: ImprovementType
    description: Text
    template_code: Text | None = None
    parameters: JsonMap | None = None
    expected_delta: Annotated[float, Field(allow_inf_nan=False)] | None = None
    evidence: JsonMap = {}
    risk: Risk = Risk.LOW
    risk_reasons: tuple[Text, ...] = ()
    learned_from: Id | None = None


class ProposedVersion(Contract):
    """A draft that is there already, proposed as an improvement of the version in use; ``source`` says by whom or what."""

    improvement_id: Id
    node_id: Id
    improvement_type: ImprovementType
    source: Name
    description: Text = ""
    expected_delta: Annotated[float, Field(allow_inf_nan=False)] | None = None
    evidence: JsonMap = {}


Generator = Callable[[Analysis], Iterable[Proposal] | Awaitable[Iterable[Proposal]]]
"""``propose(analysis)``. It is called in a thread of its own, with a deadline; an async one in an event loop of its own."""
