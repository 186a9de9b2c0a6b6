"""``POST /api/hooks/claude-code``: a hook event of the agent client, as JSON, just as the client gives it to its hooks.

Headers say more than the client does, so that an event can be sent later, and again: ``X-Event-Timestamp`` is when it happened,
``X-Execution-ID`` an id of its own, ``X-Sent-By`` which of several handlers of the event sent it. Without them it happened
now. The answer is what the client expects of a hook: an object, empty if there is nothing to say. ``?ack=queued`` answers 202
and does not wait for the commit.

With ``LOOPGRAPH_REPLAY_AT`` the answer to a prompt can give the model the plan of a learned pattern that fits it.
With ``?pattern=<pattern id>`` every prompt uses this pattern: the answer to ``UserPromptSubmit`` gives the model the template
of the version that the session is assigned to, and the prompt is recorded as an execution of it. A prompt that is a rating
(``prompt_ratings``) is answered with what came of it, and is not given to the model.
"""

from __future__ import annotations

import logging
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loopgraph.api.access import Action, Door, asking, require
from loopgraph.api.errors import problem_response
from loopgraph.api.http.bodies import waits_for_commit
from loopgraph.api.http.hooks.hook_events import check, hook_event
from loopgraph.api.http.hooks.prompt_ratings import rated
from loopgraph.api.services import Services
from loopgraph.computes.agents.claude_code import CLIENT, observe_hook
from loopgraph.computes.agents.patterns import Asked, PatternUse, added_context, asked, pattern_use
from loopgraph.contracts.base import JsonMap, Principal
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.errors import LoopgraphError, UserError
from loopgraph.orchestrators.loop.assignment import MAX_UNIT

logger = logging.getLogger(__name__)


async def _hook_event(request: Request) -> Response:
    services: Services = request.app.state.services
    try:
        wait = waits_for_commit(request)
        payload, arrival = await hook_event(request)
        observations = observe_hook(payload, arrival)
        if (told := await rated(request, CLIENT, observations)) is not None:
            return JSONResponse(told)
        principal = asking(request)
        check(await services.recorder.record(observations, wait=wait, sender=principal))
        pattern_id = request.query_params.get("pattern")
        use = pattern_use(pattern_id, payload, arrival.at) if pattern_id else None
        if use:
            answer = await services.graph.health.patiently(_used(services, use, principal))
        elif wait and services.replays.hands_out and (prompt := asked(payload)):
            answer = await _handed(services, prompt, arrival.at, principal)
        else:
            answer = {}
    except LoopgraphError as error:
        return problem_response(error)
    return JSONResponse(answer, status_code=200 if wait else 202)


async def _used(services: Services, use: PatternUse, principal: Principal | None) -> JsonMap:
    """The answer to an event that begins or ends the use of a pattern, which is recorded.

    A prompt that ends again, because a hook of the client's had it go on, ended the first time.
    """
    require(principal, Action.TAKE_PART)
    if use.outcome is None:
        try:
            assignment = await services.assignments.assign_variant(use.pattern_id, use.session_id[:MAX_UNIT])
            begun_use = use.begun(assignment)
        except UserError as error:
            # The client takes an error for no answer, and its user sees none.
            logger.warning("A prompt was given no template of the pattern %r: %s", use.pattern_id, error)
            raise
        check(await services.recorder.record([begun_use], sender=principal))
        return added_context(assignment.template_code)
    begun = await services.traces.hook_executions_by_id([use.execution_id], principal)
    if use.execution_id in begun and begun[use.execution_id].status is TraceStatus.IN_PROGRESS:
        check(await services.recorder.record([use.ended()], sender=principal))
    return {}


async def _handed(services: Services, prompt: Asked, at: datetime, principal: Principal | None) -> JsonMap:
    """The answer to a prompt, which is recorded: the plan of a learned pattern that fits it, unless it is withheld."""
    where = MatchContext(project=prompt.folder)
    text = await services.replays.hand(prompt.prompt, prompt.prompt_id, prompt.session_id, where, at)
    return added_context(text or "")


claude_code_routes = [Door("/api/hooks/claude-code", _hook_event, Action.WRITE_EVENTS, ["POST"])]
