"""What the commands of the loop ask of a running service."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from loopgraph.clients.address import service_url
from loopgraph.commands.asking import ask
from loopgraph.commands.loop.report import OVER
from loopgraph.commands.service_options import token_option
from loopgraph.errors import SetupError

_RUN: Final = """fragment RunFields on FeedbackRun {
  runId patternId pattern { name } status stage message createdAt createdBy completedAt
  feedbackCollected improvementsIdentified improvementsValidated improvementsApplied
  stages { stage status startedAt completedAt durationMs workMs }
  bestDecision { decisionId verdict result { metric performanceDelta pValue confidenceScore } }
  improvements: improvementsConnection(first: 100) {
    edges { node { improvementId description improvementType status reason explanation candidateNodeId baseNodeId } }
  }
}"""
_START: Final = f"""mutation ($input: StartFeedbackLoopInput!) {{
  startFeedbackLoop(input: $input) {{
    __typename
    ... on FeedbackRunPayload {{ run {{ ...RunFields }} }}
    ... on Error {{ message }}
  }}
}}
{_RUN}"""
_ONE: Final = f"query ($id: ID!) {{ feedbackRun(id: $id) {{ ...RunFields }} }}\n{_RUN}"
_LIST: Final = """query ($first: Int!, $patternId: ID, $status: RunStatus) {
  feedbackRuns(first: $first, patternId: $patternId, status: $status) {
    edges { node { runId patternId pattern { name } status stage message createdAt improvementsApplied } }
  }
}"""
_CANCEL: Final = """mutation ($input: CancelFeedbackRunInput!) {
  cancelFeedbackRun(input: $input) {
    __typename
    ... on FeedbackRunPayload { run { runId status } }
    ... on Error { message }
  }
}"""
_LONGEST_PAUSE_S: Final = 5.0


class LoopService:
    """The service at an address."""

    def __init__(self, url: str | None, token_env: str | None) -> None:
        self.address = (url or service_url(os.environ)).rstrip("/")
        self._token = token_option(token_env)

    def start(self, input_: Mapping[str, Any]) -> dict[str, Any]:
        """The run that was started; ``input_`` has its id, so it may be asked for twice. Raises SetupError."""
        answer = ask(self.address, self._token, _START, {"input": input_}, tries=2)["startFeedbackLoop"]
        if answer["__typename"] != "FeedbackRunPayload":
            raise SetupError(f"--pattern: {answer['message']}")
        run: dict[str, Any] = answer["run"]
        return run

    def run(self, run_id: str) -> dict[str, Any]:
        """A run. Raises SetupError, also if there is none."""
        run: dict[str, Any] | None = ask(self.address, self._token, _ONE, {"id": run_id}, tries=3)["feedbackRun"]
        if run is None:
            raise SetupError(f"there is no run {run_id!r} at {self.address}")
        return run

    def runs(self, first: int, pattern: str | None, status: str | None) -> list[dict[str, Any]]:
        """Runs, newest first. Raises SetupError."""
        variables = {"first": first, "patternId": pattern, "status": status}
        found = ask(self.address, self._token, _LIST, variables, tries=2)["feedbackRuns"]["edges"]
        return [edge["node"] for edge in found]

    def cancel(self, run_id: str) -> dict[str, Any]:
        """A run that was cancelled. Raises SetupError, also for one that has ended, or that there is not."""
        answer = ask(self.address, self._token, _CANCEL, {"input": {"runId": run_id}}, tries=2)["cancelFeedbackRun"]
        if answer["__typename"] != "FeedbackRunPayload":
            raise SetupError(f"RUN: {answer['message']}")
        run: dict[str, Any] = answer["run"]
        return run

    def ended(
        self, run: dict[str, Any], patience_s: float, tell: Callable[[dict[str, Any]], None] = lambda _: None
    ) -> dict[str, Any]:
        """The run when it has ended, or as it is when patience is over; ``tell`` is told of it whenever it is at something else.
        Raises what ``run`` raises."""
        until, pause, told = time.monotonic() + patience_s, 0.2, None
        while run["status"] not in OVER and (left := until - time.monotonic()) > 0:
            if told != (told := (run["status"], run["stage"], run["message"])):
                tell(run)
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)
            run = self.run(run["runId"])
        return run
