"""What an agent may say to the loop: propose an improvement, ask which version to run, rate what was done."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final
from uuid import uuid4

from pydantic import Field, model_validator

from loopgraph.api.mcp.finding import pattern_meant
from loopgraph.api.mcp.tools import Arguments, Around, Ask, Refused, Tool, changed, document
from loopgraph.computes.privacy.quoting import NOTE, quoted

ACTOR: Final = {"type": "AGENT", "id": "mcp"}
"""Who it is that speaks through this door, as the audit trail has it."""

LONGEST_TEMPLATE: Final = 4_000
"""Bytes of a version's text that an answer has room for."""

_Pattern = Annotated[str, Field(min_length=1, max_length=255, description="Id or name of the pattern.")]


class _Proposal(Arguments):
    pattern: _Pattern
    description: Annotated[str, Field(min_length=1, max_length=2_000, description="What is better, and why.")]
    template: Annotated[
        str | None, Field(default=None, max_length=100_000, description="The whole new text; left out: as it is.")
    ]
    parameters: Annotated[
        dict[str, Any] | None, Field(default=None, description="The new parameters; left out: as they are.")
    ]
    expected_gain: Annotated[
        float | None,
        Field(default=None, ge=-1, le=10, description="Relative gain that is expected; 0.1 is ten percent."),
    ]

    @model_validator(mode="after")
    def _something_new(self) -> _Proposal:
        if self.template is None and self.parameters is None:
            raise ValueError("template must be given, or parameters: say what is to be different")
        return self


async def _propose(ask: Ask, given: _Proposal, around: Around) -> str:
    proposal = {
        "patternId": await pattern_meant(ask, given.pattern),
        "description": given.description,
        "templateCode": given.template,
        "parameters": given.parameters,
        "expectedDelta": given.expected_gain,
        "actor": ACTOR,
    }
    wanted = {name: value for name, value in proposal.items() if value is not None}
    answer = changed((await ask(document("propose"), {"input": wanted}))["proposeImprovement"], "ImprovementPayload")
    made = answer["improvement"]
    candidate = made["candidate"]
    return (
        f"Improvement {made['improvementId']} is registered: version {candidate['version']} ({candidate['nodeId']}, "
        f"{candidate['status']}) against version {made['base']['version']}. Risk {made['risk']}. It is not in use: a run of the "
        "improvement loop compares both on recorded executions before anything is applied."
    )


class _Unit(Arguments):
    pattern: _Pattern
    unit: Annotated[
        str, Field(min_length=1, max_length=255, description="What it will be run for: a task, a session, a user.")
    ]


async def _assign(ask: Ask, given: _Unit, around: Around) -> str:
    asked = {"pattern": await pattern_meant(ask, given.pattern), "unit": given.unit}
    found = (await ask(document("assign"), asked))["assignVariant"]
    lines = [f"For this unit: version {found['version']} (nodeId {found['nodeId']})."]
    if found["experimentId"]:
        lines.append(
            f"It is the {found['arm']} of experiment {found['experimentId']}: record the execution with nodeId, experimentId "
            "and unit."
        )
    if found["parameters"]:
        lines.append(f"Parameters: {quoted(json.dumps(found['parameters'], ensure_ascii=False), 1_000)}")
    template = found["templateCode"]
    if len(template.encode()) > LONGEST_TEMPLATE:
        lines.append(
            f"Its text has {len(template)} characters, more than an answer holds: `loopgraph pattern render` prints it."
        )
        return "\n".join(lines)
    return "\n".join([*lines, "The text of the version, to the end of this answer:", template])


class _Rating(Arguments):
    rating: Annotated[int | None, Field(default=None, ge=1, le=5, description="1 (worst) to 5 (best).")]
    comment: Annotated[str | None, Field(default=None, max_length=10_000)]
    trace: Annotated[
        str | None, Field(default=None, max_length=200, description="Correlation id; default: the last prompt here.")
    ]
    session: Annotated[str | None, Field(default=None, max_length=200, description="The last prompt of this session.")]

    @model_validator(mode="after")
    def _something_said(self) -> _Rating:
        if self.rating is None and not self.comment:
            raise ValueError("rating must be given, or comment")
        return self


async def _rate(ask: Ask, given: _Rating, around: Around) -> str:
    meant, prompt = given.trace, None
    if meant is None:
        if given.session is None and around.project is None:
            raise Refused("trace or session: say which prompt is rated; the project is not known here")
        where = {"sessionId": given.session} if given.session else {"project": around.project}
        filter = {**where, "rootsOnly": True, "source": "user_prompt"}
        edges = (await ask(document("last_prompt"), {"filter": filter}))["traces"]["edges"]
        if not edges:
            raise Refused("trace: no prompt is known here; name one")
        meant, prompt = edges[0]["node"]["correlationId"], edges[0]["node"]["promptText"]
    said = {"rating": given.rating, "comment": given.comment}
    told = {name: value for name, value in said.items() if value is not None}
    feedback = {"correlationId": meant, "feedbackId": str(uuid4()), "actor": ACTOR, **told}
    changed((await ask(document("rate"), {"input": feedback}))["submitFeedback"], "FeedbackPayload")
    shown = f" ({quoted(prompt, 100)})" if prompt else ""
    return f"{NOTE}\nRated: trace {meant}{shown}."


PROPOSE = Tool(
    "propose_improvement",
    "Propose a better text or better parameters for a pattern. Nothing is applied: the loop tests it against the version in use.",
    _Proposal,
    _propose,
    writes=True,
)
ASSIGN = Tool(
    "assign_variant",
    "Which version of a pattern to run for a task, session or user, and its text: the same unit gets the same one throughout an "
    "experiment.",
    _Unit,
    _assign,
)
RATE = Tool(
    "rate",
    "Rate what was done for a prompt (1 to 5, with a comment): the last one of this project, of a session, or a trace.",
    _Rating,
    _rate,
    writes=True,
)
