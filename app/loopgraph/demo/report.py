"""What the demo shows: progress while it runs, then lineage and figures; or one JSON document for machines."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.tree import Tree

from loopgraph.demo.client import Json
from loopgraph.demo.heartbeat import Heartbeat
from loopgraph.demo.service import RunningService
from loopgraph.demo.story import Case

PLAIN_WIDTH = 104
"""Columns where there is no terminal to ask."""

FIRST_LOOK = (
    "\n[bold]What agents did already[/bold]: sample sessions of a coding agent, and the project that they worked in."
)
LOOP = "\n[bold]Which way is better?[/bold] Real work, done in two ways each: only measuring tells."


def demo_console(*, as_json: bool) -> Console:
    """Where the demo shows itself: standard output, unless that is for the JSON document."""
    console = Console(stderr=as_json, highlight=False)
    return console if console.is_terminal else Console(stderr=as_json, highlight=False, width=PLAIN_WIDTH)


class Display:
    """The audience at a console: bars on a terminal, else plain lines."""

    def __init__(self, console: Console, heartbeat: Heartbeat | None = None) -> None:
        self._console = console
        self._heartbeat = heartbeat or Heartbeat(console)
        self._cases: Sequence[Case] = ()
        self._progress: Progress | None = None
        self._bars: dict[Case, TaskID] = {}
        self._told = 0

    def begins(self, what: str) -> None:
        """A step begins; it is told only if it takes long."""
        self._heartbeat.doing(what)

    def done(self, sentence: str) -> None:
        """A step is done."""
        self._console.print(f"[green]✓[/green] {sentence}")

    @contextmanager
    def watch(self, cases: Sequence[Case]) -> Iterator[None]:
        """Shows how the arms of the experiments fill, for the length of the block."""
        self._cases = cases
        if not self._console.is_terminal:
            yield
            return
        columns = (TextColumn("  {task.description:<18}"), BarColumn(), TextColumn("{task.fields[state]}"))
        with Progress(*columns, console=self._console, transient=True) as self._progress:
            for case in cases:
                self._bars[case] = self._progress.add_task(case.workload.name, total=2 * case.runs_per_arm, state="")
            yield

    def moved(self) -> None:
        """Shows how far the experiments are now."""
        if self._progress is None:
            self._tell()
            return
        for case, bar in self._bars.items():
            state = f"control {case.reported['CONTROL']}, treatment {case.reported['TREATMENT']}"
            self._progress.update(bar, completed=_useful(case), state=_verdict_so_far(case) or state)

    def _tell(self) -> None:
        useful = sum(map(_useful, self._cases))
        if useful > self._told:
            self._told = useful
            wanted = sum(2 * case.runs_per_arm for case in self._cases)
            self._console.print(f"  {useful} of the {wanted} units that the experiments need")


def _useful(case: Case) -> int:
    """Units that the experiment waited for."""
    return sum(min(case.reported[arm], case.runs_per_arm) for arm in ("CONTROL", "TREATMENT"))


def _verdict_so_far(case: Case) -> str:
    if not case.ended:
        return ""
    return "[green]applied[/green]" if case.run["improvementsApplied"] else "not applied"


def show_command(console: Console, command: str, printed: str) -> None:
    """A command as it was typed, and what it printed."""
    console.print(f"[dim]$[/dim] [bold]{command}[/bold]", soft_wrap=True)
    console.out(printed, end="", highlight=False)


def show_results(console: Console, cases: Sequence[Case]) -> None:
    """The lineage that has come to be, and the figures that each decision rests on."""
    console.print()
    console.print(_lineage(cases))
    console.print()
    console.print(_decisions(cases))
    console.print()
    outcomes = Counter(case.outcome for case in cases)
    console.print(
        f"{_are(outcomes['APPLIED'], f'of {len(cases)} other ways proved better and')} in use now; "
        f"{_are(outcomes['REJECTED'], 'did not and')} rejected."
    )
    for case in cases:
        if case.outcome == "ROLLED_BACK":
            console.print(_rolled_back(case))


def _rolled_back(case: Case) -> str:
    """What was applied and got worse, with the figures that the rollback rests on."""
    watch = case.watch
    guard = watch["metricGuard"]
    applied, restored, before = (watch[name]["version"] for name in ("version", "restored", "restores"))
    since = f"took {guard['mean']:.3g} ms in the {guard['units']} tasks since"
    proof = f"{guard['proofMean']:.3g} ms in the {guard['proofUnits']} of its proof"
    longer = f"at least {1 + guard['lossInterval']['low']:.1f} times as long (95 %, at any look)"
    name = f"{case.workload.name} v{applied}"
    return f"[yellow]Rolled back[/yellow]: {name} {since}, {proof}: {longer}. v{restored} is v{before} again."


def _are(number: int, what: str) -> str:
    return f"{number} {what} {'is' if number == 1 else 'are'}"


def _lineage(cases: Sequence[Case]) -> Tree:
    tree = Tree("[bold]Lineage[/bold]", guide_style="dim")
    for case in cases:
        pattern = case.result["pattern"]
        edges, in_use = pattern["lineage"]["edges"], pattern["currentVersion"]["nodeId"]
        branches: dict[str, Tree] = {}
        for version in _versions(pattern):
            into = [edge for edge in edges if edge["targetNodeId"] == version["nodeId"]]
            if into:
                how, branch = " + ".join(edge["relationshipType"] for edge in into), branches[into[0]["sourceNodeId"]]
                branches[version["nodeId"]] = branch.add(f"{how} → {_version(version, in_use)}")
            else:
                branches[version["nodeId"]] = tree.add(f"[bold]{pattern['name']}[/bold] {_version(version, in_use)}")
        if case.outcome == "ROLLED_BACK":
            branches[in_use].add(_on_changed_tasks(case))
    return tree


def _on_changed_tasks(case: Case) -> str:
    """The figures to compare: the version that was taken back had tasks of both kinds, the one in its place only changed ones."""
    applied, guard = case.watch["version"], case.watch["metricGuard"]
    [restored] = [
        version
        for version in _versions(case.result["pattern"])
        if version["nodeId"] == case.watch["restored"]["nodeId"]
    ]
    then, now = f"v{applied['version']} {guard['mean']:.3g} ms", f"{restored['avgExecutionTimeMs']:.3g} ms"
    return f"on the changed tasks: {then}, v{restored['version']} {now}"


def _versions(pattern: Json) -> list[Json]:
    """Oldest first, as edges lead from earlier versions to later ones."""
    return sorted((node["version"] for node in pattern["lineage"]["nodes"]), key=lambda version: version["version"])


def _version(version: Json, in_use: str) -> str:
    state = "replaced" if version["status"] == "ACTIVE" else version["status"].lower()
    state = "[green]in use[/green]" if version["nodeId"] == in_use else state
    use = f"{version['usageCount']} runs, mean {version['avgExecutionTimeMs']:.2f} ms"
    return f"v{version['version']}, {state}: {use}"


def show_where_to_look(console: Console, service: RunningService, cases: Sequence[Case]) -> None:
    """The address, and a query that leads from a decision to the executions it rests on."""
    improvement_id = min(cases, key=lambda case: case.outcome).improvement_id
    evidence = "experiment { executions { edges { node { arm durationMs } } } }"
    decisions = f"decisionsConnection {{ edges {{ node {{ verdict {evidence} }} }} }}"
    console.print(f"\nLook further in a browser until Ctrl-C: [bold]{service.url}/[/bold]")
    console.print(f"or ask [bold]{service.url}/graphql[/bold], for example:")
    console.print(
        f'{{ improvement(improvementId: "{improvement_id}") {{ {decisions} }} }}',
        markup=False,
        soft_wrap=True,
    )
    if service.graph_url.startswith("embedded:"):
        console.print("Or ask the graph itself, read only, in Python or in docs/notebooks:")
        console.print(f"export LOOPGRAPH_GRAPH_URL={shlex.quote(service.graph_url)}", markup=False, soft_wrap=True)
        console.print("from loopgraph.analyst import connect; graph = connect()", markup=False)


def show_what_stays(console: Console, demo_id: str, *, embedded: bool) -> None:
    """Where the data are after the demo."""
    if embedded:
        console.print(
            "\nThe service and its data go with the demo. To look further in a browser: [bold]loopgraph demo --keep --open[/bold]"
        )
    else:
        console.print(
            f"\nThe service goes with the demo; its data stay in the graph, under ids that begin with {demo_id}."
        )


def json_document(
    service: RunningService, demo_id: str, looked: Json | None, cases: Sequence[Case], timings: dict[str, float]
) -> Json:
    """The outcome for machines. The first look is what ``loopgraph report --json`` printed, None if it was left out; versions,
    edges, runs, improvements and decisions are as GraphQL answered them."""

    def of(outcome: str) -> list[str]:
        return [case.workload.name for case in cases if case.outcome == outcome]

    return {
        "service": {"url": service.url, "engine": service.engine, "graphUrl": service.graph_url},
        "firstLook": looked,
        "demoId": demo_id,
        "applied": of("APPLIED"),
        "rejected": of("REJECTED"),
        "rolledBack": of("ROLLED_BACK"),
        "patterns": [_pattern_document(case) for case in cases],
        "timingsSeconds": {name: round(seconds, 3) for name, seconds in timings.items()},
    }


def _pattern_document(case: Case) -> Json:
    pattern, improvement = case.result["pattern"], case.result["improvement"]
    return {
        "workload": case.workload.name,
        "title": case.workload.title,
        "patternId": case.pattern_id,
        "currentVersion": pattern["currentVersion"],
        "versions": _versions(pattern),
        "edges": pattern["lineage"]["edges"],
        "feedbackRun": case.result["feedbackRun"],
        "improvement": {name: value for name, value in improvement.items() if name != "decisions"},
        "decision": _last_decision(improvement),
        "watch": case.watch or None,
        "tasks": case.tasks,
    }


def _last_decision(improvement: Json) -> Json:
    decision: Json = improvement["decisions"]["edges"][-1]["node"]
    return decision


def _decisions(cases: Sequence[Case]) -> Table:
    table = Table(
        title="Decisions", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), pad_edge=False
    )
    table.add_column("mean ms (units)", no_wrap=True)
    for header in ("v1", "v2", "change, 95 % interval", "p", "P(better)"):
        table.add_column(header, justify="right", no_wrap="change" not in header)
    table.add_column("decision")
    for case in cases:
        improvement = case.result["improvement"]
        result = _last_decision(improvement)["result"]
        table.add_row(
            case.workload.name,
            _arm(result["control"]),
            _arm(result["treatment"]),
            _change(result),
            _p_value(result["pValue"]),
            _probability(result["probabilityBetter"]),
            _decided(case.outcome, improvement["reason"]),
            style={"APPLIED": "green", "ROLLED_BACK": "yellow"}.get(case.outcome),
        )
    return table


def _decided(outcome: str, reason: str) -> str:
    return "rolled back" if outcome == "ROLLED_BACK" else f"{outcome.lower()}, {_REASONS.get(reason, reason)}"


_REASONS = {"SIGNIFICANT_IMPROVEMENT": "faster", "SIGNIFICANT_REGRESSION": "slower", "NOT_SIGNIFICANT": "p ≥ 0.05"}


def _arm(sample: Json) -> str:
    return f"{sample['mean']:.3g} ({sample['n']})"


def _change(result: Json) -> str:
    change, interval = f"{result['effect']:+.3g}", result["effectInterval"]
    return f"{change} [{interval['low']:+.3g}, {interval['high']:+.3g}]" if interval else change


def _p_value(p: float | None) -> str:
    if p is None:
        return "–"
    if p >= 0.001:
        return f"{p:.3f}"
    return f"{p:.0e}" if p > 0 else "< 1e-300"


def _probability(probability: float | None) -> str:
    if probability is None:
        return "–"
    return "< 0.001" if probability < 0.001 else "> 0.999" if probability > 0.999 else f"{probability:.3f}"
