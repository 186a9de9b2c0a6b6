"""An experiment on a skill of a real Claude Code: ``make adopted``, or ``python -m senders.claude_code.adopted --sessions 40``.

A project in git has a skill, which a scan has recorded and which has been adopted, and somebody proposes another text for it.
Each session of the client calls the skill; the skill fetches the text of its session's arm; the model, which is a stand-in, does
what that text says. What comes of it the service learns of the client's hooks and transcripts alone. A text that is written anew
is of high risk, so the loop recommends it, and a reviewer approves it; the sessions after that are given it. All is done by
public doors: the commands, GraphQL, and the client itself. It ends badly if a session is given, or counted for, another arm than
its own, or if the candidate, which is better, is not recommended once both arms have their units.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import time
from collections import Counter
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from loopgraph.contracts.loop.assignment import assign
from loopgraph.demo.client import Client
from loopgraph.demo.documents import FOLLOW_RUN, PROPOSE_IMPROVEMENT, START_FEEDBACK_LOOP
from senders.claude_code.place import CONTROL, MATTER, PROMPT, TREATMENT, Place, Wrong
from support.process import service
from support.stand_in import standing_in
from support.waiting import PATIENCE_S

Json = dict[str, Any]

CLIENT = Path(__file__).parent / "node_modules/@anthropic-ai/claude-code-linux-x64/claude"

ANSWER = "The work is checked."
TEXTS = {"CONTROL": CONTROL, "TREATMENT": TREATMENT}
OVER = ("COMPLETED", "FAILED", "CANCELLED")

PATTERNS = """
{ patterns(first: 10, patternType: "skill") { edges { node { patternId name currentVersion { nodeId version } } } } }
"""
USES = """
query Uses($session: ID!) {
  traces(filter: {sessionId: $session}) {
    edges { node { hookExecutions: hookExecutionsConnection(first: 50) { edges { node { ...Use } } } } }
  }
}
fragment Use on HookExecution {
  patternType
  nodeId
  version { version }
  usedRule
  experimentId
  arm
  unit
  setAside
  status
  durationMs
  use { steps failedSteps }
}
"""
RESULT = """
query Result($pattern: ID!, $improvement: ID!, $run: ID!) {
  pattern(patternId: $pattern) { currentVersion { nodeId version } }
  feedbackRun(id: $run) { status message }
  improvement(improvementId: $improvement) {
    status risk riskReasons explanation
    experiments: experimentsConnection { edges { node {
      experimentId controlNodeId treatmentNodeId
      controlTally { assigned units setAside } treatmentTally { assigned units setAside }
    } } }
    decisions: decisionsConnection { edges { node { verdict reason result {
      metric method control { mean } treatment { mean } effect effectInterval { low high } pValue
      controlArm { units executions } treatmentArm { units executions }
    } } } }
  }
}
"""

APPROVE = """
mutation Approve($input: ApproveImprovementInput!) {
  approveImprovement(input: $input) {
    __typename
    ... on ImprovementPayload { improvement { status } }
    ... on Error { message }
  }
}
"""


def _bash(part: str) -> Json:
    return {"name": "Bash", "arguments": {"command": f"./check {part}", "description": f"Checks the {part}"}}


SCRIPT = {
    CONTROL.strip(): [_bash("letters"), _bash("words"), _bash("whole")],
    TREATMENT.strip(): [_bash("whole")],
    PROMPT: [{"name": "Skill", "arguments": {"skill": "checking"}}],
}
"""What the model does: the skill, and then what the skill says. The parts alone cannot be checked: these calls fail."""


class Trial:
    """One experiment on the skill of a place. ``counted`` are the sessions of each arm; ``is_decided``: the candidate is used."""

    def __init__(self, client: Client, place: Place, rule: str) -> None:
        self._client, self._place, self._rule = client, place, rule
        self._ids: dict[str, str] = {}
        self._experiment: Json = {}
        self.is_decided = False
        self.counted: Counter[str] = Counter()

    async def open(self, units: int) -> None:
        """Proposes the candidate, and has the loop test it."""
        [pattern] = [edge["node"] for edge in (await self._client.query(PATTERNS))["patterns"]["edges"]]
        common = {"actor": {"type": "USER", "id": "adopted"}, "patternId": pattern["patternId"]}
        proposed = await self._client.mutate(
            PROPOSE_IMPROVEMENT,
            **common,
            templateCode=MATTER + TREATMENT,
            description="All in one step",
            improvementType="PERFORMANCE",
        )
        wanted: dict[str, Any] = {"feedbackType": "PERFORMANCE", "timeWindowDays": 1, "minSampleSize": units}
        wanted["design"] = {"horizon": "FIXED"}
        started = await self._client.mutate(START_FEEDBACK_LOOP, **common, **wanted)
        improvement, run = proposed["improvement"]["improvementId"], started["run"]["runId"]
        self._ids = {"pattern": pattern["patternId"], "improvement": improvement, "run": run}
        await self._until("WAITING", *OVER)
        [self._experiment] = (edge["node"] for edge in (await self._result())["improvement"]["experiments"]["edges"])

    async def session(self, number: int, api: str) -> None:
        """One session. Raises Wrong unless it was given the text of its arm and is counted for that; after the decision, the text
        in use, which is the candidate's."""
        id_, begun = str(uuid4()), time.monotonic()
        given = await asyncio.to_thread(self._place.session, CLIENT, id_, api, ANSWER)
        took, use = time.monotonic() - begun, await self._use(id_)
        arm = assign(self._experiment["experimentId"], id_).name
        over = self.is_decided
        version, done = use["version"]["version"], use["use"]
        shown = "-" if over else (use["arm"] or "no arm").lower()
        print(
            f"{number:3}  {id_[:8]}  {shown:9}  version {version}  {use['usedRule'].lower():8}"
            f"  {use['durationMs']:6,.0f} ms  {done['failedSteps']} of {done['steps']} calls failed  ({took:.1f} s)",
            flush=True,
        )
        wanted = "TREATMENT" if over else arm
        node_id, experiment = self._experiment[f"{wanted.lower()}NodeId"], self._experiment["experimentId"]
        told = (use["nodeId"], use["experimentId"], use["arm"], use["setAside"], use["unit"])
        of = (None, None) if over else (experiment, arm)
        if given != TEXTS[wanted] or told != (node_id, *of, None, id_):
            raise Wrong(f"session {id_} is of {arm}, and was given {given!r}; it is known as {use}")
        if not over:
            self.counted[arm] += 1

    async def decided(self) -> None:
        """Waits for the decision, and approves it if a reviewer is to. Raises Wrong unless the candidate is used then."""
        await self._until(*OVER)
        found = await self._result()
        [decision] = (edge["node"] for edge in found["improvement"]["decisions"]["edges"])
        result = decision["result"]
        arms = {name: result[f"{name}Arm"] for name in ("control", "treatment")}
        print(
            *(f"{name}: {arm['units']} units, {arm['executions']} executions" for name, arm in arms.items()), sep="; "
        )
        low, high = result["effectInterval"]["low"], result["effectInterval"]["high"]
        print(
            f"{decision['verdict'].lower()} ({decision['reason'].lower()}): {result['metric'].lower()}"
            f" {result['control']['mean']:,.0f} -> {result['treatment']['mean']:,.0f},"
            f" effect {result['effect']:,.0f} ({low:,.0f} to {high:,.0f}), p = {result['pValue']:.1g}, {result['method']}"
        )
        print(found["improvement"]["explanation"])
        if (decision["verdict"], decision["reason"]) == ("REVIEW", "HIGH_RISK"):
            improvement, actor = self._ids["improvement"], {"type": "USER", "id": "reviewer"}
            await self._client.mutate(
                APPROVE, improvementId=improvement, actor=actor, note="The checks of parts do not work"
            )
            found = await self._result()
        status, version = found["improvement"]["status"], found["pattern"]["currentVersion"]
        print(f"the candidate is {status.lower()}; version {version['version']} is in use", flush=True)
        if (status, version["nodeId"]) != ("APPLIED", self._experiment["treatmentNodeId"]):
            raise Wrong(f"the candidate was not applied: {json.dumps(found, indent=1)}")
        self.is_decided = True

    async def waits(self) -> None:
        """Says how far the run is."""
        print((await self._result())["feedbackRun"]["message"])

    async def _result(self) -> Json:
        return await self._client.query(RESULT, **self._ids)

    async def _until(self, *statuses: str) -> None:
        updates = self._client.subscribe(FOLLOW_RUN, id=self._ids["run"])
        async with asyncio.timeout(PATIENCE_S), aclosing(updates):
            async for update in updates:
                if update["feedbackRun"]["status"] in statuses:
                    said = (update["feedbackRun"][name] for name in ("status", "message"))
                    print("run", *(word for word in said if word), flush=True)
                    return
        raise Wrong("the run says no more")

    async def _use(self, session: str) -> Json:
        """The use of the skill by a session, once it is known how it ended and which version it was."""
        uses: list[Json] = []
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            traces = (await self._client.query(USES, session=session))["traces"]["edges"]
            steps = [edge["node"] for trace in traces for edge in trace["node"]["hookExecutions"]["edges"]]
            uses = [step for step in steps if step["patternType"] == "skill"]
            if [(use["status"], use["usedRule"]) for use in uses] == [("SUCCESS", self._rule)]:
                return uses[0]
            await asyncio.sleep(0.1)
        raise Wrong(f"the uses of skills by session {session} are {uses}")


async def experiment(place: Place, wanted: argparse.Namespace, api: str) -> None:
    """All of it, against the service of the place. Raises Wrong."""
    async with Client(place.url, "adopted") as client:
        trial = Trial(client, place, "TIME" if wanted.hooks_alone else "CONTENT")
        await trial.open(wanted.units)
        for number in range(1, wanted.sessions + 1):
            await trial.session(number, api)
            if not trial.is_decided and min(trial.counted["CONTROL"], trial.counted["TREATMENT"]) >= wanted.units:
                await trial.decided()
        if not trial.is_decided:
            await trial.waits()


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="An experiment on a skill of a real Claude Code.")
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--units", type=int, default=12, help="of each arm, when the loop decides")
    parser.add_argument("--hooks-alone", action="store_true", help="the service does not read the transcripts, too")
    parser.add_argument("--keep", type=Path, help="a new folder to work in; default: one that is gone afterwards")
    wanted = parser.parse_args()
    if not CLIENT.exists():
        print("skipped: the client is not there for this platform")
        return 0
    with TemporaryDirectory(prefix="adopted-", ignore_cleanup_errors=True) as folder:
        with socket.create_server(("127.0.0.1", 0)) as held:
            port: int = held.getsockname()[1]
        place = Place(wanted.keep or Path(folder), f"http://127.0.0.1:{port}")
        log = place.root / "service.log"
        try:
            place.settle()
            settings = place.settings | ({} if wanted.hooks_alone else {"LOOPGRAPH_WATCH": "claude-code"})
            with service(port, log, **settings), standing_in(SCRIPT, ANSWER) as api:
                asyncio.run(experiment(place, wanted, api))
        except Wrong as wrong:
            print(f"WRONG: {wrong}", file=sys.stderr)
            if log.exists():
                print("the service's log ends:", *log.read_text().splitlines()[-10:], sep="\n", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
