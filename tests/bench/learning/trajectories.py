"""Runs of agents that others published, as they are read for the study.

The format is that of tau-bench's historical trajectories (github.com/sierra-research/tau-bench, folder
``historical_trajectories``, MIT licence, copyright 2024 Sierra): a JSON list of runs, of which these members are read:

    task_id                 which task it was; several runs (``trial``) are of one task
    trial                   which attempt at the task, from 0
    reward                  1 where the run did what the task wanted, as the benchmark judges it
    info.task.actions[]     what a right run calls: ``name``
    traj[]                  the messages in their order, as OpenAI's chat API has them: ``role``, ``content``, and of an
                            assistant's ``tool_calls[]`` (``id``, ``function.name``, ``function.arguments``), which messages
                            of role ``tool`` answer by ``tool_call_id``

Requests from another field of work are lines of JSON whose member ``messages_display`` begins with ``user: `` and the first
message, as those in tau-bench's folder ``few_shot_data`` are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOOKING = ("get_", "search_", "list_", "calculate", "think")
"""How calls begin that change nothing: they do not say what kind of work a task is."""
FAILED = ("Error", "error:")
STOP = re.compile(r"###[A-Z]+###")


@dataclass(frozen=True)
class Call:
    """One call of a tool: what it was given, and whether its answer is no error."""

    name: str
    given: Mapping[str, Any]
    succeeded: bool


@dataclass(frozen=True)
class Run:
    """One attempt at a task. ``work`` is what a right run of it changes: the names of the calls, without those that only look."""

    id: str
    task: int
    trial: int
    prompt: str
    succeeded: bool
    work: frozenset[str]
    calls: tuple[Call, ...]


def runs_in(path: Path, *, whole: bool = False) -> list[Run]:
    """The runs of a file, by task and trial. Their prompt is the person's first message, or all of the person's messages.

    Raises ValueError for a file that is of another format.
    """
    try:
        found = [_run(entry, whole) for entry in json.loads(path.read_bytes())]
    except (KeyError, TypeError, StopIteration) as error:
        raise ValueError(f"{path} is not in the format of tau-bench's historical trajectories: {error!r}") from error
    return sorted(found, key=lambda run: (run.task, run.trial))


def others_in(path: Path) -> list[str]:
    """First messages of persons from another field of work, each once."""
    lines = [json.loads(line)["messages_display"] for line in path.read_text(encoding="utf-8").splitlines() if line]
    first = [re.split(r"\n(?:assistant|tool|user): ", line, maxsplit=1)[0] for line in lines]
    return list(dict.fromkeys(text.removeprefix("user: ").strip() for text in first))


def plainly(prompt: str) -> str:
    """A prompt without what does not count when two are said to be the same: case, space, punctuation."""
    return " ".join(re.findall(r"\w+", prompt.lower()))


def _run(entry: Mapping[str, Any], whole: bool) -> Run:
    said = [
        STOP.sub("", message["content"]).strip()
        for message in entry["traj"]
        if message["role"] == "user" and isinstance(message["content"], str)
    ]
    answers = {
        message["tool_call_id"]: str(message["content"]) for message in entry["traj"] if message["role"] == "tool"
    }
    calls = [call for message in entry["traj"] for call in message.get("tool_calls") or ()]
    names = {action["name"] for action in entry["info"]["task"]["actions"]}
    return Run(
        id=f"task-{entry['task_id']}-trial-{entry['trial']}",
        task=int(entry["task_id"]),
        trial=int(entry["trial"]),
        prompt="\n".join(filter(None, said)) if whole else next(iter(said)),
        succeeded=entry["reward"] >= 1,
        work=frozenset(name for name in names if not name.startswith(LOOKING)),
        calls=tuple(_call(call, answers) for call in calls if call["id"] in answers),
    )


def _call(call: Mapping[str, Any], answers: Mapping[str, str]) -> Call:
    function = call["function"]
    try:
        given = json.loads(function["arguments"])
    except ValueError:
        given = {}
    return Call(
        name=function["name"],
        given=given if isinstance(given, dict) else {},
        succeeded=not answers[call["id"]].startswith(FAILED),
    )
