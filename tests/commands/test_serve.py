"""``loopgraph serve`` with settings that it cannot serve with: told in a sentence, before the engine is started."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from typer.testing import CliRunner

from loopgraph.api.http.serving.ending import EndingServer
from loopgraph.commands.app import app
from loopgraph.commands.serve import where
from loopgraph.settings import Settings, unknown_settings
from support.waiting import until

Serve = Callable[..., tuple[int, str]]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """The exit code and what was told of a start that fails, which must not have come as far as the engine."""
    for name in [name for name in os.environ if name.startswith("LOOPGRAPH_")]:
        monkeypatch.delenv(name)
    graph = tmp_path / "graph"

    def run(*options: str, **settings: str) -> tuple[int, str]:
        result = CliRunner().invoke(
            app, ["serve", *options], env={"LOOPGRAPH_GRAPH_URL": f"embedded:{graph}", **settings}
        )
        assert not graph.exists(), "the engine was started"
        return result.exit_code, result.stderr

    return run


@pytest.mark.slow
def test_a_start_that_fails_is_a_plain_sentence_of_the_process_too(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = str(held.getsockname()[1])
        command = [
            sys.executable,
            "-m",
            "loopgraph",
            "serve",
            "--port",
            port,
            "--graph-url",
            f"embedded:{tmp_path / 'graph'}",
        ]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert ended.returncode == 1
    assert (
        ended.stderr
        == f"loopgraph: port {port} of 127.0.0.1 is in use; choose another one with --port or LOOPGRAPH_PORT\n"
    )
    assert not (tmp_path / "graph").exists()


@pytest.mark.lengthy
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104
def test_listening_beyond_loopback_ends_with_a_plain_sentence(serve: Serve, host: str) -> None:
    code, told = serve("--host", host)
    assert code == 2
    assert told.startswith(f"loopgraph: LOOPGRAPH_HOST={host} is reached from other machines")
    assert "LOOPGRAPH_ALLOW_UNAUTHENTICATED=true" in told


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("LOG_LEVEL", "loud", "must be 'debug', 'info', 'warning' or 'error'"),
        ("MAX_PAGE_SIZE", "0", "must be greater than or equal to 1"),
        ("EMBEDDED_HEAP", "much", "'much' is none; it is heap of the embedded engine: a number and `k`, `m` or `g`"),
        ("EMBEDDED_HEAP", "16m", "must be at least 32m"),
        ("REDACT_PATTERNS", "EMP-[0-9]", "'EMP-[0-9]' is no JSON list"),
        ("REDACT_PATTERNS", '["("]', "'(' is no regular expression"),
        ("REDACT_NAMES", "pin,--", "'--' has no letter and no digit"),
        ("ALLOWED_ORIGINS", "nowhere", ""),
        ("GRAPH_URL", "postgres://h", "'postgres://h' is not a graph URL"),
        ("PORT", "tcp://10.0.0.7:8053", "what Kubernetes tells of a Service named loopgraph"),
        ("ROOT_PATH", "lg/", "'lg/' is none; it is path below which a proxy shows the service, such as `/loopgraph`"),
        ("OTEL_URL", "localhost:4318", "it is a receiver of OTLP over HTTP"),
        ("OTEL_HEADERS", "Bearer x", "write it like authorization=Bearer TOKEN"),
        ("PORT", "70000", "must be less than or equal to 65535"),
    ],
)
def test_a_wrong_value_is_told_with_its_name(serve: Serve, name: str, value: str, problem: str) -> None:
    code, told = serve(**{f"LOOPGRAPH_{name}": value})
    assert code == 2
    assert told.startswith(f"loopgraph: LOOPGRAPH_{name}")
    assert problem in told
    assert told.count("\n") == 1


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("WATCH", "claude", "there are no transcripts of 'claude'"),
        ("GENERATORS", "nope", "'nope' is the name of none"),
        ("EMBEDDING", "endpoint", "LOOPGRAPH_EMBEDDING_URL is needed"),
        ("PRICES_FILE", "/nope.toml", "/nope.toml cannot be read"),
        ("SUCCESS_FILE", "/nope.toml", "/nope.toml"),
    ],
)
def test_what_a_setting_names_and_is_not_there_is_told_before_anything_is_made(
    serve: Serve, tmp_path: Path, name: str, value: str, problem: str
) -> None:
    code, told = serve("--port", "0", "--graph-url", f"embedded:{tmp_path / 'graph'}", **{f"LOOPGRAPH_{name}": value})
    assert (code, problem in told) == (2, True)
    assert not (tmp_path / "graph").exists()


@pytest.mark.lengthy
def test_a_port_that_is_in_use_is_told_with_what_changes_it(serve: Serve) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = str(held.getsockname()[1])
        sentence = f"port {port} of 127.0.0.1 is in use; choose another one with"
        assert serve("--port", port) == (1, f"loopgraph: {sentence} --port or LOOPGRAPH_PORT\n")
        assert serve(LOOPGRAPH_PORT=port) == (1, f"loopgraph: {sentence} --port or LOOPGRAPH_PORT\n")
        told = serve("--port", "0", LOOPGRAPH_OTLP_GRPC_PORT=port)
        assert told == (1, f"loopgraph: {sentence} LOOPGRAPH_OTLP_GRPC_PORT\n")


@pytest.mark.lengthy
def test_an_address_of_another_machine_is_told(serve: Serve) -> None:
    code, told = serve("--host", "192.0.2.1", LOOPGRAPH_ALLOW_UNAUTHENTICATED="true")
    assert code == 2
    assert told.startswith("loopgraph: 192.0.2.1 is no address of this machine (")


@pytest.mark.lengthy
def test_a_misspelt_setting_is_told_with_the_nearest_name(serve: Serve) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        _, told = serve("--port", str(held.getsockname()[1]), LOOPGRAPH_PROT="9000")
    assert told.startswith(
        "loopgraph: warning: LOOPGRAPH_PROT is not the name of a setting and changes nothing; did you mean LOOPGRAPH_PORT?\n"
    )


def test_what_is_no_setting_and_what_only_looks_like_one() -> None:
    assert unknown_settings(
        ["LOOPGRAPH_RETENTION_DAY", "loopgraph_hots", "LOOPGRAPH_HOOK_TIMEOUTS", "LOOPGRAPH_X"]
    ) == [
        "LOOPGRAPH_HOOK_TIMEOUTS is not the name of a setting and changes nothing; did you mean LOOPGRAPH_HOOK_TIMEOUT?",
        "LOOPGRAPH_RETENTION_DAY is not the name of a setting and changes nothing; did you mean LOOPGRAPH_RETENTION_DAYS?",
        "LOOPGRAPH_X is not the name of a setting and changes nothing",
        "loopgraph_hots is not the name of a setting and changes nothing; did you mean LOOPGRAPH_HOST?",
    ]
    ours = [f"LOOPGRAPH_{name.upper()}" for name in Settings.model_fields]
    others = [
        "LOOPGRAPH_URL",
        "LOOPGRAPH_TOKEN",
        "LOOPGRAPH_HOOK_DEBUG",
        "LOOPGRAPH_TELEMETRY",
        "LOOPGRAPH_TEST_ENGINES",
    ]
    kubernetes = ["LOOPGRAPH_SERVICE_HOST", "LOOPGRAPH_SERVICE_PORT_HTTP", "LOOPGRAPH_PORT_8053_TCP_ADDR"]
    other_service = ["LOOPGRAPH_GRAPH_SERVICE_HOST", "LOOPGRAPH_GRAPH_PORT_7687_TCP", "PATH", "MY_LOOPGRAPH_PROT"]
    assert unknown_settings([*ours, *others, *kubernetes, *other_service, "loopgraph_port"]) == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "the console is at http://127.0.0.1:8053/, GraphQL at http://127.0.0.1:8053/graphql"),
        ({"console": False, "host": "::"}, "GraphQL at http://[::1]:8053/graphql"),
        ({"console": False, "host": "10.0.0.7", "root_path": "/lg"}, "GraphQL at http://10.0.0.7:8053/lg/graphql"),
    ],
)
def test_where_the_console_is_is_said(settings: dict[str, Any], told: str) -> None:
    assert where(Settings(**settings), 8053) == told


@pytest.mark.lengthy
async def test_a_server_says_where_it_listens_once_it_does() -> None:
    listening = list[int]()
    config = uvicorn.Config(PlainTextResponse("here"), port=0, lifespan="off", log_config=None)
    server = EndingServer(config, listening.append, lambda: listening.append(-1))
    serving = asyncio.create_task(server.serve())
    await until(lambda: bool(listening))
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"http://127.0.0.1:{listening[0]}/")).text == "here"
    server.should_exit = True
    await serving
    assert listening[1:] == [-1]
