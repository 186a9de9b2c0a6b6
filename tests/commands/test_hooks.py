"""``loopgraph hooks``: as a user runs it, and what the agent client then does with it, the service killed in between."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from typer.testing import CliRunner

from conftest import settings_for
from loopgraph.clients.hook_shim import PATH
from loopgraph.clients.hook_spool import Spool
from loopgraph.commands import service_options
from loopgraph.commands.app import app
from loopgraph.effects.clock import new_id
from loopgraph.effects.engine.embedded import free_ports
from loopgraph.installer.agent_settings import EVENTS
from loopgraph.orchestrators.access import remembering
from support.access import MAKER, team
from support.command import settings_of
from support.engines import EngineUnderTest
from support.process import service
from support.quick import first_quick
from support.service import listening, serving
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

Json = dict[str, Any]
Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home, who is in an empty project of theirs."""
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in [name for name in os.environ if name.startswith(("LOOPGRAPH_", "XDG_"))]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def hooks(home: Path) -> Run:
    def run(*arguments: str, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["hooks", *arguments])
        assert result.exit_code == exit_code, result.output
        return result

    return run


def test_install_twice_and_uninstall(home: Path, hooks: Run) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    theirs = json.dumps(
        {"model": "opus", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "beep"}]}]}}, indent=4
    )
    path.write_text(theirs)

    told = hooks("install", "--url", "http://box.example:9000/", "--token-env", "MY_TOKEN", "--otel").stdout
    assert f"hooks for {len(EVENTS)} events go to http://box.example:9000\n" in told
    settings = json.loads(path.read_text())
    assert list(settings) == ["model", "hooks", "env"]
    assert settings["hooks"]["Stop"][0] == {"hooks": [{"type": "command", "command": "beep"}]}
    assert settings["hooks"]["Stop"][1]["hooks"][0]["url"].startswith("http://box.example:9000/api/hooks/claude-code?")
    assert settings["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://box.example:9000"
    [shim] = settings["hooks"]["SessionStart"][0]["hooks"]
    assert Path(shim["command"].split()[0]).is_file(), "the agent's PATH is not ours"
    [backup] = path.parent.glob("settings.json.*.bak")
    assert backup.read_text() == theirs

    after = path.read_bytes()
    again = hooks("install", "--url", "http://box.example:9000", "--token-env", "MY_TOKEN", "--otel").stdout
    assert again == f"{path}: nothing to change\n"
    assert path.read_bytes() == after
    assert list(path.parent.glob("settings.json.*.bak")) == [backup]

    assert hooks("uninstall").stdout == f"{path}: our hooks are out\n"
    assert path.read_text() == theirs
    assert list(path.parent.iterdir()) == [path], "no backup is needed any more"
    assert "nothing to change" in hooks("uninstall").stdout


def test_the_address_of_the_environment_is_taken_where_none_is_given(
    home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPGRAPH_URL", "http://box.example:9000/")
    assert "events of Codex go to http://box.example:9000\n" in hooks("install", "--client", "codex").stdout
    assert "go to http://here.example\n" in hooks("install", "--url", "http://here.example").stdout
    monkeypatch.setenv("LOOPGRAPH_URL", "box.example:9000")
    assert "LOOPGRAPH_URL: 'box.example:9000' is not an address" in hooks("install", exit_code=2).output


@pytest.mark.exhaustive
@pytest.mark.parametrize("scope", ["--user", "--project", "--local"])
def test_nothing_is_left_where_nothing_was(home: Path, hooks: Run, scope: str) -> None:
    hooks("install", scope)
    hooks("install", scope, "--durable", "--otel")
    hooks("install", scope, "--url", "http://box.example:9000")
    hooks("uninstall", scope)
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_a_backup_that_holds_more_than_our_hooks_stays_and_is_told(home: Path, hooks: Run) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    laid_out = '{\n  "list": [1, 2]\n}\n'
    path.write_text(laid_out)
    hooks("install")
    [first] = path.parent.glob("*.bak")
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**settings, "model": "opus"}, indent=2) + "\n")
    hooks("install", "--durable")
    path.write_text(json.dumps({**json.loads(path.read_text()), "model": "haiku"}, indent=2) + "\n")
    alien = path.with_name("settings.json.mine.bak")
    alien.write_text("{}")
    told = hooks("uninstall").stdout
    kept = sorted(set(path.parent.glob("*.bak")) - {alien})
    assert told == f"{path}: our hooks are out\n" + "".join(f"backup: {backup}\n" for backup in kept)
    assert kept[0] == first
    assert first.read_text() == laid_out, "nothing else says how it was laid out"
    assert [json.loads(backup.read_text()).get("model") for backup in kept] == [None, "opus"]
    assert alien.exists()
    assert json.loads(path.read_text()) == {"list": [1, 2], "model": "haiku"}


def test_a_file_behind_a_link_stays(home: Path, hooks: Run) -> None:
    path, real = home / ".claude" / "settings.json", home / "dotfiles.json"
    path.parent.mkdir()
    path.symlink_to(real)
    hooks("install")
    hooks("uninstall")
    assert (path.is_symlink(), real.read_text()) == (True, "{}\n")


def test_each_scope_has_its_file(home: Path, hooks: Run) -> None:
    hooks("install", "--project")
    hooks("install", "--local", "--durable")
    shared = json.loads((home / "project" / ".claude" / "settings.json").read_text())
    assert shared["hooks"]["Setup"][0]["hooks"][0]["command"].split()[0] == "loopgraph-hook", "others have it elsewhere"
    local = json.loads((home / "project" / ".claude" / "settings.local.json").read_text())
    assert {groups[0]["hooks"][0]["type"] for groups in local["hooks"].values()} == {"command"}
    assert not (home / ".claude").exists()
    assert "choose one of them" in hooks("install", "--project", "--local", exit_code=2).stderr


@pytest.mark.exhaustive
def test_a_shim_that_cannot_be_found_is_told(home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hooks("install", "--project").stderr == ""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert subprocess.run(["/bin/sh", "-c", "loopgraph-hook"], check=False, capture_output=True).returncode == 127
    told = f"loopgraph-hook is not on the PATH: put {Path(sys.executable).parent} on it"
    warned = hooks("install", "--project").stderr
    assert warned.startswith(f"✗ {told}")
    assert "--local" in warned
    path = home / "project" / ".claude" / "settings.json"
    first, *rest = hooks("status", exit_code=1).output.splitlines()
    assert first.startswith(f"✗ the hooks do not all run: {path}: {told}")
    assert told not in "".join(rest), "it is not said twice"
    hooks("uninstall", "--project")

    assert hooks("install", "--local").stderr == "", "the whole path needs no PATH"
    path = path.with_name("settings.local.json")
    shim = home / "bin" / "loopgraph-hook"
    path.write_text(path.read_text().replace(str(Path(sys.executable).with_name("loopgraph-hook")), str(shim)))
    gone = f"✗ the hooks do not all run: {path}: {shim} cannot be run: install the hooks again\n"
    assert hooks("status", exit_code=1).stdout.startswith(gone)
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\n")
    assert hooks("status", exit_code=1).stdout.startswith(gone), "it is there, but no program"
    shim.chmod(0o755)
    assert hooks("status", exit_code=1).stdout.startswith("✗ the service at ")


def test_telemetry_is_offered_until_it_is_set(hooks: Run) -> None:
    offered = hooks("install").stdout
    assert "  export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:8053\n" in offered
    assert "  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n" in offered
    assert "export" not in hooks("install", "--otel").stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--url", "localhost:8053"], "--url: 'localhost:8053' is not an address"),
        (["--url", "http://a:99999"], "is not an address"),
        (["--token-env", "s3cr-et"], "is not the name of a variable"),
    ],
)
def test_a_wrong_option_is_refused_and_changes_nothing(
    home: Path, hooks: Run, arguments: list[str], problem: str
) -> None:
    assert problem in hooks("install", *arguments, exit_code=2).stderr
    assert not (home / ".claude").exists()


def test_a_malformed_file_is_refused_and_left_alone(home: Path, hooks: Run) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"hooks": ')
    for command, code in (("install", 2), ("uninstall", 2), ("status", 1)):  # status looks at all files
        assert hooks(command, exit_code=code).output.count("is not JSON (line 1, column 11") == 1
    path.write_text('{"hooks": {"Stop": "beep"}}')
    assert "hooks.Stop: must be a list" in hooks("install", exit_code=2).stderr
    assert path.read_text() == '{"hooks": {"Stop": "beep"}}'


def test_status_tells_what_is_there(home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOPGRAPH_HOOK_SPOOL", str(home / "spool"))
    url = f"http://127.0.0.1:{free_ports(None)[0]}"
    told = hooks("status", exit_code=1).stdout
    assert told.startswith("✗ no hooks are installed: `loopgraph hooks install` does it\n")
    assert f"no hooks in {home / '.claude/settings.json'}, " in told
    hooks("install", "--url", url)
    assert hooks("status", exit_code=1).stdout.startswith(f"✗ the service at {url} does not answer (")
    spool = Spool(home / "spool", url)
    spool.put(1, "id", b"{}")
    spool.count_drop("full")
    told = hooks("status", exit_code=1).stdout
    assert told.partition("\n")[0].endswith("; 1 event waits")
    assert f"hooks for {len(EVENTS)} of {len(EVENTS)} events" in told
    by_http = f"{len(EVENTS) - 2} events: {url}/api/hooks/claude-code"
    assert told.count(by_http) == told.count("Setup, SessionStart: ") == 1, "what goes to one place is told once"
    assert told.count("does not answer") == 1
    assert f"spool for {url}: 1 event waits, 2 bytes, 1 dropped (full)" in told
    flushed = hooks("flush", exit_code=1)
    assert "0 sent, 0 refused, 1 still waits" in flushed.stdout
    assert "✗ 1 event: not reached: [Errno" in flushed.stderr


@pytest.mark.exhaustive
async def test_the_first_line_of_status_is_the_conclusion(
    home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPGRAPH_HOOK_SPOOL", str(home / "spool"))
    healthy = 500

    async def first_line(exit_code: int = 1) -> str:
        return (await asyncio.to_thread(hooks, "status", exit_code=exit_code)).stdout.partition("\n")[0]

    async def health(_: Request) -> Response:
        return Response(status_code=healthy)

    async with listening(Starlette(routes=[Route("/readyz", health)])) as url:
        await asyncio.to_thread(hooks, "install", "--url", url)
        assert await first_line() == f"✗ the service at {url} answers with HTTP 500"
        healthy = 200
        assert await first_line(0) == "✓ the hooks are installed and the service answers"
        await asyncio.to_thread(hooks, "install", "--project", "--url", url)
        told = (await asyncio.to_thread(hooks, "status")).stdout
        assert told.partition("\n")[0].endswith("; they are installed 2 times, and each event counts once")
        assert f"installed 2 times, in {home / '.claude/settings.json'}, " in told
        await asyncio.to_thread(hooks, "uninstall", "--project")
        assert await first_line(0) == "✓ the hooks are installed and the service answers"
        spool = Spool(home / "spool", url)
        spool.put(1, "id", b"{}")
        assert (
            await first_line(0)
            == "✓ the hooks are installed and the service answers; 1 event waits: `loopgraph hooks flush` sends it now"
        )
        elsewhere = Spool(home / "spool", "http://gone.example")
        for number in range(2):
            elsewhere.put(number, "id", b"{}")
        assert await first_line(0) == (
            f"✓ the hooks are installed and the service answers; 1 event waits for {url}; 2 events wait for {elsewhere.url}, "
            "to which no hooks go: `loopgraph hooks flush` sends each to its address, with `--url` all to one"
        )
        elsewhere.send(lambda *_: True)
        spool.send(lambda *_: False, accepts=True)
        assert await first_line() == (
            "✗ the hooks are installed and the service answers; 1 event was refused: "
            "`loopgraph hooks flush --refused` tells why, `loopgraph hooks drop-refused` drops them"
        )
        spool.send_refused(lambda *_: True)
        spool.put(1, "id", b"{}")
        spool.tell_barred("HTTP 401")
        assert await first_line() == (
            f"✗ the service at {url} takes no event from here (HTTP 401): the token or the address is wrong; 1 event waits"
        )
        path = home / ".claude" / "settings.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "disableAllHooks": True}))
        assert (await first_line()).startswith(f"✗ the hooks do not all run: {path}: disableAllHooks is true")


@pytest.mark.parametrize("status", [401, 403, 404, 422])
async def test_flush_sends_what_waits_and_if_wanted_what_was_refused_and_says_why_it_is(
    home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("LOOPGRAPH_HOOK_SPOOL", str(home / "spool"))
    strict = True

    async def door(request: Request) -> Response:
        if not strict or await request.body() != b"1":
            return Response(status_code=200)
        return JSONResponse(
            {"error": {"code": "X", "field": "session_id", "message": "is \n wrong"}}, status_code=status
        )

    async with listening(Starlette(routes=[Route(PATH, door, methods=["POST"])])) as url:
        spool = Spool(home / "spool", url)
        for number in range(3):
            spool.put(number, f"id{number}", str(number).encode())
        spool.tell_barred("HTTP 403")
        told = await asyncio.to_thread(hooks, "flush", exit_code=1)
        assert f"{url}: 2 sent, 1 refused, 0 still wait" in told.stdout
        assert told.stderr == f"✗ 1 event: HTTP {status}: session_id: is   wrong\n"
        assert spool.barred() is None, "it takes events"
        told = await asyncio.to_thread(hooks, "status", exit_code=1)
        assert f"spool for {url}: 0 events wait, 0 bytes" in told.stdout
        assert "1 event was refused, 1 byte" in told.stdout
        assert "`loopgraph hooks flush --refused` sends them again" in told.stdout
        told = await asyncio.to_thread(hooks, "flush", "--refused", exit_code=1)
        assert f"{url}: 0 sent, 1 refused, 0 still wait" in told.stdout
        assert f"HTTP {status}: session_id: is   wrong" in told.stderr
        strict = False
        told = await asyncio.to_thread(hooks, "flush", "--refused")
        assert f"{url}: 1 sent, 0 refused, 0 still wait" in told.stdout


async def test_status_tries_what_the_hooks_and_telemetry_show(
    embedded_engine: EngineUnderTest, home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPGRAPH_HOOK_SPOOL", str(home / "spool"))
    monkeypatch.setattr(remembering, "REMEMBERED_S", 0.0)
    headers = "OTEL_EXPORTER_OTLP_HEADERS"

    async def told(*arguments: str, exit_code: int = 1) -> str:
        return (await asyncio.to_thread(hooks, *arguments, exit_code=exit_code)).output

    async def first_line(exit_code: int = 1) -> str:
        return (await told("status", exit_code=exit_code)).partition("\n")[0]

    async with team(settings_for(embedded_engine)) as office:
        url = office.service.url
        refused = f"✗ the service at {url} takes no event from here: "
        token, secret = await office.token(f"ann-{new_id()[-6:]}")
        await told("install", "--url", url, "--durable", exit_code=0)
        assert await first_line() == f"{refused}it wants a token, and none is shown: LOOPGRAPH_TOKEN is not set"
        await told("install", "--url", url, exit_code=0)
        assert await first_line() == f"{refused}it wants a token, and none is shown; install the hooks with --token-env"
        given = ("install", "--url", url, "--token-env", "MY_TOKEN", "--otel")
        assert f"export {headers}=Authorization=Bearer%20$MY_TOKEN\n" in await told(*given, exit_code=0)
        assert await first_line() == f"{refused}it wants a token, and none is shown: MY_TOKEN is not set"
        monkeypatch.setenv("MY_TOKEN", "lgt_wrong")
        assert (await first_line()).startswith(refused)
        assert (await first_line()).endswith("(MY_TOKEN)")
        monkeypatch.setenv("MY_TOKEN", "two words")
        assert (await first_line()).startswith(f"{refused}the token must be one word of letters and digits")
        assert f"hooks for {len(EVENTS)} of {len(EVENTS)} events" in await told("status"), "the rest is told, too"
        monkeypatch.setenv("MY_TOKEN", secret)
        untold = f"the service at {url} takes no telemetry from here: it wants a token, and none is shown ({headers})"
        assert (await first_line()).endswith(untold)
        monkeypatch.setenv(headers, f"x=1,Authorization=Bearer%20{secret}")
        assert await first_line(0) == "✓ the hooks are installed and the service answers"
        said = json.loads(await told("status", "--json", exit_code=0))
        assert (said["well"], said["services"]) == (True, {url: "answers"})
        await told("install", "--url", f"{url}/elsewhere", "--token-env", "MY_TOKEN", exit_code=0)
        assert f"telemetry goes to {url}, to which no hooks go: install them once more, with --otel" in await told(
            "status"
        )
        await told(*given, exit_code=0)
        await office.tokens.revoke(token.token_id, MAKER)
        assert "was revoked" in await first_line()


async def test_status_says_in_one_line_and_soon_what_an_odd_service_answers(
    hooks: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, headers = "lgt_a-secret-of-ours", "OTEL_EXPORTER_OTLP_HEADERS"
    monkeypatch.setenv("MY_TOKEN", secret)
    monkeypatch.setattr(service_options, "_PATIENCE_S", 1.0)
    ready: list[Callable[[], Response]] = []
    session: Response = JSONResponse({"access": "open"})

    async def readyz(_: Request) -> Response:
        return ready[0]() if ready else JSONResponse({"status": "ready"})

    async def asked(_: Request) -> Response:
        return session

    async def without_end(part: bytes, pause_s: float) -> AsyncIterator[bytes]:
        while True:
            yield part
            await asyncio.sleep(pause_s)

    async def first_line(exit_code: int = 1) -> str:
        told = await asyncio.to_thread(hooks, "status", exit_code=exit_code)
        said = json.loads((await asyncio.to_thread(hooks, "status", "--json", exit_code=exit_code)).output)
        line, _, rest = str(told.output).partition("\n")
        assert said["conclusion"] == line[2:]
        assert secret not in told.output
        assert "✓" not in rest
        return line

    async with listening(Starlette(routes=[Route("/readyz", readyz), Route("/api/session", asked)])) as url:
        given = ("install", "--url", url, "--token-env", "MY_TOKEN", "--otel")
        await asyncio.to_thread(hooks, *given)
        assert await first_line(0) == "✓ the hooks are installed and the service answers"
        ready[:] = [lambda: JSONResponse({"status": "lost", "message": "no\n✓ all is\r\nwell"}, status_code=503)]
        assert await first_line() == f"✗ the service at {url} is lost: no ✓ all is well"
        ready[:] = [lambda: StreamingResponse(without_end(b" ", 0.2))]
        assert await first_line() == f"✗ the service at {url} does not answer (it takes too long)"
        ready[:] = [lambda: StreamingResponse(without_end(b" " * 100_000, 0.001))]
        assert (await first_line()).startswith(f"✗ the service at {url} does not answer (")
        ready.clear()
        session = RedirectResponse("/login")
        assert await first_line() == f"✗ the service at {url} takes no event from here: HTTP 307 (MY_TOKEN)"
        session = JSONResponse({"access": "token", "problem": f"no such token: {secret}\n✓"})
        assert await first_line() == f"✗ the service at {url} takes no event from here: no such token: … ✓ (MY_TOKEN)"
        session = JSONResponse({"access": "open"})
        monkeypatch.setenv(headers, "a name=1")
        assert (await first_line()).endswith(f": {headers} holds what is no header")
        monkeypatch.delenv(headers)
        monkeypatch.setenv("MY_TOKEN", "two words")
        assert "the token must be one word of letters and digits" in await first_line()


async def test_flush_with_a_wrong_token_sets_nothing_aside_and_says_so(
    home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPGRAPH_HOOK_SPOOL", str(home / "spool"))
    asked = 0

    async def door(_: Request) -> Response:
        nonlocal asked
        asked += 1
        return Response("who are you?", status_code=401)

    async with listening(Starlette(routes=[Route(PATH, door, methods=["POST"])])) as url:
        for number in range(30):
            Spool(home / "spool", url).put(number, f"id{number}", str(number).encode())
        told = await asyncio.to_thread(hooks, "flush", exit_code=1)
        assert f"{url}: 0 sent, 0 refused, 30 still wait" in told.stdout
        assert f"✗ {asked} events: HTTP 401: who are you?" in told.stderr
        assert asked <= 20, "it is not asked for all"


@pytest.mark.exhaustive
async def test_bad_events_alone_are_set_aside_by_a_flush_and_dropped_if_wanted(
    home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch, embedded_engine: EngineUnderTest
) -> None:
    monkeypatch.setenv("LOOPGRAPH_HOOK_SPOOL", str(home / "spool"))
    async with serving(settings_for(embedded_engine)) as there:
        url = there.url
        await asyncio.to_thread(hooks, "install", "--url", url)
        spool = Spool(home / "spool", url)
        spool.put(1, "id1", b"[]")
        spool.put(2, "id2", b'{"hook_event_name": 7}')
        told = await asyncio.to_thread(hooks, "flush", exit_code=1)
        assert f"{url}: 0 sent, 2 refused, 0 still wait" in told.stdout
        assert told.stderr.count("HTTP 400: ") == 2
        told = await asyncio.to_thread(hooks, "status", exit_code=1)
        assert "2 events were refused" in told.stdout
        assert "`loopgraph hooks drop-refused` drops them" in told.stdout
        assert (await asyncio.to_thread(hooks, "drop-refused")).stdout == "dropped 2 events\n"
        assert not list(spool.refused_folder.rglob("[0-9]*.json"))
        told = await asyncio.to_thread(hooks, "status")
        assert told.stdout.startswith("✓ the hooks are installed and the service answers\n")
        assert (await asyncio.to_thread(hooks, "drop-refused")).stdout == "dropped 0 events\n"


@pytest.mark.exhaustive
async def test_a_pattern_that_the_service_does_not_know_is_refused(
    home: Path, hooks: Run, embedded_engine: EngineUnderTest
) -> None:
    mine, name = f"p{new_id()}", f"Review {new_id()}"
    async with serving(settings_for(embedded_engine)) as there:
        new = {"patternId": mine, "name": name, "templateCode": "Review"}
        created = await there.query(
            "mutation ($new: CreatePatternInput!) { createPattern(input: $new) { __typename } }", new=new
        )
        assert created["createPattern"]["__typename"] == "VersionPayload", created
        install = ["install", "--url", there.url, "--pattern"]
        told = await asyncio.to_thread(hooks, *install, "nothere", exit_code=2)
        assert f"--pattern: there is no pattern with the id 'nothere' at {there.url}: its id is" in plain(told.stderr)
        told = await asyncio.to_thread(hooks, *install, name, exit_code=2)
        assert f"'{name}' at {there.url}; use {mine}" in plain(told.stderr)
        assert not (home / ".claude").exists(), "nothing has changed"
        told = await asyncio.to_thread(hooks, *install, mine)
        assert (told.stderr, f"pattern={mine}" in (home / ".claude" / "settings.json").read_text()) == ("", True)
    told = await asyncio.to_thread(hooks, *install, "nothere")
    assert "whether there is a pattern 'nothere' is not known" in plain(told.stderr)


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("healthy", "answer"),
    first_quick(
        [
            (503, {"error": {"code": "INVALID_INPUT", "message": "is wrong"}}),
            (200, {"error": {"code": "BAD_HOST", "message": "has no host"}}),
            (200, {"error": "bad request"}),
            (200, ["bad request"]),
        ]
    ),
)
async def test_refused_events_alone_wait_where_the_fault_may_be_elsewhere(
    home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch, healthy: int, answer: object
) -> None:
    monkeypatch.setenv("LOOPGRAPH_HOOK_SPOOL", str(home / "spool"))

    async def door(_: Request) -> Response:
        return JSONResponse(answer, status_code=400)

    async def health(_: Request) -> Response:
        return Response(status_code=healthy)

    async with listening(Starlette(routes=[Route(PATH, door, methods=["POST"]), Route("/readyz", health)])) as url:
        Spool(home / "spool", url).put(1, "id", b"{}")
        told = await asyncio.to_thread(hooks, "flush", exit_code=1)
        assert f"{url}: 0 sent, 0 refused, 1 still waits" in told.stdout


class Agent:
    """Runs the hooks that its settings name, as the agent client does."""

    def __init__(self, settings: Path, prompt_id: str) -> None:
        self._hooks: Json = json.loads(settings.read_text())["hooks"]
        self._common = {"session_id": f"s-{prompt_id}", "prompt_id": prompt_id, "cwd": "/src", "transcript_path": "/t"}

    async def fires(self, event: str, **fields: Any) -> None:
        [handler] = [handler for group in self._hooks[event] for handler in group["hooks"]]
        body = json.dumps({**self._common, "hook_event_name": event, **fields}).encode()
        if handler["type"] == "http":
            async with httpx.AsyncClient() as client:
                answer = await client.post(handler["url"], content=body, headers={"content-type": "application/json"})
            assert answer.json() == {}
            return
        process = await asyncio.create_subprocess_shell(
            handler["command"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        async with asyncio.timeout(handler["timeout"]):
            printed, errors = await process.communicate(body)
        assert (process.returncode, printed, errors) == (0, b"", b"")

    async def uses_tool(self, number: int) -> None:
        call = {"tool_name": "Bash", "tool_input": {"command": f"echo {number}"}, "tool_use_id": f"toolu_{number}"}
        await self.fires("PreToolUse", **call)
        await self.fires("PostToolUse", **call, tool_response={"stdout": str(number)}, duration_ms=5)


TRACE = """query($id: ID!) { trace(correlationId: $id) {
  status promptText hookExecutions { hookType toolName status startedAt completedAt } } }"""


TOOLS = 6


async def told_of(url: str, prompt_id: str) -> Json:
    """The trace of a prompt in which the agent counted to six."""
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
        asked = await client.post("/graphql", json={"query": TRACE, "variables": {"id": prompt_id}})
    trace: Json = asked.json()["data"]["trace"]
    assert (trace["promptText"], trace["status"]) == ("count to six", "SUCCESS")
    trace["calls"] = [execution for execution in trace["hookExecutions"] if execution["toolName"] == "Bash"]
    assert [call["status"] for call in trace["calls"]] == ["SUCCESS"] * TOOLS
    return trace


@pytest.fixture
def agent_with(home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Agent]:
    """An agent with our hooks, which go to an address."""
    monkeypatch.setenv("LOOPGRAPH_HOOK_SPOOL", str(home / "spool"))
    monkeypatch.setenv("LOOPGRAPH_HOOK_TIMEOUT", "4")  # two cores are shared with an engine that starts

    def agent(prompt_id: str, url: str, *options: str) -> Agent:
        hooks("install", "--project", "--url", url, *options)
        return Agent(home / "project" / ".claude" / "settings.json", prompt_id)

    return agent


async def test_an_agent_with_our_hooks_is_traced(
    hooks: Run, agent_with: Callable[..., Agent], embedded_engine: EngineUnderTest
) -> None:
    async with serving(settings_for(embedded_engine)) as there:
        agent = agent_with(prompt_id := new_id(), there.url)
        told = await asyncio.to_thread(hooks, "status")
        assert f"service {there.url}: answers" in told.stdout
        await agent.fires("SessionStart", source="startup")
        await agent.fires("UserPromptSubmit", prompt="count to six")
        for number in range(TOOLS):
            await agent.uses_tool(number)
        await agent.fires("Stop", stop_hook_active=False)
        await asyncio.to_thread(hooks, "flush")
        await told_of(there.url, prompt_id)


@pytest.mark.exhaustive
async def test_an_agent_with_durable_hooks_is_traced_also_across_a_kill(
    home: Path, hooks: Run, agent_with: Callable[..., Agent], embedded_engine: EngineUnderTest
) -> None:
    port = free_ports(None)[0]
    url, spool = f"http://127.0.0.1:{port}", Spool(home / "spool", f"http://127.0.0.1:{port}")
    agent = agent_with(prompt_id := new_id(), url, "--durable")
    with ExitStack() as services:
        process = services.enter_context(service(port, home / "service.log", **settings_of(embedded_engine)))
        await agent.fires("SessionStart", source="startup")
        await agent.fires("UserPromptSubmit", prompt="count to six")
        await agent.uses_tool(0)
        process.kill()
        process.wait(PATIENCE_S)
        away = datetime.now(UTC)
        await asyncio.gather(*(agent.uses_tool(number) for number in range(1, TOOLS)))
        assert spool.waiting()[0] == 2 * (TOOLS - 1)
        back = datetime.now(UTC)
        services.enter_context(service(port, home / "service.log", **settings_of(embedded_engine)))
        await agent.fires("Stop", stop_hook_active=False)
        hooks("flush")
        assert spool.waiting()[0] == 0
        trace = await told_of(url, prompt_id)
    late = [call for call in trace["calls"] if away < datetime.fromisoformat(call["completedAt"]) < back]
    assert len(late) == TOOLS - 1, "late events keep the time at which they happened"


OTHER_CLIENTS = {
    "codex": (".codex/hooks.json", ".codex/hooks.json"),
    "gemini": (".gemini/settings.json", ".gemini/settings.json"),
    "cursor": (".cursor/hooks.json", ".cursor/hooks.json"),
    "copilot": (".copilot/hooks/loopgraph.json", ".github/hooks/loopgraph.json"),
}
"""Where their settings are: in the home of the user, and in a project."""


@pytest.mark.parametrize("client", first_quick(OTHER_CLIENTS))
@pytest.mark.parametrize("scope", ["--user", "--project"])
def test_the_hooks_of_another_client_come_and_go(home: Path, hooks: Run, client: str, scope: str) -> None:
    in_home, in_project = OTHER_CLIENTS[client]
    path = home / in_home if scope == "--user" else home / "project" / in_project
    theirs = json.dumps({"version": 1, "mine": [1, 2], "hooks": {"stop": [{"command": "beep"}]}}, indent=3)
    path.parent.mkdir(parents=True)
    path.write_text(theirs)
    told = hooks(
        "install", "--client", client, scope, "--url", "http://box.example:9000", "--token-env", "MY_TOKEN"
    ).stdout
    assert "go to http://box.example:9000\n" in told
    assert ("type /hooks in it" in told) is (client == "codex")
    settings = json.loads(path.read_text())
    assert settings["mine"] == [1, 2]
    assert settings["hooks"]["stop"][0] == {"command": "beep"}
    assert f"--client {client}" in path.read_text()
    after = path.read_bytes()
    again = hooks(
        "install", "--client", client, scope, "--url", "http://box.example:9000", "--token-env", "MY_TOKEN"
    ).stdout
    assert (again, path.read_bytes()) == (f"{path}: nothing to change\n", after)
    assert hooks("uninstall", "--client", client, scope).stdout == f"{path}: our hooks are out\n"
    assert path.read_text() == theirs
    assert list(path.parent.iterdir()) == [path], "no backup is needed any more"


@pytest.mark.exhaustive
@pytest.mark.parametrize("client", OTHER_CLIENTS)
def test_nothing_is_left_of_another_client(home: Path, hooks: Run, client: str) -> None:
    for scope in ("--user", "--project"):
        hooks("install", "--client", client, scope)
        hooks("uninstall", "--client", client, scope)
    assert [path for path in home.rglob("*") if path.is_file()] == []


@pytest.mark.exhaustive
def test_status_tells_of_other_clients_where_hooks_are_installed(home: Path, hooks: Run) -> None:
    hooks("install", "--client", "codex", "--url", "http://127.0.0.1:1")
    told = hooks("status", exit_code=1).stdout
    assert told.startswith("✗ the service at http://127.0.0.1:1 does not answer")
    assert f"{home}/.codex/hooks.json: hooks for 12 of 12 events of Codex" in told
    assert "\n  Codex runs them when you have looked at them and trust them: type /hooks in it\n" in told
    assert "Gemini" not in told
    hooks("install", "--client", "gemini", "--url", "http://127.0.0.1:1")
    assert "trust" not in hooks("status", "--client", "gemini", exit_code=1).stdout
    hooks("uninstall", "--client", "gemini")
    hooks("install", "--client", "codex", "--project", "--url", "http://127.0.0.1:1")
    told = hooks("status", "--client", "codex", exit_code=1).stdout
    assert f"\ninstalled 2 times, in {home}/.codex/hooks.json, {home}/project/.codex/hooks.json: " in told
    assert ".claude" not in told
    assert "count twice" not in told
    file = home / "project/.codex/hooks.json"
    file.write_text(file.read_text().replace(" --level project", ""))  # as it was installed before
    assert f"✗ {file}: some events count twice" in hooks("status", "--client", "codex", exit_code=1).output
    assert hooks("status", "--client", "gemini", exit_code=1).stdout.startswith("✗ no hooks are installed")


COMMENTED = '{\n  // mine\n  "theme": "dark"\n}'


@pytest.mark.exhaustive
@pytest.mark.parametrize("broken", [COMMENTED, '{"hooks": []}', "loop"])
def test_status_does_not_mind_settings_in_which_nothing_is_ours(home: Path, hooks: Run, broken: str) -> None:
    """Gemini CLI takes comments in its settings."""
    path = home / ".gemini" / "settings.json"
    path.parent.mkdir()
    if broken == "loop":
        path.symlink_to(path)
    else:
        path.write_text(broken)
    hooks("install", "--client", "codex", "--url", "http://127.0.0.1:1")
    told = hooks("status", exit_code=1).output
    assert told.startswith("✗ the service at http://127.0.0.1:1 does not answer")
    assert ".gemini" not in told
    asked = hooks("status", "--client", "gemini", exit_code=1).output
    assert f"{path}: " in asked
    assert "Traceback" not in asked


def test_status_tells_of_broken_settings_in_which_something_is_ours(home: Path, hooks: Run) -> None:
    hooks("install", "--client", "gemini")
    path = home / ".gemini" / "settings.json"
    path.write_text(f"// mine\n{path.read_text()}")
    first = hooks("status", exit_code=1).stdout.partition("\n")[0]
    assert first.startswith(f"✗ the hooks do not all run: {path}: is not JSON (line 1, column 1")


@pytest.mark.parametrize("command", ["install", "uninstall"])
@pytest.mark.parametrize("client", ["claude-code", "gemini"])
def test_settings_that_are_no_json_are_told_with_what_to_do(home: Path, hooks: Run, client: str, command: str) -> None:
    path = home / (".claude" if client == "claude-code" else ".gemini") / "settings.json"
    path.parent.mkdir()
    for text, told in ((COMMENTED, "take out what JSON does not have"), ('{"hooks": []}', "hooks: must be an object")):
        path.write_text(text)
        output = hooks(command, "--client", client, exit_code=2).output
        assert f"{path}: " in output
        assert told in " ".join(output.split())
        assert path.read_text() == text


def test_one_file_by_two_paths_is_installed_once(home: Path, hooks: Run) -> None:
    hooks("install", "--client", "codex", "--url", "http://127.0.0.1:1")
    (home / "project" / ".codex").symlink_to(home / ".codex")
    assert "installed 2 times" not in hooks("status", exit_code=1).output


def test_what_another_client_does_not_have_is_said(home: Path, hooks: Run) -> None:
    for options in (["--local"], ["--pattern", "p"], ["--otel"], ["--user", "--project"]):
        result = CliRunner().invoke(app, ["hooks", "install", "--client", "cursor", *options])
        assert result.exit_code != 0
        assert options[0] in result.output
    assert [path for path in home.rglob("*") if path.is_file()] == []


async def test_what_waits_of_another_client_goes_through_its_door(home: Path, hooks: Run) -> None:
    taken: list[tuple[str, Json]] = []

    async def take(request: Request) -> Response:
        taken.append((request.url.path, await request.json()))
        return JSONResponse({})

    app_ = Starlette(
        routes=[Route("/api/hooks/{client}", take, methods=["POST"]), Route("/readyz", lambda _: Response())]
    )
    async with listening(app_) as url:
        for client in ("claude-code", "cursor"):
            address = url if client == "claude-code" else f"{url}/api/hooks/{client}"
            spool = Spool(home / ".local/state/loopgraph/hook-spool", address)
            spool.put(1, f"id-{client}", json.dumps({"of": client}).encode())
        hooks("install", "--client", "cursor", "--url", url)
        told = (await asyncio.to_thread(hooks, "status")).stdout
        assert told.startswith("✓ the hooks are installed and the service answers; 2 events wait: ")
        await asyncio.to_thread(hooks, "flush")
    assert sorted(taken, key=str) == [
        ("/api/hooks/claude-code", {"of": "claude-code"}),
        ("/api/hooks/cursor", {"of": "cursor"}),
    ]


def test_what_keeps_another_client_from_running_hooks_is_told(
    home: Path, hooks: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / ".gemini" / "settings.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"hooksConfig": {"enabled": False}}))
    told = hooks("install", "--client", "gemini", "--url", "http://127.0.0.1:1")
    assert "✗" in told.stderr
    assert "hooksConfig.enabled is false: Gemini CLI runs no hooks" in " ".join(told.stderr.split())
    assert "hooksConfig.enabled is false" in hooks("status", "--client", "gemini", exit_code=1).stdout
    monkeypatch.setenv("PATH", "/nowhere")
    told = hooks("install", "--client", "codex", "--project")
    assert "loopgraph-hook cannot be run: put it on the PATH" in " ".join(told.stderr.split())
