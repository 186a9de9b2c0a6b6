"""What became of commits, told from real repositories and from what git printed when the commits were made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loopgraph.contracts.loop.commits import CommitStep, CommitTie, OutcomeOfCommits, TieRule
from loopgraph.effects.git.commits import CommitReads
from loopgraph.effects.git.repository import GitRepository
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.loop.commit_outcomes import commit_outcomes
from support.repositories import A, B, C, Repo

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Work:
    """A repository, and the steps of agents that commit in it."""

    def __init__(self, folder: Path) -> None:
        self.repo = Repo(folder)
        self.repo.commit("begin", readme="hello")
        self.steps: list[CommitStep] = []

    def commit(self, trace: str, message: str, *options: str, quiet: bool = False, **files: str) -> str:
        """A commit by a step of a trace, which prints what git prints; its sha."""
        for name, content in files.items():
            self.repo.write(name, content)
        self.repo.git("add", "--all")
        output = self.repo.git("commit", *(["--quiet"] if quiet else []), "--message", message, *options)
        made = datetime.fromtimestamp(int(self.repo.git("show", "-s", "--format=%ct")), UTC)
        step = CommitStep(f"{trace}-{len(self.steps)}", trace, output, True, made - timedelta(seconds=5), made)
        self.steps.append(step)
        return self.repo.git("rev-parse", "HEAD")

    async def told(self, main: str = "main") -> tuple[list[CommitTie], dict[str, dict[str, bool | None]]]:
        async with GitRepository(self.repo.folder) as repository:
            made, found = await commit_outcomes(CommitReads(repository), self.steps, main, LONG_AGO)
        return made, _by_trace(found)

    async def evidence(self, trace: str) -> tuple[TieRule, str]:
        """On what the outcomes of a trace rest."""
        async with GitRepository(self.repo.folder) as repository:
            _, found = await commit_outcomes(CommitReads(repository), self.steps, "main", LONG_AGO)
        return next((one.rule, one.evidence) for one in found if one.correlation_id == trace)

    async def of(self, trace: str) -> set[str]:
        """The outcomes of a trace that hold."""
        _, found = await self.told()
        return {name for name, holds in found[trace].items() if holds}


def _by_trace(found: list[OutcomeOfCommits]) -> dict[str, dict[str, bool | None]]:
    traces: dict[str, dict[str, bool | None]] = {}
    for one in found:
        traces.setdefault(one.correlation_id, {})[one.name] = one.holds
    return traces


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path / "repo")


@pytest.mark.lengthy
async def test_a_printed_hash_ties_a_commit_to_its_step(work: Work) -> None:
    sha = work.commit("t", "add a", a=A)
    [tie], found = await work.told()
    assert (tie.sha, tie.step.execution_id, tie.rule) == (sha, "t-0", TieRule.OUTPUT)
    assert found == {"t": {"merged": True, "survived": True, "reverted": False, "lost": False, "fixed_up": False}}


@pytest.mark.lengthy
async def test_a_quiet_commit_is_tied_by_its_time_alone(work: Work) -> None:
    sha = work.commit("t", "add a", quiet=True, a=A)
    [tie], _ = await work.told()
    assert (tie.sha, tie.rule) == (sha, TieRule.TIME)
    work.steps.append(work.steps[0]._replace(execution_id="at once", correlation_id="other"))
    assert await work.told() == ([], {})


@pytest.mark.lengthy
async def test_a_hash_of_another_repository_ties_nothing(work: Work) -> None:
    work.commit("t", "add a", a=A)
    work.steps[0] = work.steps[0]._replace(output="[main 0123456] add a\n 1 file changed")
    assert await work.told() == ([], {})


@pytest.mark.lengthy
async def test_a_branch_is_open_until_it_is_merged(work: Work) -> None:
    work.repo.git("checkout", "--quiet", "-b", "topic")
    work.commit("t", "add a", a=A)
    _, found = await work.told()
    assert found["t"] == {"merged": False, "survived": None, "reverted": False, "lost": False, "fixed_up": False}
    work.repo.git("checkout", "--quiet", "main")
    work.repo.git("merge", "--quiet", "--no-ff", "-m", "a merge", "topic")
    assert await work.of("t") == {"merged", "survived"}


@pytest.mark.lengthy
async def test_a_revert_and_the_revert_of_it(work: Work) -> None:
    work.commit("t", "add a", a=A)
    work.repo.git("revert", "--no-edit", "HEAD")
    assert await work.of("t") == {"merged", "reverted"}
    _, found = await work.told()
    assert found["t"]["survived"] is False
    work.repo.git("revert", "--no-edit", "HEAD")
    assert await work.of("t") == {"merged", "survived"}


@pytest.mark.lengthy
async def test_a_commit_that_nothing_leads_to_is_lost(work: Work) -> None:
    work.commit("t", "add a", a=A)
    work.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    assert await work.of("t") == {"lost"}
    _, found = await work.told()
    assert found["t"]["survived"] is False


@pytest.mark.lengthy
async def test_an_amended_and_a_rebased_commit_live_on(work: Work) -> None:
    work.commit("t", "add a", a=A)
    work.repo.write("a", B)
    work.repo.git("add", "--all")
    work.repo.git("commit", "--quiet", "--amend", "--no-edit")
    assert await work.of("t") == {"merged", "survived"}
    work.repo.git("revert", "--no-edit", "HEAD")
    assert await work.of("t") == {"merged", "reverted"}

    work.repo.git("checkout", "--quiet", "-b", "topic", "HEAD~1")
    work.commit("u", "add c", c=C)
    work.repo.git("rebase", "--quiet", "main")
    work.repo.git("checkout", "--quiet", "main")
    work.repo.git("merge", "--quiet", "--ff-only", "topic")
    assert await work.of("u") == {"merged", "survived"}


@pytest.mark.lengthy
async def test_the_same_change_in_another_commit_is_merged(work: Work) -> None:
    work.repo.git("checkout", "--quiet", "-b", "topic")
    work.commit("t", "add a", a=A)
    work.repo.git("checkout", "--quiet", "main")
    work.repo.commit("add a, by somebody else", a=A)
    assert await work.of("t") == {"merged", "survived"}


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("branch", ["there", "gone"])
async def test_what_is_squashed_is_merged_if_the_whole_branch_is(work: Work, branch: str) -> None:
    """Also where others have worked on the main branch meanwhile; what becomes of the squash becomes of each."""
    work.repo.git("checkout", "-q", "-b", "topic")
    work.commit("one", "add a", a=A)
    work.commit("two", "add b", b=B)
    assert (await work.told())[1]["one"]["survived"] is None
    work.repo.git("checkout", "-q", "main")
    work.repo.commit("something else", other="else")
    work.repo.git("merge", "--quiet", "--squash", "topic")
    work.repo.git("commit", "--quiet", "--message", "Add both (#1)")
    if branch == "gone":
        work.repo.git("branch", "-q", "-D", "topic")
    for trace in ("one", "two"):
        assert await work.of(trace) == {"merged", "survived"}
    _, evidence = await work.evidence("one")
    assert "squashed into" in evidence
    work.repo.git("revert", "--no-edit", "HEAD")
    for trace in ("one", "two"):
        assert await work.of(trace) == {"merged", "reverted"}


@pytest.mark.lengthy
async def test_what_is_squashed_with_other_changes_is_not_taken_for_merged(work: Work) -> None:
    work.repo.git("checkout", "-q", "-b", "topic")
    work.commit("one", "add a", a=A)
    work.repo.git("checkout", "-q", "main")
    work.repo.git("merge", "--quiet", "--squash", "topic")
    work.repo.write("more", "more")
    work.repo.git("add", "--all")
    work.repo.git("commit", "--quiet", "--message", "Add a, and more")
    assert await work.of("one") == set()


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("indent", "found"), [("    ", {"merged", "survived"}), ("\t", set()), ("  ", set()), ("    \n    ", set())]
)
async def test_what_differs_by_white_space_alone_is_another_change(work: Work, indent: str, found: set[str]) -> None:
    """Of Python it is: only what says the same to the last blank is what the branch was squashed into."""
    work.repo.git("checkout", "-q", "-b", "topic")
    work.commit("one", "add a", a="def f():\n    return 1\n")
    work.commit("two", "add b", b=B)
    work.repo.git("checkout", "-q", "main")
    work.repo.commit("Add both (#1)", a=f"def f():\n{indent}return 1\n", b=B)
    assert [await work.of(trace) for trace in ("one", "two")] == [found, found]


@pytest.mark.lengthy
@pytest.mark.parametrize("said", ["fixup! add a", "repair a\n\nFixes: {sha}"])
async def test_a_later_commit_that_says_that_it_fixes_it(work: Work, said: str) -> None:
    sha = work.commit("t", "add a", a=A)
    work.repo.commit(said.format(sha=sha[:12]), a=B)
    assert await work.of("t") == {"merged", "survived", "fixed_up"}


@pytest.mark.lengthy
async def test_of_several_commits_all_have_to_be_merged(work: Work) -> None:
    work.commit("t", "add a", a=A)
    work.repo.git("checkout", "--quiet", "-b", "topic")
    work.commit("t", "add b", b=B)
    work.repo.git("checkout", "--quiet", "main")
    assert await work.of("t") == set()
    _, found = await work.told()
    assert found["t"]["survived"] is None


@pytest.mark.lengthy
async def test_which_branch_is_the_main_one(work: Work, tmp_path: Path) -> None:
    work.repo.git("branch", "-m", "main", "develop")
    async with GitRepository(work.repo.folder) as repository:
        with pytest.raises(InvalidInput, match="name its main branch"):
            await CommitReads(repository).main_name()
        assert await CommitReads(repository).folders() == [str(work.repo.folder)]
        work.repo.git("branch", "master")
        assert await CommitReads(repository).main_name() == "master"
    work.commit("t", "add a", a=A)
    with pytest.raises(InvalidInput, match="names no commit"):
        await work.told("nothing-here")
    assert (await work.told("develop"))[1]["t"]["merged"] is True
