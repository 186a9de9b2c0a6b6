"""What a run of the loop comes to, for CI: conditions to fail on, a report as JSON, and one as JUnit has it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from xml.etree import ElementTree

from loopgraph.computes.exports.plain import for_xml

Run = Mapping[str, Any]
"""A run as `documents.RUN` asks for it."""

OVER: Final = frozenset({"COMPLETED", "CANCELLED", "FAILED"})
WAITING: Final = frozenset({"VALIDATED", "AWAITING_REVIEW"})
"""Improvements that wait for a reviewer."""


class FailOn(StrEnum):
    """What of a run that has ended makes a CI job fail."""

    REGRESSION = "regression"
    REJECTED = "rejected"
    REVIEW = "review"
    APPLIED = "applied"


def improvements_of(run: Run) -> list[Mapping[str, Any]]:
    """The improvements of a run, in the order it tests them."""
    return [edge["node"] for edge in run["improvements"]["edges"]]


def conditions_of(improvement: Mapping[str, Any]) -> frozenset[FailOn]:
    """Which conditions an improvement meets. A regression is what a test has found significantly worse than what is in use."""
    met = set()
    if improvement["status"] == "REJECTED":
        met.add(FailOn.REJECTED)
        if improvement["reason"] == "SIGNIFICANT_REGRESSION":
            met.add(FailOn.REGRESSION)
    if improvement["status"] in WAITING:
        met.add(FailOn.REVIEW)
    if improvement["status"] == "APPLIED":
        met.add(FailOn.APPLIED)
    return frozenset(met)


def failures_of(run: Run, fail_on: Collection[FailOn]) -> list[str]:
    """A sentence for each improvement that meets one of the conditions."""
    return [sentence for improvement in improvements_of(run) if (sentence := _failure(improvement, fail_on))]


def _failure(improvement: Mapping[str, Any], fail_on: Collection[FailOn]) -> str | None:
    met = [condition.value for condition in FailOn if condition in fail_on and condition in conditions_of(improvement)]
    if not met:
        return None
    words = ". ".join(filter(None, (improvement["description"].rstrip("."), improvement["explanation"])))
    return f"{improvement['improvementId']}: {', '.join(met)} ({_outcome(improvement)}){f': {words}' if words else ''}"


def _outcome(improvement: Mapping[str, Any]) -> str:
    reason = improvement["reason"]
    return f"{improvement['status']}{f', {reason}' if reason else ''}".lower()


def report_of(run: Run, fail_on: Collection[FailOn]) -> dict[str, Any]:
    """What a program is told of a run: the run as the service has it, its improvements as a list, and what failed."""
    failed = failures_of(run, fail_on)
    return {**run, "improvements": improvements_of(run), "failOn": sorted(fail_on), "failures": failed}


def _seconds(run: Run) -> float:
    """From the start of a run to its end, waiting included; of one that goes on, to the last stage that it has left."""
    began = datetime.fromisoformat(run["createdAt"])
    left = [run["completedAt"]] if run["completedAt"] else [stage["completedAt"] for stage in run["stages"]]
    return max([0.0, *((datetime.fromisoformat(at) - began).total_seconds() for at in left if at)])


def junit_of(run: Run, fail_on: Collection[FailOn]) -> str:
    """The run as a test suite of JUnit's form: a case for the run itself, and one for each improvement.

    What meets a condition is a failure, a run that was cancelled or failed an error, and what is not decided yet is skipped.
    """
    suite = ElementTree.Element(
        "testsuite", name=f"loopgraph: {run['pattern']['name'] if run['pattern'] else run['patternId']}"
    )
    whole = ElementTree.SubElement(suite, "testcase", classname=run["patternId"], name=f"run {run['runId']}")
    errors = failures = skipped = 0
    if run["status"] in ("CANCELLED", "FAILED"):
        ElementTree.SubElement(
            whole, "error", message=f"{run['status'].lower()}: {run['message'] or 'nothing is said'}"
        )
        errors += 1
    elif run["status"] not in OVER:
        ElementTree.SubElement(whole, "skipped", message=run["message"] or "the run goes on")
        skipped += 1
    for improvement in improvements_of(run):
        name = improvement["description"] or improvement["improvementId"]
        case = ElementTree.SubElement(suite, "testcase", classname=run["patternId"], name=name)
        if failure := _failure(improvement, fail_on):
            ElementTree.SubElement(case, "failure", message=failure)
            failures += 1
        elif improvement["status"] in ("PROPOSED", "TESTING"):
            ElementTree.SubElement(case, "skipped", message=_outcome(improvement))
            skipped += 1
    time = {"time": f"{_seconds(run):.3f}"}
    whole.attrib |= time
    counts = {"tests": len(suite), "failures": failures, "errors": errors, "skipped": skipped}
    suite.attrib |= {name: str(count) for name, count in counts.items()} | time
    suite.attrib["timestamp"] = run["createdAt"]
    for element in suite.iter():
        element.attrib.update({name: for_xml(text) for name, text in element.attrib.items()})
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
