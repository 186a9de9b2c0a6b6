"""How a run comes to its proposals: the version in use is looked at closely, and every generator is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from loopgraph.computes.loop.proposing.contexts import failing_contexts, repeated_share, telling_failures
from loopgraph.computes.loop.proposing.proposals import BUILT_IN, understood
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.privacy.redaction import Redactor
from loopgraph.contracts.lineage.patterns import PatternVersion
from loopgraph.contracts.loop.feedback import Execution, FeedbackRun
from loopgraph.contracts.loop.proposals import Analysis, FailureExample, Proposal
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.circumstances import CircumstanceReads
from loopgraph.effects.loop.generators import Generators
from loopgraph.effects.loop.lessons import LessonReads
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.errors import InvalidInput

MOST_LOOKED_AT: Final = 1_000
"""Of the executions of a run, so many are looked at closely: the newest."""

_EXAMPLE_BYTES: Final = 2_048
"""So much of each text of an example is kept."""

_LONGEST_NOTE: Final = 300


@dataclass(frozen=True)
class Generated:
    """What the generators propose, in their order, each with its source: the rule, after the name of a generator that is not
    built in. ``notes`` say which generators could not be asked or understood, and why."""

    proposals: Sequence[tuple[str, Proposal]]
    notes: Sequence[str]


class Generating:
    """Asks generators. What these are given has no secrets in it, whatever is kept in the graph."""

    def __init__(self, graph: Graph, generators: Generators | None = None, redactor: Redactor | None = None) -> None:
        self._generators = generators or Generators(BUILT_IN)
        self._privacy = Privacy(redactor or Redactor(), max_field_bytes=_EXAMPLE_BYTES)
        self._circumstances = CircumstanceReads(graph)
        self._lessons = LessonReads(graph)
        self._traces = TraceReads(graph)

    async def proposals(self, run: FeedbackRun, control: PatternVersion, executions: Sequence[Execution]) -> Generated:
        """What is proposed for the version that a run has analysed, as far as the run is to take it up.

        ``executions`` are the newest of those that it analysed, judged.
        """
        answers = await self._generators.ask(await self._analysis(run, control, executions))
        proposals, notes = [], []
        for answer in answers:
            found, wrong = understood(answer.items)
            prefix = "" if answer.generator in BUILT_IN else f"{answer.generator}/"
            proposals += [(f"{prefix}{one.rule}"[:255], one) for one in found]
            if answer.problem or wrong:
                why = answer.problem or f"is not understood: {wrong}"
                notes.append(self._note(f"the generator {answer.generator} {why}"))
        wanted = run.input.feedback_type.improvement_types
        return Generated([one for one in proposals if one[1].improvement_type in wanted], notes)

    async def _analysis(self, run: FeedbackRun, control: PatternVersion, executions: Sequence[Execution]) -> Analysis:
        assert run.analysis is not None, "it was measured at the stage before"
        ids = [execution.execution_id for execution in executions]
        circumstances = await self._circumstances.of_executions(ids) if ids else []
        contexts = await asyncio.to_thread(failing_contexts, executions, circumstances)
        return Analysis(
            pattern_id=run.pattern_id,
            pattern_name=control.pattern_name,
            pattern_type=control.pattern_type,
            node_id=control.node_id,
            version=control.version,
            feedback_type=run.input.feedback_type,
            template_code=control.template_code,
            parameters=control.parameters,
            summary=run.analysis,
            contexts=contexts,
            failures=await self._failures(executions),
            repeated_share=repeated_share(circumstances),
            lessons=tuple(await self._lessons.of_others(run.pattern_id, control.pattern_type)),
        )

    async def _failures(self, executions: Sequence[Execution]) -> tuple[FailureExample, ...]:
        """Examples, as they may be shown to a stranger; one that cannot be is left out."""
        ids = telling_failures(executions)
        if not ids:
            return ()
        hooks = await self._traces.hook_executions_by_id(ids, None)
        judged = {execution.execution_id: execution for execution in executions}
        examples = []
        for id_ in ids:
            if (hook := hooks.get(id_)) is None:
                continue
            example = FailureExample(
                execution_id=id_,
                error_type=judged[id_].error_type,
                error_message=hook.error_message,
                arguments=hook.arguments,
                tool_input=hook.tool_input,
                tool_response=hook.tool_response,
                started_at=hook.started_at,
                duration_ms=hook.duration_ms,
            )
            try:
                examples.append(self._privacy.clean(example))
            except InvalidInput:  # its id looks like a secret, or a value is nested too deeply
                continue
        return tuple(examples)

    def _note(self, text: str) -> str:
        """A sentence that holds what others said, as it may be shown: on one line, without secrets, not too long."""
        clean = self._privacy.redactor.redact_text(" ".join(text.split()))
        return clean if len(clean) <= _LONGEST_NOTE else f"{clean[: _LONGEST_NOTE - 1]}…"
