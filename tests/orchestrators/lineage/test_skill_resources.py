"""What lies beside a skill's text has states of its own: the skill's versions stay those of its ``SKILL.md``."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loopgraph.clients.skill_folder import resources as as_the_shim_reads
from loopgraph.computes.agents.uses import skill_used
from loopgraph.computes.definitions.choice import choose
from loopgraph.contracts.lineage.definitions import VersionBasis
from loopgraph.contracts.lineage.resources import ResourceState
from loopgraph.contracts.lineage.scans import ScanState
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.definitions.resources import read_resources
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.orchestrators.traces.uses import UseLinker
from support.repositories import Repo
from support.scanning import Scans, skill
from support.traces import statement

FOLDER = ".claude/skills/triage"
TRIAGE = f"{FOLDER}/SKILL.md"
RUN = f"{FOLDER}/scripts/run.py"
FIRST_COMMIT = 1_700_000_000
"""When `Repo` begins, in seconds since 1970."""


async def states(scans: Scans, folder: Path) -> list[list[ResourceState]]:
    """Of each version of the skill, the oldest first."""
    pattern = await scans.pattern(folder)
    return [list(version.resources) for version in await scans.versions(pattern.pattern_id)]


def digest(folder: Path) -> str | None:
    """Of a folder as it is; whoever reads it comes to the same."""
    found = read_resources(folder)
    assert found is not None
    assert found.digest == as_the_shim_reads(str(folder))
    return found.digest


@pytest.mark.lengthy
async def test_a_commit_of_other_files_is_a_state_and_no_version(repo: Repo, scans: Scans) -> None:
    here, expected = repo.folder / FOLDER, []

    def committed(message: str) -> None:
        sha = repo.commit(message)
        expected.append((digest(here), sha[:12]))

    repo.write(TRIAGE, skill("triage", "Look."))
    repo.write(RUN, "print(1)\n")
    committed("with a script")
    repo.write(RUN, "print(2)\n")
    committed("a better script")
    repo.write("README.md", "Nothing of it.")
    repo.write(f"{FOLDER}/.hidden", "Nor this.")
    repo.write(f"{FOLDER}/inner/SKILL.md", skill("inner", "Another skill."))
    repo.write(f"{FOLDER}/inner/x.py", "is of the other\n")
    repo.commit("elsewhere")
    repo.write(TRIAGE, skill("triage", "Look twice."))
    committed("a better text")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.write(f"{FOLDER}/reference/a.md", "A")
    committed("on the side")
    repo.git("checkout", "--quiet", "main")
    repo.write("README.md", "Still nothing of it.")
    repo.commit("on main")
    repo.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    (repo.folder / RUN).unlink()
    (repo.folder / f"{FOLDER}/reference/a.md").unlink()
    repo.commit("nothing beside it any more")
    first, second = await states(scans, repo.folder)
    assert [(state.digest, state.label) for state in first] == expected[:2]
    assert [(state.digest, state.label) for state in second[:2]] == expected[2:]
    assert [state.digest for state in second[2:]] == [None]
    assert expected[2][0] == expected[1][0]
    dates = [state.since for state in (*first, *second)]
    assert dates == sorted(dates)
    followed = repo.git("log", "--follow", "--format=%H", "--", TRIAGE).split()
    assert len(followed) == 2, "versions are those of the text"
    again = await scans.pattern(repo.folder)
    assert (again.state, again.other_files) == (ScanState.UNCHANGED, False)
    assert await states(scans, repo.folder) == [first, second]


@pytest.mark.lengthy
async def test_a_skill_that_was_moved_keeps_what_lay_beside_it(repo: Repo, scans: Scans) -> None:
    repo.write("skills/old/SKILL.md", skill("triage", "Look.\n" * 20))
    repo.write("skills/old/run.sh", "one\n")
    repo.commit("old")
    repo.write("skills/old/run.sh", "two\n")
    repo.commit("old, better")
    repo.git("mv", "skills/old", "skills/new")
    repo.commit("moved")
    before, after = await states(scans, repo.folder)
    assert [len(before), len(after)] == [2, 1]
    assert before[1].digest == after[0].digest == digest(repo.folder / "skills/new")


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_what_is_in_the_work_tree_alone_is_a_state_until_a_commit_has_it(repo: Repo, scans: Scans) -> None:
    repo.write(TRIAGE, skill("triage", "Look."))
    repo.write(RUN, "print(1)\n")
    repo.commit("a skill")
    [[one]] = await states(scans, repo.folder)
    repo.write(RUN, "print(2)\n")
    changed = await scans.pattern(repo.folder)
    assert (changed.state, changed.new, changed.other_files) == (ScanState.CHANGED, 0, True)
    [[first, seen]] = await states(scans, repo.folder)
    assert first == one
    assert (seen.label, seen.digest) == (None, digest(repo.folder / FOLDER))
    assert [[first, seen]] == await states(scans, repo.folder), "seen again, it is the same"
    repo.write(RUN, "print(1)\n")
    [[_, _, back]] = await states(scans, repo.folder)
    assert (back.label, back.digest) == (None, one.digest), "it is as it was committed again"
    repo.write(f"{FOLDER}/__pycache__/run.pyc", b"\0")
    repo.write(RUN, "print(1)\r\n")
    assert (await states(scans, repo.folder))[0][-1] == back, (
        "neither what is left behind nor the ends of lines are a change"
    )
    repo.write(RUN, "print(2)\n")
    repo.minute = int((now().timestamp() - FIRST_COMMIT) / 60) + 1
    sha = repo.commit("committed")
    [[_, *then]] = await states(scans, repo.folder)
    assert [(state.digest, state.label) for state in then] == [
        (seen.digest, None),
        (one.digest, None),
        (seen.digest, sha[:12]),
    ]
    again = await states(scans, repo.folder)
    assert again == [[first, *then]]


async def test_outside_git(scans: Scans, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    here = folder / FOLDER
    (here / "scripts").mkdir(parents=True)
    (here / "SKILL.md").write_text(skill("triage", "Look."))
    assert await states(scans, folder) == [[]]
    (here / "scripts/run.py").write_text("print(1)\n")
    changed_at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    os.utime(here / "scripts/run.py", (changed_at.timestamp(),) * 2)
    [[state]] = await states(scans, folder)
    assert (state.digest, state.since, state.label) == (digest(here), changed_at, None)
    (here / "scripts/run.py").unlink()
    [[_, gone]] = await states(scans, folder)
    assert gone.digest is None
    assert gone.since > changed_at


@pytest.mark.lengthy
async def test_a_use_says_which_files_lay_beside_the_text(graph: Graph, repo: Repo, scans: Scans) -> None:
    """The times of the commits tell it, and better what the shim has read there; known late, it is told late."""
    repo.write(TRIAGE, skill("triage", f"Look {new_id()}."))
    repo.write(RUN, "print(1)\n")
    repo.commit("a skill")
    one = digest(repo.folder / FOLDER)
    at = {"one": datetime.fromtimestamp(FIRST_COMMIT + 60 * repo.minute, UTC)}
    repo.write(RUN, "print(2)\n")
    repo.commit("a better script")
    two = digest(repo.folder / FOLDER)
    at["two"] = datetime.fromtimestamp(FIRST_COMMIT + 60 * repo.minute, UTC) + timedelta(minutes=5)
    session = new_id()
    unknown = f"sha256:{'0' * 64}"
    told = {"one": {}, "two": {}, "read": {"resources_digest": one}, "else": {"resources_digest": unknown}}
    uses = [
        skill_used(
            session,
            name,
            f"{session}/{name}",
            "triage",
            timestamp=at.get(name, at["two"]),
            cwd=str(repo.folder),
            **more,
        )
        for name, more in told.items()
    ]

    async def found() -> dict[str, tuple[str | None, str | None]]:
        rows = await statement(
            graph,
            "MATCH (h:HookExecution {session_id: $id})-[u:USED]->(:PatternVersion) RETURN h.correlation_id AS trace, "
            "u.resources AS digest, u.resources_rule AS rule, h.used_resources AS kept",
            id=session,
        )
        assert all(row["digest"] == row["kept"] for row in rows)
        return {row["trace"].rpartition("/")[2]: (row["digest"], row["rule"]) for row in rows}

    observations = [Observation(event=use, source="test") for use in uses]
    await TraceWrites(graph, choosing=choose).record(observations, received_at=at["two"])
    assert await found() == {}
    await scans.pattern(repo.folder)
    await UseLinker(graph, choose).look()
    by_time, by_file = VersionBasis.TIME.value, VersionBasis.FILE.value
    expected = {"one": (one, by_time), "two": (two, by_time), "read": (one, by_file), "else": (unknown, by_file)}
    assert await found() == expected
