"""Prompts that are ratings, at the doors for hook events: they are taken as feedback and answered, and are no work."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from loopgraph.api.access import Action, asking, origin, require
from loopgraph.api.http.hooks.hook_events import check
from loopgraph.api.services import Services
from loopgraph.computes.agents.rating import kept_from_the_model, rating_prompt
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.contracts.traces.observations import Observation


async def rated(request: Request, client: str, observations: Sequence[Observation]) -> JsonMap | None:
    """The answer to the client where its event is a prompt that is a rating; None where it is anything else.

    What else the event tells is recorded first, and with it all that was told before, which the rating may be about. A client
    that gives every prompt to its model whatever a hook says is answered with nothing, and the prompt is recorded as well.
    Raises Forbidden, and what the graph raises.
    """
    services: Services = request.app.state.services
    said = rating_prompt(observations, services.prompt_ratings.words)
    if said is None:
        return None
    principal = asking(request)
    require(principal, Action.ANNOTATE)
    goes_to_the_model = not kept_from_the_model(client, "")
    rest = [each for each in observations if goes_to_the_model or not isinstance(each.event, TraceStarted)]
    check(await services.recorder.record(rest, sender=principal))
    rater = origin(principal, said.correlation_id)
    told = await services.graph.health.patiently(services.prompt_ratings.rate(said, rater, principal))
    return kept_from_the_model(client, told)
