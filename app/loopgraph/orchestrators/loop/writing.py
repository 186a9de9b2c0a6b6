"""The generator that has a language model write a new text."""

from __future__ import annotations

from typing import Final

from loopgraph.computes.loop.proposing.writing import measurements, messages, proposal_of
from loopgraph.computes.privacy.redaction import Redactor
from loopgraph.contracts.loop.proposals import Analysis, Proposal
from loopgraph.contracts.loop.risk import Risk
from loopgraph.effects.loop.endpoint import Endpoint
from loopgraph.errors import InvalidInput

ENDPOINT: Final = "endpoint"
"""The name of this generator."""


class Writer:
    """Asks a model for a better text. What it writes is of ``risk`` at least."""

    def __init__(self, endpoint: Endpoint, redactor: Redactor, risk: Risk = Risk.HIGH) -> None:
        self._endpoint = endpoint
        self._redactor = redactor
        self._risk = risk

    def propose(self, analysis: Analysis) -> list[Proposal]:
        """A proposal, or none. Blocks until the model has answered.

        Nothing is asked without executions: nothing would speak for a change. A text that has a secret in it is not sent, as one
        without it would not do the same. Raises InvalidInput for a text or an answer that cannot be used, NoAnswer where there is
        none.
        """
        if not analysis.summary.execution_count:
            return []
        if self._redactor.redact_text(analysis.template_code) != analysis.template_code:
            raise InvalidInput("templateCode", "has what looks like a secret in it, and is not sent")
        parameters = self._redactor.redact(analysis.parameters, field="parameters")
        measured = self._redactor.redact(measurements(analysis), field="measurements")
        answer = self._endpoint.complete(messages(analysis, parameters, measured))
        found = proposal_of(answer, analysis, self._endpoint.model, self._risk)
        return [found] if found else []
