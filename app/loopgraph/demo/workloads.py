"""Work that agents' tools do every day, each with two ways of doing it that give the same result.

Nothing here knows which way is the better one: that is what the demo finds out by measuring. Every way is one function
that needs only the standard library, so its source is all that a reader of the lineage has to see.
"""

from __future__ import annotations

import inspect
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Way:
    """One way of doing a piece of work.

    ``run(input, parameters)`` returns the result and changes neither. ``change_summary`` says what its author did and
    expects; for a baseline, what it does.
    """

    name: str
    run: Callable[[Any, Mapping[str, Any]], Any]
    change_summary: str

    @property
    def source(self) -> str:
        """The source text of ``run``."""
        return inspect.getsource(self.run)


@dataclass(frozen=True)
class Workload:
    """A piece of work: ``candidate`` is proposed in place of ``baseline``.

    ``make_input(random, size)`` makes an input of ``size`` items; at ``default_size`` the slower way takes some
    milliseconds. Both ways take the same ``parameters`` and return equal results for every such input. ``later_input``, where
    there is one, makes the inputs that come once the candidate is in use: work changes, and no experiment has seen that.
    """

    name: str
    title: str
    description: str
    baseline: Way
    candidate: Way
    parameters: Mapping[str, Any]
    make_input: Callable[[Random, int], Any]
    default_size: int
    later_input: Callable[[Random, int], Any] | None = None


# --- parsing


class LogLine(NamedTuple):
    """One line of an agent's log."""

    at: datetime
    level: str
    logger: str
    duration_ms: float
    message: str


def make_log(random: Random, size: int) -> str:
    """``size`` lines such as ``2026-03-01T08:00:00.250000+00:00 INFO hooks.run 12.5ms read the plan``."""
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    lines = []
    for _ in range(size):
        at += timedelta(milliseconds=random.randrange(1, 5_000))
        level = random.choice(("DEBUG", "INFO", "INFO", "INFO", "WARNING", "ERROR"))
        logger = random.choice(("hooks.run", "router.select", "tools.search", "tools.edit"))
        message = " ".join(random.choices(_WORDS, k=random.randrange(3, 12)))
        lines.append(
            f"{at.isoformat(timespec='microseconds')} {level} {logger} {random.randrange(10, 9_000) / 10}ms {message}"
        )
    return "\n".join(lines)


def parse_log_by_pattern(log: str, parameters: Mapping[str, Any]) -> list[LogLine]:
    """The records of a log. Raises ValueError for a line in another form."""
    parsed = []
    for line in log.splitlines():
        match = re.fullmatch(r"(\S+) ([A-Z]+) (\S+) ([0-9]+(?:\.[0-9]+)?)ms (.*)", line)
        if match is None:
            raise ValueError(f"not a log line: {line!r}")
        at, level, logger, duration, message = match.groups()
        if level not in parameters["ignored_levels"]:
            instant = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%f%z")
            parsed.append(LogLine(instant, level, logger, float(duration), message))
    return parsed


def parse_log_by_splitting(log: str, parameters: Mapping[str, Any]) -> list[LogLine]:
    """The records of a log. Raises ValueError for a line in another form."""
    parsed = []
    for line in log.splitlines():
        at, level, logger, duration, message = line.split(" ", 4)
        if not duration.endswith("ms"):
            raise ValueError(f"not a log line: {line!r}")
        if level not in parameters["ignored_levels"]:
            instant = datetime.fromisoformat(at)
            parsed.append(LogLine(instant, level, logger, float(duration[:-2]), message))
    return parsed


PARSE_LOG = Workload(
    name="parse-log",
    title="Parse an agent's log",
    description="Turns log lines into records with an instant, a level, a logger, a duration and a message.",
    baseline=Way(
        "pattern",
        parse_log_by_pattern,
        "Matches every line with one regular expression and reads its time with strptime.",
    ),
    candidate=Way(
        "splitting",
        parse_log_by_splitting,
        "Splits at the first four spaces and reads the time with fromisoformat: neither has a format to interpret.",
    ),
    parameters={"ignored_levels": ["DEBUG"]},
    make_input=make_log,
    default_size=800,
)


# --- deduplicating


def make_tool_calls(random: Random, size: int) -> list[dict[str, Any]]:
    """``size`` tool calls, about a third of them repeated deliveries of an earlier one."""
    calls: list[dict[str, Any]] = []
    for _ in range(size):
        if calls and random.random() < 0.35:
            calls.append(random.choice(calls))
        else:
            calls.append({"call_id": f"call-{random.getrandbits(64):016x}", "tool": random.choice(_TOOLS)})
    return calls


def deduplicate_by_list(calls: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The first of all calls with the same key, in order."""
    key = parameters["key"]
    seen = []
    kept = []
    for call in calls:
        if call[key] not in seen:
            seen.append(call[key])
            kept.append(call)
    return kept


def deduplicate_by_set(calls: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The first of all calls with the same key, in order."""
    key = parameters["key"]
    seen = set()
    kept = []
    for call in calls:
        if call[key] not in seen:
            seen.add(call[key])
            kept.append(call)
    return kept


DEDUPLICATE_CALLS = Workload(
    name="deduplicate-calls",
    title="Drop repeated deliveries of tool calls",
    description="Keeps the first of all tool calls with the same id, in order of arrival.",
    baseline=Way("list", deduplicate_by_list, "Remembers the ids it has seen in a list."),
    candidate=Way(
        "set",
        deduplicate_by_set,
        "Remembers the ids in a set: looking one up no longer takes longer the more there are.",
    ),
    parameters={"key": "call_id"},
    make_input=make_tool_calls,
    default_size=1_000,
)


# --- aggregating


def make_measurements(random: Random, size: int) -> list[dict[str, Any]]:
    """``size`` measured tool runs."""
    return [
        {"tool": random.choice(_TOOLS), "duration_ms": random.lognormvariate(3.0, 0.8), "ok": random.random() < 0.97}
        for _ in range(size)
    ]


def aggregate_by_scanning(runs: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Count, total and greatest duration of each group."""
    group_by = parameters["group_by"]
    groups = {}
    for group in sorted({run[group_by] for run in runs}):
        durations = [run["duration_ms"] for run in runs if run[group_by] == group]
        groups[group] = {"count": len(durations), "total_ms": sum(durations), "max_ms": max(durations)}
    return groups


def aggregate_in_one_pass(runs: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Count, total and greatest duration of each group."""
    group_by = parameters["group_by"]
    durations_of: dict[str, list[float]] = {}
    for run in runs:
        durations_of.setdefault(run[group_by], []).append(run["duration_ms"])
    return {
        group: {"count": len(durations), "total_ms": sum(durations), "max_ms": max(durations)}
        for group, durations in sorted(durations_of.items())
    }


AGGREGATE_RUNS = Workload(
    name="aggregate-runs",
    title="Sum up tool runs by tool",
    description="Computes count, total and greatest duration of the runs of every tool.",
    baseline=Way("scanning", aggregate_by_scanning, "Goes through all runs once for every tool."),
    candidate=Way("one-pass", aggregate_in_one_pass, "Goes through the runs once and sorts them into their groups."),
    parameters={"group_by": "tool"},
    make_input=make_measurements,
    default_size=4_000,
)


# --- searching


class Haystack(NamedTuple):
    """A text, and correlation ids of 16 hexadecimal digits to look for in it."""

    text: str
    ids: list[str]


def make_haystack(random: Random, size: int) -> Haystack:
    """A text of ``size`` words; an id is looked for for every 40 of them, and half of the ids are there."""
    ids = [f"{random.getrandbits(64):016x}" for _ in range(size // 40)]
    words = random.choices(_WORDS, k=size)
    for present in ids[::2]:
        words[random.randrange(size)] = present
    return Haystack(" ".join(words), ids)


def find_ids_one_by_one(haystack: Haystack, parameters: Mapping[str, Any]) -> list[str]:
    """The ids that the text contains, in the order of the ids."""
    text = haystack.text.lower() if parameters["ignore_case"] else haystack.text
    return [id_ for id_ in haystack.ids if id_ in text]


def find_ids_by_alternation(haystack: Haystack, parameters: Mapping[str, Any]) -> list[str]:
    """The ids that the text contains, in the order of the ids."""
    text = haystack.text.lower() if parameters["ignore_case"] else haystack.text
    # The ids are equally long, so at most one begins at any place; looking ahead finds those that overlap, too.
    alternatives = "|".join(map(re.escape, haystack.ids))
    found = set(re.findall(f"(?=({alternatives}))", text))
    return [id_ for id_ in haystack.ids if id_ in found]


FIND_IDS = Workload(
    name="find-ids",
    title="Find correlation ids in a text",
    description="Tells which of many correlation ids occur in a text.",
    baseline=Way("one-by-one", find_ids_one_by_one, "Searches the whole text for one id after the other."),
    candidate=Way(
        "alternation",
        find_ids_by_alternation,
        "Searches for all ids at once with one regular expression, so that the text is read only once.",
    ),
    parameters={"ignore_case": True},
    make_input=make_haystack,
    default_size=4_000,
)


# --- counting


def make_prompt(random: Random, size: int) -> str:
    """A text of ``size`` words with capitals and punctuation."""
    words = random.choices(_WORDS, k=size)
    return " ".join(random.choice((word, word, word.capitalize(), f"{word},", f"{word}.")) for word in words)


def count_words_inline(prompt: str, parameters: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The most frequent words with their counts; equally frequent ones in order of appearance."""
    words = []
    for part in prompt.split():
        word = part.strip(".,;:!?()").lower()
        if len(word) >= parameters["min_length"]:
            words.append(word)
    counts: Counter[str] = Counter()
    for word in words:
        counts[word] += 1
    return counts.most_common(parameters["top"])


def count_words_in_steps(prompt: str, parameters: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The most frequent words with their counts; equally frequent ones in order of appearance."""

    def normalised(text: str, limits: Mapping[str, Any]) -> list[str]:
        words = []
        for part in text.split():
            word = part.strip(".,;:!?()").lower()
            if len(word) >= limits["min_length"]:
                words.append(word)
        return words

    def counted(words: list[str]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for word in words:
            counts[word] += 1
        return counts

    return counted(normalised(prompt, parameters)).most_common(parameters["top"])


COUNT_WORDS = Workload(
    name="count-words",
    title="Count the words of a prompt",
    description="Finds the most frequent words of a text.",
    baseline=Way("inline", count_words_inline, "Normalises and counts in one function body."),
    candidate=Way(
        "steps",
        count_words_in_steps,
        "Gives each of the two steps a function of its own: tidier, and small functions are said to be faster.",
    ),
    parameters={"min_length": 4, "top": 25},
    make_input=make_prompt,
    default_size=10_000,
)


# --- reading


def make_repeated_arguments(random: Random, size: int) -> list[str]:
    """The arguments of ``size`` tool calls of an agent that does the same again and again, as JSON texts."""
    known = [_arguments(random) for _ in range(max(1, size // 40))]
    return [random.choice(known) for _ in range(size)]


def make_new_arguments(random: Random, size: int) -> list[str]:
    """The arguments of ``size`` tool calls of an agent that does something else each time."""
    return [_arguments(random) for _ in range(size)]


def _arguments(random: Random) -> str:
    replacements = {" ".join(random.choices(_WORDS, k=4)): random.random() for _ in range(3)}
    lines = [random.randrange(10_000) for _ in range(12)]
    return json.dumps({"path": f"src/{random.getrandbits(40):010x}.py", "lines": lines, "replace": replacements})


def read_arguments_each_time(calls: Sequence[str], parameters: Mapping[str, Any]) -> list[Any]:
    """One field of the arguments of each call."""
    field = parameters["field"]
    values = []
    for text in calls:
        values.append(json.loads(text)[field])
    return values


def read_arguments_once(calls: Sequence[str], parameters: Mapping[str, Any]) -> list[Any]:
    """One field of the arguments of each call."""
    field = parameters["field"]
    known: dict[str, Any] = {}
    values = []
    for text in calls:
        if text not in known:
            known[text] = json.loads(text)
        values.append(known[text][field])
    return values


READ_ARGUMENTS = Workload(
    name="read-arguments",
    title="Read the arguments of tool calls",
    description="Takes one field out of the arguments of every tool call.",
    baseline=Way("each-time", read_arguments_each_time, "Reads the arguments of every call."),
    candidate=Way(
        "once",
        read_arguments_once,
        "Remembers arguments that it has read: agents repeat themselves, and what is known need not be read again.",
    ),
    parameters={"field": "path"},
    make_input=make_repeated_arguments,
    default_size=1_200,
    later_input=make_new_arguments,
)


WORKLOADS = (PARSE_LOG, DEDUPLICATE_CALLS, AGGREGATE_RUNS, FIND_IDS, COUNT_WORDS, READ_ARGUMENTS)
"""All workloads, in the order in which the demo runs them."""

_TOOLS = tuple(
    f"{server}.{tool}"
    for server in ("files", "shell", "search", "browser", "tickets", "calendar")
    for tool in ("read", "write", "list", "run", "watch")
)
_VOCABULARY = """
    agent answer branch budget build cache change check commit context cost deploy document edit error event example
    failure file goal graph index input issue lineage log measure memory merge metric model parse path pattern plan
    prompt query queue read release report result retry review route sample schema search session skill step summary
    table task test token tool trace update user version window worker write the and with from that for into when
"""
_WORDS = tuple(_VOCABULARY.split())
