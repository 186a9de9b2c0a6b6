"""``loopgraph apply`` as a user runs it, on skills in real repositories."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import settings_for
from loopgraph.commands.app import app
from loopgraph.commands.apply import _print_patch
from loopgraph.contracts.loop.feedback import LoopInput, NewImprovement
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from support.engines import EngineUnderTest
from support.feedback import TESTER, Subject
from support.quick import first_quick
from support.repositories import Repo
from support.scanning import skill

SKILL = ".claude/skills/triage/SKILL.md"


def run(*words: str, code: int = 0) -> str:
    """What is printed. ``code`` 2: what was given is wrong; 1: what it is about does not allow it."""
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output
    return result.output


@dataclass
class Place:
    """A repository with one skill, which is known to the graph."""

    repo: Repo
    engine: EngineUnderTest
    body: str

    @property
    def file(self) -> Path:
        return self.repo.folder / SKILL

    def improve(self, body: str, *, apply: bool = True) -> str:
        """The id of an improvement of the skill's body, which a reviewer has approved."""

        async def work() -> str:
            async with Graph.open(settings_for(self.engine)) as graph:
                found = await _pattern(graph, self.body)
                loop = FeedbackLoop(graph)
                new = NewImprovement(pattern_id=found, template_code=body, description="read it twice")
                improvement = await loop.propose_improvement(new, TESTER)
                wanted = LoopInput(pattern_id=found, enable_ab_testing=False)
                subject = Subject(graph, found, improvement.base_node_id)
                await subject.advance(await loop.start(wanted, TESTER))
                if apply:
                    await loop.approve_improvement(improvement.improvement_id, TESTER, "it is clearer")
                return improvement.improvement_id

        return asyncio.run(work())

    def say(self, statement: str, **parameters: object) -> None:
        """Changes the graph, as a client could that is trusted with patterns and not with files."""

        async def work() -> None:
            async with Graph.open(settings_for(self.engine)) as graph:
                await graph.run_alone(statement, {"pattern_id": await _pattern(graph, self.body), **parameters})

        asyncio.run(work())

    def lead_to(self, path: str, *folders: Path) -> None:
        """Lets the graph say that the skill is written in another file."""
        metadata = json.dumps({"path": path, "folders": [str(folder) for folder in folders]})
        for each in ("(n:Pattern {pattern_id: $pattern_id})", "(n:PatternVersion {pattern_id: $pattern_id})"):
            self.say(f"MATCH {each} SET n.metadata = $metadata", metadata=metadata)


async def _pattern(graph: Graph, body: str) -> str:
    from loopgraph.contracts.lineage.bodies import body_digest
    from loopgraph.effects.lineage.definitions import DefinitionReads

    digest = body_digest(body)
    [version] = (await DefinitionReads(graph).versions_of_bodies([digest]))[digest]
    return version.pattern_id


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded_engine: EngineUnderTest) -> Place:
    for name in ("url", "user", "password", "database"):
        monkeypatch.setenv(f"LOOPGRAPH_GRAPH_{name.upper()}", str(getattr(embedded_engine, name)))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    repo = Repo(tmp_path / "proj")
    body = f"# Triage\nRead it. {new_id()}\nSort it.\n"
    repo.write(SKILL, skill("triage", body))
    (repo.folder / SKILL).chmod(0o755)
    repo.commit("a skill")
    run("patterns", "scan", "--no-user", str(repo.folder))
    monkeypatch.chdir(repo.folder / ".claude")
    return Place(repo, embedded_engine, body)


@pytest.mark.lengthy
def test_what_is_applied_is_told_to_programs(place: Place) -> None:
    improvement = place.improve(place.body.replace("Read it.", "Read it twice."))
    looked = json.loads(run("apply", improvement, "--json"))
    assert (looked["file"], looked["changed"], "backup" in looked) == (str(place.file), True, False)
    assert "+Read it twice." in looked["patch"]
    written = json.loads(run("apply", improvement, "--write", "--json"))
    assert "Read it twice." in place.file.read_text()
    assert Path(written["backup"]).read_text() != place.file.read_text()


@pytest.mark.lengthy
def test_a_patch_is_what_git_applies(place: Place) -> None:
    body = place.body.replace("Read it.", "Read it twice.")
    improvement_id = place.improve(body, apply=False)
    before = place.file.read_bytes()
    patch = run("apply", improvement_id)
    assert patch == run("apply", improvement_id, "--patch")
    assert patch.startswith(f"diff --git a/{SKILL} b/{SKILL}\n")
    assert place.file.read_bytes() == before, "nothing is written"
    refused = run("apply", improvement_id, "--write", code=2)
    assert "is awaiting_review, and only what is applied is written" in " ".join(refused.split())
    assert place.file.read_bytes() == before
    place.repo.git("apply", "-", stdin=patch.encode())
    assert place.file.read_bytes() == before.replace(b"Read it.", b"Read it twice.")
    assert "says that already" in " ".join(run("apply", improvement_id).split())


@pytest.mark.parametrize("terminal", [True, False])
def test_a_patch_moves_no_cursor_of_a_terminal(capfdbinary: pytest.CaptureFixture[bytes], terminal: bool) -> None:
    _print_patch("+\ta\x1b]0;title\x07b\r\n", terminal=terminal)
    written = capfdbinary.readouterr().out
    assert written == (rb"+	a\x1b]0;title\x07b\r" + b"\n" if terminal else b"+\ta\x1b]0;title\x07b\r\n")


@pytest.mark.lengthy
def test_a_file_is_written_in_place_with_its_ends_of_lines_and_mode(place: Place) -> None:
    place.file.write_bytes(place.file.read_bytes().replace(b"\n", b"\r\n"))
    place.file.chmod(0o640)
    before = place.file.read_bytes()
    improvement_id = place.improve(place.body.replace("Sort it.", "Sort it twice."))
    said = run("apply", improvement_id, "--write")
    assert "is version 2 now" in said
    assert place.file.read_bytes() == before.replace(b"Sort it.", b"Sort it twice.")
    assert place.file.stat().st_mode & 0o777 == 0o640
    [backup] = [
        one for one in (place.file.parents[4] / "data" / "loopgraph" / "backups").iterdir() if one.suffix == ".md"
    ]
    assert backup.read_bytes() == before
    assert [one.name for one in place.file.parent.iterdir()] == ["SKILL.md"]
    assert place.repo.git("status", "--short") == f"M {SKILL}"


@pytest.mark.lengthy
def test_a_file_that_somebody_has_changed_is_left_alone(place: Place) -> None:
    improvement_id = place.improve(place.body.replace("Sort it.", "Sort it twice."))
    place.file.write_text(place.file.read_text() + "And more.\n")
    before = place.file.read_bytes()
    for way in (["--patch"], ["--write"], ["--branch", "improved"]):
        said = " ".join(run("apply", improvement_id, *way, code=1).split())
        assert "is not what version 1 was: somebody has changed it since" in said
    assert place.file.read_bytes() == before
    assert place.repo.git("branch", "--list", "improved") == ""


@pytest.mark.lengthy
def test_a_branch_has_one_commit_with_the_proof_and_nothing_else_is_touched(place: Place) -> None:
    body = place.body.replace("Sort it.", "Sort it twice.")
    improvement_id = place.improve(body)
    place.repo.write("other.txt", "being worked on")
    place.repo.git("add", "other.txt")
    before = place.repo.git("status", "--short"), place.repo.git("rev-parse", "HEAD"), place.file.read_bytes()
    said = run("apply", improvement_id, "--branch", "improve/triage")
    assert said.startswith("improve/triage: ")
    assert (place.repo.git("status", "--short"), place.repo.git("rev-parse", "HEAD"), place.file.read_bytes()) == before
    assert place.repo.git("branch", "--show-current") == "main"
    assert place.repo.git("diff", "--name-only", "main", "improve/triage") == SKILL
    assert place.repo.git("rev-list", "--count", "main..improve/triage") == "1"
    assert place.repo.git("show", f"improve/triage:{SKILL}") == skill("triage", body).strip()
    assert place.repo.git("ls-tree", "improve/triage", SKILL).startswith("100755 blob ")
    message = place.repo.git("log", "-1", "--format=%B", "improve/triage")
    assert message.startswith("triage: read it twice\n\nDecision: review (ab_testing_disabled) by loop")
    assert "Decision: apply (reviewed) by tester" in message
    assert "Note: it is clearer" in message
    assert f"Improvement: {improvement_id}, proposed by user" in message
    again = " ".join(run("apply", improvement_id, "--branch", "improve/triage", code=1).split())
    assert "is there already" in again
    assert "git refuses" in run("apply", improvement_id, "--branch", "no..name", code=2)
    place.repo.git("checkout", "--quiet", "improve/triage")
    assert "wants already" in " ".join(run("apply", improvement_id, "--branch", "another", code=1).split())


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_what_cannot_be_applied_says_why(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no Improvement" in run("apply", "nothing-here", code=1)
    improvement_id = place.improve(place.body.replace("Sort it.", "Sort it twice."))
    assert "is one way to apply it" in run("apply", improvement_id, "--write", "--branch", "b", code=2)
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.chdir(outside)
    assert run("apply", improvement_id).startswith("diff --git"), "it is found where it was scanned"
    copy = outside / "SKILL.md"
    copy.write_bytes(place.file.read_bytes())
    assert "is in no repository" in " ".join(
        run("apply", improvement_id, "--branch", "b", "--file", str(copy), code=2).split()
    )
    run("apply", improvement_id, "--write", "--file", str(copy))
    assert "Sort it twice." in copy.read_text()
    place.file.unlink()
    said = " ".join(run("apply", improvement_id, code=2).split())
    assert f"--file: is needed: {SKILL} is not in" in said


@pytest.mark.lengthy
@pytest.mark.parametrize("path", first_quick(["../victim/rc", "absolute", ".git/rc", ".claude/../../victim/rc"]))
def test_a_path_that_leads_out_of_the_repository_is_refused(place: Place, tmp_path: Path, path: str) -> None:
    improvement_id = place.improve(place.body.replace("Sort it.", "Sort it twice."))
    victim = (place.repo.folder / path if ".git/" in path else tmp_path / "victim/rc").resolve()
    victim.parent.mkdir(exist_ok=True)
    before = place.file.read_bytes()
    victim.write_bytes(before)
    place.lead_to(str(victim) if path == "absolute" else path)
    for way in ("--patch", "--write"):
        said = " ".join(run("apply", improvement_id, way, code=2).split())
        assert "which no path in a repository is" in said
    assert (victim.read_bytes(), place.file.read_bytes()) == (before, before)
    run("apply", improvement_id, "--write", "--file", str(victim))
    assert b"Sort it twice." in victim.read_bytes()


@pytest.mark.lengthy
def test_a_link_that_leads_out_of_the_repository_is_refused(place: Place, tmp_path: Path) -> None:
    improvement_id = place.improve(place.body.replace("Sort it.", "Sort it twice."))
    victim = tmp_path / "rc"
    before = place.file.read_bytes()
    place.file.rename(victim)
    place.file.symlink_to(victim)
    said = " ".join(run("apply", improvement_id, "--write", code=2).split())
    assert f"leads to {victim}, which is outside of {place.repo.folder}" in said
    assert victim.read_bytes() == before
    run("apply", improvement_id, "--write", "--file", str(place.file))
    assert b"Sort it twice." in victim.read_bytes()


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_a_folder_that_the_graph_names_is_read_and_not_written(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    improvement_id = place.improve(place.body.replace("Sort it.", "Sort it twice."))
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = outside / "rc"
    before = place.file.read_bytes()
    victim.write_bytes(before)
    place.lead_to("rc", outside)
    assert run("apply", improvement_id).startswith("diff --git")
    for way in (["--write"], ["--branch", "b"]):
        said = " ".join(run("apply", improvement_id, *way, code=2).split())
        assert f"{victim} is outside of the current repository or folder" in said
    assert victim.read_bytes() == before
    monkeypatch.chdir(outside)
    run("apply", improvement_id, "--write")
    assert b"Sort it twice." in victim.read_bytes()


@pytest.mark.lengthy
def test_what_was_rolled_back_is_not_carried_to_a_file(place: Place) -> None:
    improvement_id = place.improve(place.body.replace("Sort it.", "Sort it twice."))
    place.say("MATCH (i:Improvement {improvement_id: $id}) SET i.status = 'rolled_back'", id=improvement_id)
    before = place.file.read_bytes()
    for way in (["--patch"], ["--write"], ["--branch", "b"]):
        said = " ".join(run("apply", improvement_id, *way, code=2).split())
        assert f"{improvement_id} was rolled back" in said
        assert "Propose it again" in said
        assert "diff --git" not in said
    assert place.file.read_bytes() == before
