"""``--json``: on every command that lists or reports, the same option, and one document on standard output."""

from __future__ import annotations

import json
import webbrowser
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from typer.main import get_command

from conftest import settings_for
from loopgraph.commands.app import app
from support.command import command, settings_of
from support.engines import EngineUnderTest
from support.engines.sources import embedded
from support.repositories import Repo
from support.service import Service, serving

TESTS = Path(__file__).resolve().parents[1]

WITHOUT = {
    "serve": "its log is JSON by a setting",
    "schema": "prints what it is asked for",
    "kafka schema": "prints what it is asked for",
    "completion": "prints what it is asked for",
    "query": "its answer is JSON in any case",
    "export table": "has formats of its own",
    "export series": "has formats of its own",
    "export lineage": "has formats of its own",
    "hooks install": "changes a file; `hooks status` reports",
    "hooks uninstall": "changes a file; `hooks status` reports",
    "mcp install": "changes a file; `mcp status` reports",
    "mcp uninstall": "changes a file; `mcp status` reports",
}

ELSEWHERE = {
    "apply": "commands/test_apply.py",
    "backup": "orchestrators/archive/test_backups.py",
    "copy": "orchestrators/archive/test_copying.py",
    "demo": "support/kept_demo.py",
    "import gepa": "commands/test_import_gepa.py",
    "letters drop": "commands/test_letters.py",
    "letters replay": "commands/test_letters.py",
    "letters show": "commands/test_letters.py",
    "loop cancel": "commands/test_loop.py",
    "loop run": "commands/test_loop.py",
    "loop show": "commands/test_loop.py",
    "pattern adopt": "commands/test_pattern.py",
    "pattern export": "commands/test_pattern_export.py",
    "pattern render": "clients/test_render.py",
    "restore": "orchestrators/archive/test_backups.py",
    "traces restore": "commands/test_traces.py",
    "traces tail": "commands/test_looking.py",
    "watch": "commands/test_watch.py",
}
"""Commands that need more than is here: the test that runs them with it."""


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """All commands that there are, by what is typed for them."""
    inner = getattr(group, "commands", None)
    if inner is None:
        yield " ".join(path), group
        return
    for name, one in inner.items():
        yield from commands(one, (*path, name))


ALL = dict(commands(get_command(app)))
WITH = {name: one for name, one in ALL.items() if any("--json" in option.opts for option in one.params)}
HERE = sorted(WITH.keys() - ELSEWHERE.keys())


def test_every_command_that_lists_or_reports_has_it() -> None:
    assert ALL.keys() - WITH.keys() == WITHOUT.keys()
    assert ELSEWHERE.keys() <= WITH.keys()


@pytest.mark.parametrize("name", sorted(WITH.keys() - {"demo"}))
def test_it_is_the_same_option_everywhere(name: str) -> None:
    [option] = [option for option in WITH[name].params if "--json" in option.opts]
    assert (option.help, option.opts) == ("Print JSON.", ["--json"])


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_what_is_run_elsewhere_is(name: str) -> None:
    text = (TESTS / ELSEWHERE[name]).read_text(encoding="utf-8")
    assert '"--json"' in text
    assert name.rsplit(maxsplit=1)[-1] in text


class World(NamedTuple):
    """What the commands are about."""

    service: Service
    engine: EngineUnderTest
    folder: Path
    repo: Path
    trace: str


@pytest.fixture(scope="module")
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineUnderTest]:
    """An engine of its own, because some commands go through all that is there."""
    with embedded(tmp_path_factory.mktemp("graph")) as engine:
        yield engine


@pytest.fixture(scope="module")
async def service(own_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(own_engine)) as running:
        yield running


@pytest.fixture
async def world(
    service: Service, own_engine: EngineUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    trace = uuid4().hex
    for path, event in (
        ("start", {"correlation_id": trace, "session_id": f"session-{trace}", "prompt_text": "Mend it"}),
        ("complete", {"correlation_id": trace, "status": "success"}),
    ):
        assert (await service.http.post(f"/api/traces/{path}", json=event)).status_code == 200
    repo = Repo(tmp_path / "repo")
    (repo.folder / "prompt.md").write_text(f"Mend it: {trace}\n")
    (repo.folder / "CLAUDE.md").write_text("Mend it.\n")
    repo.git("add", ".")
    repo.git("commit", "--quiet", "-m", "one")
    (tmp_path / "empty").mkdir()
    line = {"kind": "start", "correlation_id": f"loaded-{trace}"}
    (tmp_path / "events.ndjson").write_text(json.dumps(line) + "\n")
    monkeypatch.setattr(webbrowser, "open", lambda _: True)
    monkeypatch.chdir(repo.folder)
    return World(service, own_engine, tmp_path, repo.folder, trace)


async def arguments(name: str, world: World) -> list[str]:
    """What else is typed for a command, so that it has something to report."""
    match name:
        case "rate":
            return [world.trace, "-r", "4"]
        case "traces show":
            return [world.trace]
        case "outcomes report":
            return ["tests", "true", "--trace", world.trace, "--source", "ci"]
        case "outcomes git" | "import git":
            return [str(world.repo)]
        case "import claude-code" | "import codex" | "import gemini" | "import opencode":
            return [str(world.folder / "empty")]
        case "patterns scan":
            return [str(world.repo), "--no-user"]
        case "traces load":
            return [str(world.folder / "events.ndjson")]
        case "traces prune":
            return ["--older-than", "36500d", "--dry-run"]
        case "prices show":
            return ["gpt-4o"]
        case "tokens create":
            return [world.trace]
        case "tokens revoke":
            _, made, _ = await command("tokens", "create", world.trace, "--json", **settings_of(world.engine))
            return [json.loads(made)["token_id"]]
    return []


IMPORTS_NOTHING = dict.fromkeys(("import claude-code", "import codex", "import gemini", "import opencode"), 1)
MAY_COMPLAIN = {"mcp status": 1, "hooks status": 1, "analyst": 1, **IMPORTS_NOTHING}
"""Commands that have something to complain of here; what they found is printed all the same, but for `analyst`."""


@pytest.mark.lengthy
@pytest.mark.parametrize("name", HERE)
async def test_it_prints_one_document(name: str, world: World) -> None:
    environment = settings_of(world.engine) | {
        "HOME": str(world.folder),
        "XDG_DATA_HOME": str(world.folder / "data"),
        "LOOPGRAPH_URL": world.service.url,
        "LOOPGRAPH_EMBEDDING": "letters",
        "LOOPGRAPH_DEAD_LETTER_FOLDER": str(world.folder / "letters"),
    }
    code, told, problem = await command(*name.split(), *(await arguments(name, world)), "--json", **environment)
    if name == "analyst":  # of a server it says where users are made
        assert (code, told) == (1, "")
        return
    assert code == MAY_COMPLAIN.get(name, 0), problem
    found = json.loads(told)
    assert isinstance(found, dict | list)
    assert told == json.dumps(found, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.lengthy
async def test_a_list_tells_of_what_there_is(world: World) -> None:
    session = f"session-{world.trace}"
    _, told, _ = await command("traces", "list", "--session", session, "--json", LOOPGRAPH_URL=world.service.url)
    assert world.trace in [one["correlationId"] for one in json.loads(told)]
    # The newest are not all of this test: other modules on this engine have sessions of times to come.
    _, told, _ = await command("sessions", "--first", "500", "--json", LOOPGRAPH_URL=world.service.url)
    assert session in [one["sessionId"] for one in json.loads(told)]
    settings = settings_of(world.engine)
    _, told, _ = await command("traces", "load", str(world.folder / "events.ndjson"), "--json", **settings)
    assert json.loads(told) | {"seconds": 0} == {
        "lines": 1,
        "bytes": (world.folder / "events.ndjson").stat().st_size,
        "recorded": 1,
        "known": 0,
        "refused": 0,
        "seconds": 0,
    }
    _, told, _ = await command("import", "git", str(world.repo), "--json", **settings)
    assert json.loads(told)["commits"] == 1
