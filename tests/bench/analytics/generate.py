"""Events of many agents over 90 days, a line of JSON each, as ``loopgraph traces load`` takes them:

    python -m bench.analytics.generate --executions 1000000 --begin 2026-08-31 | loopgraph traces load -

The same seed, begin and number give the same bytes. The sessions, their traces and the patterns that these use do not depend on
how many executions there are, as long as there is one for each trace: so a tenth of the executions falls into the same buckets.
Durations are log-normal; versions of a pattern differ in how often they succeed, how long they take and how much they use;
patterns grow, fade, come and go; people work at certain hours, in their own projects, with their own agents and models.
"""

from __future__ import annotations

import argparse
import math
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any, Final, NamedTuple

import orjson

DAYS: Final = 90
PATTERNS: Final = 200
SESSIONS_A_DAY: Final = 1_000
SEED: Final = 20_261_129

SECOND_TRACE: Final = 0.1
"""So many sessions ask twice."""

_USERS, _PROJECTS, _STRAGGLERS = 60, 14, 0.1
_TYPES = ("skill", "command", "agent", "prompt", "memory", "plan")
_TOOLS = (
    "Bash", "Read", "Edit", "Grep", "Glob", "Write", "WebFetch", "WebSearch", "Task", "NotebookEdit", "mcp__db__query",
    "mcp__jira__get",
)  # fmt: skip
_AGENTS = (
    "coder", "reviewer", "tester", "planner", "writer", "migrator", "operator", "analyst", "triager", "releaser",
)  # fmt: skip
_SOURCES = {"cli": 0.7, "ide": 0.2, "ci": 0.1}
_TAGS = ("bugfix", "feature", "refactoring", "docs", "release", "review")
_PROMPTS = (
    "Fix the failing test", "Review this change", "Write the release notes", "Find out why it is slow",
    "Add the column to the table", "Explain this module",
)  # fmt: skip


class Model(NamedTuple):
    """A model: US dollars for a million tokens in and out."""

    name: str
    service: str
    input_usd: float
    output_usd: float


MODELS = (
    Model("claude-sonnet-4-5", "anthropic", 3.0, 15.0),
    Model("claude-haiku-4-5", "anthropic", 1.0, 5.0),
    Model("claude-opus-4-1", "anthropic", 15.0, 75.0),
    Model("gpt-5", "openai", 1.25, 10.0),
    Model("gemini-2.5-pro", "google", 1.25, 10.0),
)

_ERRORS = (
    ("TimeoutError", "no answer from 10.0.{a}.{b} after {c} ms"),
    ("FileNotFoundError", "src/module_{a}/part_{b}.py does not exist"),
    ("AssertionError", "expected {a} rows, found {b}"),
    ("PermissionError", "user {a} may not write to /srv/data/{b}"),
    ("HTTPError", "the server answered {c} to request {a}-{b}"),
    ("JSONDecodeError", "line {a} column {b}: a value is missing"),
)


class Version(NamedTuple):
    """A version of a pattern: in use from this day on, and what its executions are like."""

    node_id: str
    number: int
    from_day: int
    success: float
    median_ms: float
    sigma: float
    tokens: float


@dataclass(frozen=True)
class Pattern:
    """A pattern. ``course`` is how its use develops: the weight on each day."""

    pattern_id: str
    name: str
    pattern_type: str
    versions: tuple[Version, ...]
    course: tuple[float, ...]
    errors: tuple[int, ...]

    def version_on(self, day: int, chance: Random) -> Version:
        """The newest of that day, or sometimes the one before it."""
        there = [version for version in self.versions if version.from_day <= day]
        return there[-2] if len(there) > 1 and chance.random() < _STRAGGLERS else there[-1]


class Trace(NamedTuple):
    """A trace before its steps are known."""

    correlation_id: str
    session_id: str
    at: datetime
    user: int
    project: int
    agent: str
    model: Model
    pattern: Pattern
    version: Version
    opens: bool


def patterns(seed: int = SEED) -> list[Pattern]:
    """The patterns, the most used first; each has one to four versions."""
    chance = Random(f"{seed}/patterns")
    return [_pattern(rank, chance) for rank in range(PATTERNS)]


def _pattern(rank: int, chance: Random) -> Pattern:
    success, median, tokens = (
        chance.betavariate(12, 2),
        40 * math.exp(chance.gauss(2, 1)),
        500 * math.exp(chance.random() * 2),
    )
    versions = []
    days = [0, *sorted(chance.sample(range(10, DAYS - 5), chance.choice((0, 1, 1, 2, 3))))]
    for number, day in enumerate(days, 1):
        versions.append(
            Version(f"bench-{rank:03}-v{number}", number, day, success, median, 0.3 + chance.random(), tokens)
        )
        success = min(0.995, max(0.4, success + chance.gauss(0.02, 0.06)))
        median, tokens = median * math.exp(chance.gauss(-0.1, 0.25)), tokens * math.exp(chance.gauss(-0.1, 0.3))
    weight = (rank + 1) ** -0.8
    course = chance.choices(_COURSES, (60, 14, 14, 6, 6))[0]
    return Pattern(
        pattern_id=f"bench-{rank:03}",
        name=f"{_PROMPTS[rank % len(_PROMPTS)].lower()} {rank}",
        pattern_type=_TYPES[rank % len(_TYPES)],
        versions=tuple(versions),
        course=tuple(weight * course(day / DAYS) for day in range(DAYS)),
        errors=tuple(chance.sample(range(len(_ERRORS)), 3)),
    )


_COURSES = (
    lambda _: 1.0,
    lambda at: 0.3 + 1.4 * at,
    lambda at: 1.7 - 1.4 * at,
    lambda at: 1.0 if at > 0.75 else 0.0,
    lambda at: 1.0 if at < 0.6 else 0.0,
)
"""Stable, growing, declining, emerging, abandoned."""

_HOURS = (1, 1, 1, 1, 1, 2, 4, 10, 30, 55, 62, 58, 40, 50, 62, 60, 52, 38, 22, 14, 10, 7, 4, 2)


def traces(begin: datetime, sessions_a_day: int, seed: int = SEED) -> Iterator[Trace]:
    """All traces, by time, without regard to how many executions there are."""
    chance, every = Random(f"{seed}/traces"), patterns(seed)
    hours = list(accumulate(_HOURS))
    homes = [(chance.sample(range(_PROJECTS), 2), chance.choice(_AGENTS), chance.choice(MODELS)) for _ in range(_USERS)]
    for day in range(DAYS):
        weights = list(accumulate(pattern.course[day] for pattern in every))
        found: list[Trace] = []
        for number in range(sessions_a_day):
            user = min(int(chance.expovariate(4 / _USERS)), _USERS - 1)
            projects, home_agent, home_model = homes[user]
            session, second = f"bench-s-{day:02}-{number:04}", chance.randrange(3_600)
            at = begin + timedelta(days=day, hours=bisect_right(hours, chance.random() * hours[-1]), seconds=second)
            project = projects[chance.random() < 0.3]
            for part in range(1 + (chance.random() < SECOND_TRACE)):
                pattern = every[bisect_right(weights, chance.random() * weights[-1])]
                found.append(
                    Trace(
                        correlation_id=f"{session}-{part}",
                        session_id=session,
                        at=at + timedelta(minutes=7 * part, milliseconds=chance.randrange(1_000)),
                        user=user,
                        project=project,
                        agent=home_agent if chance.random() < 0.7 else chance.choice(_AGENTS),
                        model=home_model if chance.random() < 0.8 else chance.choice(MODELS),
                        pattern=pattern,
                        version=pattern.version_on(day, chance),
                        opens=part == 0,
                    )
                )
        yield from sorted(found, key=lambda one: (one.at, one.correlation_id))


def sessions_for(executions: int) -> int:
    """The sessions of a day: the usual number, or fewer where there would be none for some."""
    return max(1, min(SESSIONS_A_DAY, executions // 100))


def count_traces(sessions_a_day: int, seed: int = SEED) -> int:
    """How many traces there are."""
    return sum(1 for _ in traces(datetime(2000, 1, 1, tzinfo=UTC), sessions_a_day, seed))


Event = dict[str, Any]


def events(executions: int, begin: datetime, seed: int = SEED) -> Iterator[Event]:
    """The events, by trace, with so many executions of patterns in all."""
    chance, sessions = Random(f"{seed}/executions"), sessions_for(executions)
    count, given = count_traces(sessions, seed), 0
    for number, trace in enumerate(traces(begin, sessions, seed), 1):
        due = executions * number // count
        yield from _events(trace, due - given, chance)
        given = due


def _events(trace: Trace, steps: int, chance: Random) -> Iterator[Event]:
    id_, at, version = trace.correlation_id, trace.at, trace.version
    if trace.opens:
        about = {"cwd": f"/src/project-{trace.project:02}", "client": "bench", "model": trace.model.name}
        seen = {"kind": "session", "session_id": trace.session_id, "started_at": _text(at), **about}
        yield {"event": seen, "source": "bench"}
    source = chance.choices([*_SOURCES], [*_SOURCES.values()])[0]
    yield {
        "kind": "start", "correlation_id": id_, "timestamp": _text(at), "session_id": trace.session_id,
        "user_id": f"user-{trace.user:02}", "prompt_text": _PROMPTS[trace.user % len(_PROMPTS)],
        "tags": [_TAGS[trace.project % len(_TAGS)]], "context": {"context_type": source},
    }  # fmt: skip
    yield {
        "kind": "routing", "correlation_id": id_, "timestamp": _text(at + timedelta(milliseconds=5)),
        "selected_agent": trace.agent, "confidence_total": round(chance.betavariate(8, 2), 3), "routing_duration_ms": 4.0,
    }  # fmt: skip
    now, failed = at + timedelta(milliseconds=20), False
    for step in range(steps):
        duration = version.median_ms * math.exp(chance.gauss(0, version.sigma))
        event = _step(trace, f"{id_}-{step:03}", now, min(duration, 600_000.0), chance)
        failed = failed or (event.get("success") is False and chance.random() < 0.5)
        yield event
        if step == 0:
            yield _call(trace, event["execution_id"], now, chance)
        now += timedelta(milliseconds=duration + 40)
    end: Event = {"kind": "complete", "correlation_id": id_, "timestamp": _text(now), "success": not failed}
    yield {**end, "error_type": _ERRORS[trace.pattern.errors[0]][0]} if failed else end


def _call(trace: Trace, execution_id: str, at: datetime, chance: Random) -> Event:
    """The call of a model under the first execution."""
    model, usual = trace.model, trace.version.tokens
    given, made = int(usual * 8 * math.exp(chance.gauss(0, 0.5))), int(usual * chance.random()) + 1
    usd = (given * model.input_usd + made * model.output_usd) / 1e6
    return {
        "kind": "endpoint", "correlation_id": trace.correlation_id, "call_id": f"{trace.correlation_id}-call",
        "hook_execution_id": execution_id, "service_name": model.service, "endpoint_path": "/v1/messages",
        "model": model.name, "started_at": _text(at), "duration_ms": round(300 * math.exp(chance.gauss(1, 0.6)), 3),
        "success": True, "response_status": 200, "retry_count": int(chance.random() < 0.04), "input_tokens": given,
        "cache_read_tokens": given // 2, "output_tokens": made, "cost_usd": round(usd, 9),
    }  # fmt: skip


def _step(trace: Trace, execution_id: str, at: datetime, duration_ms: float, chance: Random) -> Event:
    """One execution of the version of a trace."""
    tools = trace.pattern.errors[0]
    event: Event = {
        "kind": "hook", "correlation_id": trace.correlation_id, "execution_id": execution_id, "hook_type": "ToolUse",
        "tool_name": _TOOLS[(tools + int(chance.random() ** 2 * 6)) % len(_TOOLS)], "node_id": trace.version.node_id,
        "session_id": trace.session_id, "started_at": _text(at), "duration_ms": round(duration_ms, 3),
    }  # fmt: skip
    luck = chance.random()
    if luck < trace.version.success:
        event |= {
            "success": True,
            "quality_score": round(chance.betavariate(9, 2), 3),
            "quality_gates_validated": ["tests"],
        }
    elif luck > 0.995:
        event["status"] = "denied" if luck > 0.998 else "interrupted"
    else:
        error_type, template = _ERRORS[trace.pattern.errors[min(2, int(chance.expovariate(1.5)))]]
        message = template.format(
            a=chance.randrange(200), b=chance.randrange(250), c=chance.choice((500, 502, 503, 5_000))
        )
        event |= {"success": False, "error_type": error_type, "error_message": message}
    if chance.random() < 0.25:
        event["context"] = {
            "memory_usage_mb": chance.randrange(20, 900),
            "http_calls": chance.randrange(4),
            "cache_hits": 1,
        }
    return event


def _text(at: datetime) -> str:
    return at.isoformat()


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the lines to standard output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--begin", type=datetime.fromisoformat, required=True, help="the first day (UTC)")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    write = sys.stdout.buffer.write
    for event in events(given.executions, given.begin.replace(tzinfo=UTC), given.seed):
        write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
