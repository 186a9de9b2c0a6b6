"""What held-out questions come to: the tables of the study (``study.py`` says what is counted)."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bench.learning.trajectories import Run
from loopgraph.computes.learning.plans.alignment import similarity
from loopgraph.computes.learning.plans.extraction import SOME_TOOL
from loopgraph.computes.learning.plans.names import plain

DRAWS, SEED = 2_000, 7
RATES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.75, 1.000001)
BINS = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 1.000001)


class Candidate(NamedTuple):
    """A pattern with the score that it has for a question, its success rate, and the success that is expected of it."""

    pattern_id: str
    score: float
    rate: float | None
    expected: float | None


@dataclass(frozen=True)
class Asked:
    """One held-out prompt with its matches, in their order, and all candidates; ``run`` is None for another field of work.

    ``train`` are the runs that were learned from, ``taught`` those of each pattern, ``steps`` the steps of each plan.
    """

    run: Run | None
    prompt: str
    matched: list[Candidate]
    candidates: list[Candidate]
    train: Sequence[Run]
    taught: Mapping[str, Sequence[Run]]
    steps: Mapping[str, Sequence[str]]
    is_seen: bool = False
    is_verbatim: bool = False

    @property
    def cluster(self) -> int:
        """What is drawn together: the runs of a task."""
        return self.run.task if self.run else -1

    def by_task(self, pattern_id: str) -> bool:
        """Whether a run of the same task taught the pattern."""
        return any(self.run is not None and other.task == self.run.task for other in self.taught[pattern_id])

    def by_work(self, pattern_id: str) -> bool:
        """Whether most runs that taught it are of the same work."""
        same = sum(self.run is not None and other.work == self.run.work for other in self.taught[pattern_id])
        return 2 * same > len(self.taught[pattern_id])

    @property
    def is_findable(self) -> bool:
        """Whether a pattern is there that the same task taught."""
        return any(self.by_task(id_) for id_ in self.taught)

    def chance(self, is_right: Callable[[str], bool]) -> float:
        """How often a pattern would be right that is drawn by the number of its runs."""
        sizes = {id_: len(runs) for id_, runs in self.taught.items()}
        return sum(size for id_, size in sizes.items() if is_right(id_)) / max(1, sum(sizes.values()))

    def plain(self) -> dict[str, Any]:
        """For a line of JSON."""
        matched = [
            {"score": one.score, "rate": one.rate, "expected": one.expected,
             "task": self.by_task(one.pattern_id), "work": self.by_work(one.pattern_id),
             "tasks": dict(Counter(run.task for run in self.taught[one.pattern_id]))}
            for one in self.matched
        ]  # fmt: skip
        run = self.run
        return {"prompt": self.prompt, "run": run.id if run else None, "succeeded": run.succeeded if run else None,
                "seen": self.is_seen, "verbatim": self.is_verbatim, "findable": self.is_findable, "matched": matched}  # fmt: skip


def report(runs: Sequence[Run], asked: Sequence[Asked], folds: Sequence[Mapping[str, Any]]) -> str:
    """All tables, as Markdown."""
    own = [one for one in asked if one.run]
    groups = {
        "seen tasks": [one for one in own if one.is_seen],
        "seen tasks, none verbatim": [one for one in own if one.is_seen and not one.is_verbatim],
        "unseen tasks": [one for one in own if not one.is_seen],
        "unseen tasks, none verbatim": [one for one in own if not one.is_seen and not one.is_verbatim],
    }
    if others := [one for one in asked if not one.run]:
        groups["another field of work"] = others
    rate = sum(run.succeeded for run in runs) / len(runs)
    patterns = [len(each["patterns"]) for each in folds]
    took = np.percentile([ms for each in folds for ms in each["took_ms"]], [50, 95])
    waits = sorted(s for each in folds for s in each["delays_s"])
    handed = [name for each in folds for one in each["patterns"].values() for name in one["handed"]]
    told = sum(name != SOME_TOOL for name in handed) / max(1, len(handed))
    lines = [
        f"{len(runs)} runs of {len({run.task for run in runs})} tasks, {rate:.0%} successful; {len(folds)} folds, "
        f"{min(patterns)} to {max(patterns)} patterns each; plans that are handed out name {told:.0%} of their steps.",
        "",
        "| held out | asked | matched | right by task | by chance | right by work | by chance | right by task, by score alone "
        "| found, of those that are there |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_matching(name, group) for name, group in groups.items() if group),
        "",
        *_successes(own),
        "",
        *_fit(own),
        "",
        *_reliability("the score, that a match is right by work", _scores(own, Asked.by_work)),
        "",
        *_reliability(
            "the score, that a match is right by task (seen tasks)", _scores(groups["seen tasks"], Asked.by_task)
        ),
        "",
        *_reliability("the success rate of the match, that the run succeeds", _said(own, _counted), RATES),
        "",
        *_reliability("the success that is expected of the match, that the run succeeds", _said(own, _expected), RATES),
        "",
        f"matchPatterns over GraphQL: {took[0]:.1f} ms (median), {took[1]:.1f} ms (p95).",
    ]
    if waits:
        lines.append(f"From the end of a run to its lesson: {np.median(waits):.1f} s (median), {waits[-1]:.1f} s (most), "
                     f"{len(waits)} runs.")  # fmt: skip
    return "\n".join(lines)


def _matching(name: str, group: Sequence[Asked]) -> str:
    matched = [one for one in group if one.matched]
    findable = [one for one in group if one.is_findable]
    cells = [name, str(len(group)), _share(group, lambda one: bool(one.matched))]
    for is_right in (Asked.by_task, Asked.by_work):
        if group[0].run is None or (is_right is Asked.by_task and not group[0].is_seen):
            cells += ["", ""]
            continue
        cells.append(_share(matched, lambda one, right=is_right: right(one, one.matched[0].pattern_id)))
        chance = [one.chance(lambda id_, who=one, right=is_right: right(who, id_)) for one in matched]
        cells.append(f"{np.mean(chance):.0%}" if chance else "")
    best = [(one, max(one.matched, key=lambda each: each.score).pattern_id) for one in matched]
    alone = f"{np.mean([one.by_task(id_) for one, id_ in best]):.0%}" if best and cells[3] else ""
    found = (
        _share(findable, lambda one: any(one.by_task(match.pattern_id) for match in one.matched)) if findable else ""
    )
    return f"| {' | '.join([*cells, alone, found])} |"


def _share(group: Sequence[Asked], is_so: Callable[[Asked], bool]) -> str:
    """A share with its interval, tasks drawn again."""
    if not group:
        return "none"
    by: dict[int, list[float]] = {}
    for one in group:
        by.setdefault(one.cluster, []).append(float(is_so(one)))
    whole = sum(map(sum, by.values())) / len(group)
    if len(by) == 1:
        return f"{whole:.0%}"
    sums, sizes = np.array([sum(some) for some in by.values()]), np.array([len(some) for some in by.values()])
    drawn = np.random.default_rng(SEED).integers(len(by), size=(DRAWS, len(by)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [2.5, 97.5])
    return f"{whole:.0%} ({low:.0%} to {high:.0%})"


def _successes(own: Sequence[Asked]) -> list[str]:
    """How runs went, by what was found for them. They were handed no plan."""

    def said(one: Asked) -> float | None:
        return one.matched[0].expected if one.matched else None

    groups: list[tuple[str, list[Asked]]] = []
    for name, seen in (("seen", True), ("unseen", False)):
        some = [one for one in own if one.is_seen is seen]
        groups += [
            (f"{name}: all", some),
            (f"{name}: no match", [one for one in some if not one.matched]),
            (f"{name}: matched", [one for one in some if one.matched]),
            (f"{name}: matched, 0.5 or more expected", [one for one in some if (said(one) or 0) >= 0.5]),
            (f"{name}: matched, less expected", [one for one in some if one.matched and (said(one) or 0) < 0.5]),
        ]
    return [
        "| held-out runs | runs | succeeded |",
        "| --- | --- | --- |",
        *(f"| {name} | {len(some)} | {_share(some, lambda one: bool(one.run and one.run.succeeded))} |"
          for name, some in groups),
    ]  # fmt: skip


def _fit(own: Sequence[Asked]) -> list[str]:
    """How alike the plan that was found is to what a successful run did, which it was not made of."""
    rows = []
    for name, seen in (("seen tasks", True), ("unseen tasks", False)):
        best, mean, count = [], [], 0
        for one in own:
            if one.is_seen is not seen or not one.matched or not one.run or not one.run.succeeded or not one.run.calls:
                continue
            did = _names(one.run)
            count += 1
            best.append(similarity(one.steps[one.matched[0].pattern_id], did))
            sizes = {id_: len(runs) for id_, runs in one.taught.items()}
            mean.append(
                sum(similarity(one.steps[id_], did) * size for id_, size in sizes.items()) / sum(sizes.values())
            )
        if count:
            rows.append(f"| {name} | {count} | {np.mean(best):.2f} | {np.mean(mean):.2f} |")
    return [
        "| successful runs with a match | runs | steps in common with its plan | with a plan drawn by chance |",
        "| --- | --- | --- | --- |",
        *rows,
    ]


def _names(run: Run) -> list[str]:
    """The steps of a run under the names that plans have, what is done several times in a row as one."""
    names = [plain(call.name, SOME_TOOL) for call in run.calls]
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


def _scores(group: Sequence[Asked], is_right: Callable[[Asked, str], bool]) -> list[tuple[float, bool]]:
    """The candidate with the highest score of each question, whether it is a match or not: its score, and is it right."""
    best = [(one, max(one.candidates, key=lambda each: each.score)) for one in group if one.candidates]
    return [(each.score, is_right(one, each.pattern_id)) for one, each in best]


def _counted(match: Candidate) -> float | None:
    return match.rate


def _expected(match: Candidate) -> float | None:
    return match.expected


def _said(own: Sequence[Asked], what: Callable[[Candidate], float | None]) -> list[tuple[float, bool]]:
    return [
        (value, one.run.succeeded)
        for one in own
        if one.matched and one.run and (value := what(one.matched[0])) is not None
    ]


def _reliability(name: str, pairs: Sequence[tuple[float, bool]], bins: Sequence[float] = BINS) -> list[str]:
    """A table of what was said and what came, with Brier's score beside that of the base rate."""
    if not pairs:
        return [f"Calibration of {name}: none."]
    said, came = np.array([one for one, _ in pairs]), np.array([float(is_so) for _, is_so in pairs])
    rows = []
    for low, high in itertools.pairwise(bins):
        within = (said >= low) & (said < high)
        if count := int(within.sum()):
            rows.append(
                f"| {low:.2f} to {min(high, 1):.2f} | {count} | {said[within].mean():.2f} | {came[within].mean():.2f} |"
            )
    brier, base = float(np.mean((said - came) ** 2)), float(np.mean((came.mean() - came) ** 2))
    order = "" if math.isclose(base, 0) else f"; area under the curve {_area(said, came):.2f}"
    return [
        f"Calibration of {name}: Brier {brier:.3f}, of the base rate {came.mean():.2f} {base:.3f}{order}.",
        "",
        "| said | questions | mean | came |",
        "| --- | --- | --- | --- |",
        *rows,
    ]


def _area(said: np.ndarray[Any, Any], came: np.ndarray[Any, Any]) -> float:
    """How often one that came was said to be likelier than one that did not; ties count half."""
    yes, no = said[came == 1], said[came == 0]
    return float(np.mean((yes[:, None] > no[None, :]) + 0.5 * (yes[:, None] == no[None, :])))
