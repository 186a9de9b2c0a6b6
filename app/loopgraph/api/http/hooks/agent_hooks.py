"""``POST /api/hooks/<client>``: a hook event of an agent client, as JSON, just as the client gives it to its hooks.

Each client has its dialect; what they have in common is in ``hook_events``. The answer is an empty object, which no client takes
as a decision, but to a prompt that is a rating (``prompt_ratings``). ``?ack=queued`` answers 202 and does not wait for the
commit. The door of Claude Code, which can also give the model a pattern, is in ``claude_code``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loopgraph.api.access import Action, Door, asking
from loopgraph.api.errors import problem_response
from loopgraph.api.http.bodies import waits_for_commit
from loopgraph.api.http.hooks.claude_code import claude_code_routes
from loopgraph.api.http.hooks.hook_events import check, hook_event
from loopgraph.api.http.hooks.prompt_ratings import rated
from loopgraph.api.services import Services
from loopgraph.computes.agents import codex, copilot, cursor, gemini
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.contracts.traces.observations import Observation
from loopgraph.errors import LoopgraphError

Dialect = Callable[[Any, Arrival], tuple[Observation, ...]]
"""What an event says; raises InvalidInput."""

DIALECTS: Final[dict[str, Dialect]] = {
    "codex": codex.observe_hook,
    "gemini": gemini.observe_hook,
    "cursor": cursor.observe_hook,
    "copilot": copilot.observe_hook,
}
"""By the name in the path."""

_ALSO: Final = {"gemini-cli": "gemini", "copilot-cli": "copilot"}
"""Doors by the whole name of their client."""


def _door(client: str, observe: Dialect) -> Callable[[Request], Awaitable[Response]]:
    async def hook(request: Request) -> Response:
        services: Services = request.app.state.services
        try:
            wait = waits_for_commit(request)
            observations = observe(*await hook_event(request))
            if (told := await rated(request, client, observations)) is not None:
                return JSONResponse(told)
            check(await services.recorder.record(observations, wait=wait, sender=asking(request)))
        except LoopgraphError as error:
            return problem_response(error)
        return JSONResponse({}, status_code=200 if wait else 202)

    return hook


_NAMES: Final = {name: name for name in DIALECTS} | _ALSO

agent_hook_routes = [
    *claude_code_routes,
    *(
        Door(f"/api/hooks/{name}", _door(client, DIALECTS[client]), Action.WRITE_EVENTS, ["POST"])
        for name, client in _NAMES.items()
    ),
]
