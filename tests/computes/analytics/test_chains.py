"""Chains of agents: what is a chain, when it succeeded, and what handing over costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.analytics.chains import agent_chains
from loopgraph.contracts.analytics.chains import AgentChain, Delegations, Member, Stretch
from loopgraph.contracts.traces.events import TraceStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def stretch(since: float, until: float) -> Stretch:
    return Stretch(at(since), at(until), (until - since) * 1_000)


def member(id_: str, parent: str | None, agent: str, **more: Any) -> Member:
    given = {"status": TraceStatus.SUCCESS, "at": NOON, "time": Stretch(), **more}
    return Member(id_, parent, agent, **given)


def chains(*members: Member, agent: str | None = None) -> list[AgentChain]:
    return list(agent_chains(Delegations(list(members), 9, None, True), agent, 100).chains)


def test_a_chain_goes_from_a_prompt_down_to_who_delegated_nothing() -> None:
    found = chains(
        member("p", None, "main"),
        member("a", "p", "planner"), member("b", "a", "coder"), member("c", "a", "coder"), member("d", "p", "tester"),
        member("q", None, "main"), member("e", "q", "tester", at=at(5)),
        member("alone", None, "main"),
    )  # fmt: skip
    assert [(one.agents, one.depth, one.count, one.prompts) for one in found] == [
        (("main", "planner", "coder"), 2, 2, 1),
        (("main", "tester"), 1, 2, 2),
    ]
    assert found[1].sample_ids == ("q", "p")
    assert found[1].last_used_at == at(5)


def test_a_chain_succeeds_if_all_that_was_delegated_does() -> None:
    """Whatever became of the prompt itself."""

    def of(*statuses: str) -> list[Member]:
        number = "-".join(statuses)
        names = [f"{number}/{depth}" for depth in range(len(statuses))]
        return [
            member(name, names[depth - 1] if depth else None, f"a{depth}", status=TraceStatus(status))
            for depth, (name, status) in enumerate(zip(names, statuses, strict=True))
        ]

    [found] = chains(
        *of("error", "success", "success"),
        *of("success", "success", "timeout"),
        *of("success", "interrupted", "in_progress"),
        *of("success", "in_progress", "success"),
    )
    assert (found.successes, found.failures, found.unknown, found.success_rate) == (1, 2, 1, 1 / 3)
    [going_on] = chains(*of("success", "in_progress"))
    assert going_on.success_rate is None


def test_overhead_is_what_nobody_worked() -> None:
    """The planner's step took 100 s, of which the planner worked 90; its own step took 40 s, of which the coder worked 30."""
    [found] = chains(
        member("p", None, "main", time=stretch(0, 200)),
        member("a", "p", "planner", time=stretch(5, 95), spawning=stretch(0, 100)),
        member("b", "a", "coder", time=stretch(25, 55), spawning=stretch(20, 60)),
    )
    assert (found.timed, found.avg_duration_ms, found.avg_overhead_ms, found.overhead_share) == (
        1,
        100_000,
        20_000,
        0.2,
    )


def test_what_worked_on_in_the_background_made_nobody_wait() -> None:
    [found] = chains(
        member("p", None, "main"), member("a", "p", "planner", time=stretch(0.5, 300), spawning=stretch(0, 1))
    )
    assert (found.avg_duration_ms, found.avg_overhead_ms) == (1_000, 500)


def test_overhead_is_of_those_alone_whose_times_are_known() -> None:
    prompt = member("p", None, "main")
    known = member("a", "p", "x", time=stretch(1, 2), spawning=stretch(0, 4))
    unknown = [
        member("b", "p", "x", time=stretch(1, 2)),
        member("c", "p", "x", spawning=stretch(1, 2)),
        member("d", "p", "x", time=Stretch(at(2), at(1), None), spawning=stretch(1, 2)),
    ]
    [found] = chains(prompt, known, *unknown)
    assert (found.count, found.timed, found.avg_overhead_ms) == (4, 1, 3_000)
    [nothing] = chains(prompt, *unknown)
    assert (nothing.timed, nothing.avg_duration_ms, nothing.avg_overhead_ms, nothing.overhead_share) == (
        0,
        None,
        None,
        None,
    )


def test_only_chains_with_an_agent() -> None:
    members = [member("p", None, "main"), member("a", "p", "x"), member("b", "p", "y")]
    assert [one.agents for one in chains(*members, agent="y")] == [("main", "y")]
    assert chains(*members, agent="z") == []


def test_traces_that_spawn_each_other_end_somewhere() -> None:
    members = [member("p", None, "main"), member("a", "p", "x"), member("b", "a", "y"), member("a", "b", "x")]
    assert len(chains(*members)) <= 1


trees = st.lists(st.integers(min_value=0, max_value=20), max_size=20)


@pytest.mark.lengthy
@given(trees)
def test_each_delegation_that_leads_nowhere_ends_one_chain(parents: list[int]) -> None:
    """Each trace hangs at an earlier one."""
    above = {number + 1: parent % (number + 1) for number, parent in enumerate(parents)}
    members = [member("0", None, "a0")]
    members += [member(str(number), str(parent), f"a{number % 3}") for number, parent in above.items()]
    leaves = [number for number in above if number not in above.values()]
    found = chains(*members)
    assert sum(one.count for one in found) == len(leaves)
    assert chains(*reversed(members)) == found
