"""``loopgraph pattern render`` against a service of its own door's answers, and without one."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import repeat
from pathlib import Path
from typing import Any, ClassVar

import pytest

from loopgraph import clients
from loopgraph.clients.limits import seconds
from loopgraph.clients.render import Known, NoAnswer, Wrong, main, read_options, remember, rendered
from loopgraph.settings import unknown_settings
from support.waiting import PATIENCE_S


class Service(BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what it was asked."""

    answer: ClassVar[tuple[int, bytes]] = (200, b"{}")
    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append({**json.loads(body), "path": self.path, "token": self.headers.get("Authorization")})
        status, answer = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    Service.asked.clear()
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def text_of(words: list[str], url: str, root: Path) -> str:
    return rendered(words, {"LOOPGRAPH_URL": url, "LOOPGRAPH_RENDERED": str(root), "LOOPGRAPH_TOKEN": "t0"})


def given(text: str) -> None:
    Service.answer = (200, json.dumps({"text": text, "nodeId": "n"}).encode())


def test_the_text_of_the_unit_is_asked_for(service: str, tmp_path: Path) -> None:
    given("# Triage\n")
    assert text_of(["triage", "--unit", "s1", "--arguments=a b", "--kind", "skill"], service, tmp_path) == "# Triage\n"
    [asked] = Service.asked
    assert asked == {
        "pattern": "triage", "unit": "s1", "arguments": "a b", "kind": "skill", "folder": str(Path.cwd()),
        "path": "/api/patterns/render", "token": "Bearer t0",
    }  # fmt: skip


def test_without_a_service_a_unit_has_what_it_had_and_another_the_latest(
    service: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for unit, text in (("s1", "one"), ("s2", "two"), ("s3", "one"), ("s2", "two")):
        given(text)
        text_of(["triage", "--unit", unit], service, tmp_path)
    Service.answer = (503, b'{"error": {"code": "GRAPH_UNAVAILABLE", "message": "away"}}')
    for unit, text in (("s1", "one"), ("s2", "two"), ("s3", "one"), ("s9", "two")):
        assert text_of(["triage", "--unit", unit], service, tmp_path) == text
    assert "HTTP 503" in capsys.readouterr().err
    with pytest.raises(NoAnswer):
        text_of(["other", "--unit", "s1"], service, tmp_path)


def test_as_json_a_unit_has_its_arm_again_and_another_none(service: str, tmp_path: Path) -> None:
    answer = {"text": "one", "node_id": "n", "version": 3, "unit": "s1", "experiment_id": "e", "arm": "treatment"}
    Service.answer = (200, json.dumps(answer).encode())
    words = ["triage", "--json", "--unit"]
    assert json.loads(text_of([*words, "s1"], service, tmp_path)) == {**answer, "last_known": False}
    Service.answer = (503, b"{}")
    assert json.loads(text_of([*words, "s1"], service, tmp_path)) == {**answer, "last_known": True}
    other = json.loads(text_of([*words, "s2"], service, tmp_path))
    assert other == {**answer, "unit": "s2", "experiment_id": None, "arm": None, "last_known": True}
    with pytest.raises(NoAnswer):
        text_of(["another", "--json", "--unit", "s1"], service, tmp_path)


def test_what_the_service_refuses_is_said_and_work_goes_on(
    service: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given("one")
    text_of(["triage", "--unit", "s1"], service, tmp_path)
    Service.answer = (404, b'{"error": {"code": "NOT_FOUND", "message": "there is no pattern triage"}}')
    assert text_of(["triage", "--unit", "s1"], service, tmp_path) == "one"
    assert "there is no pattern triage" in capsys.readouterr().err
    with pytest.raises(NoAnswer, match="there is no pattern triage"):
        text_of(["other", "--unit", "s1"], service, tmp_path)


@pytest.mark.parametrize("field", ["unit", "arguments", "kind"])
def test_what_is_the_callers_own_fault_is_said_and_no_other_text_printed(
    service: str, tmp_path: Path, field: str
) -> None:
    given("one")
    text_of(["triage", "--unit", "s1"], service, tmp_path)
    problem = {"code": "INVALID_INPUT", "field": field, "message": "is too long"}
    Service.answer = (400, json.dumps({"error": problem}).encode())
    with pytest.raises(Wrong, match=f"HTTP 400: {field}: is too long"):
        text_of(["triage", "--unit", "s1"], service, tmp_path)
    Service.answer = (400, json.dumps({"error": {**problem, "field": "pattern"}}).encode())
    assert text_of(["triage", "--unit", "s1"], service, tmp_path) == "one"


@pytest.mark.parametrize("held", [b"", b"\xff", b"[]", b'{"text": 1}', None])
def test_a_damaged_memory_is_none(service: str, tmp_path: Path, held: bytes | None) -> None:
    given("one")
    text_of(["triage", "--unit", "s1"], service, tmp_path)
    [folder] = tmp_path.iterdir()
    for file in folder.iterdir():
        file.unlink()
        if held is None:
            os.mkfifo(file)
        else:
            file.write_bytes(held)
    with pytest.raises(NoAnswer):
        text_of(["triage", "--unit", "s1"], "http://127.0.0.1:1", tmp_path)
    assert text_of(["triage", "--unit", "s1"], service, tmp_path) == "one"


def test_what_is_in_the_way_of_the_memory_is_no_reason_to_fail(service: str, tmp_path: Path) -> None:
    given("one")
    text_of(["triage", "--unit", "s1"], service, tmp_path)
    [folder] = tmp_path.iterdir()
    for file in folder.iterdir():
        file.unlink()
        file.mkdir()
    assert text_of(["triage", "--unit", "s1"], service, tmp_path) == "one"
    assert all(file.is_dir() for file in folder.iterdir()), "nothing is left beside it"


@pytest.mark.lengthy
def test_runs_at_one_time_lose_nothing_of_each_others(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from loopgraph.clients.render import Known\n"
        "known = Known(Path(sys.argv[1]), 'triage'); sys.stdin.readline()\n"
        "for number in range(20): known.keep(f'{sys.argv[2]} {number}', {'text': sys.argv[2]})"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    runs = [subprocess.Popen([*command, str(run)], stdin=subprocess.PIPE) for run in range(4)]
    for run in runs:
        assert run.stdin is not None
        run.stdin.write(b"go\n")
        run.stdin.close()
    assert [run.wait(PATIENCE_S) for run in runs] == [0] * 4
    known = Known(tmp_path, "triage")
    assert [known.answer(f"{run} {number}") for run in range(4) for number in range(20)] == [
        {"text": str(run)} for run in range(4) for _ in range(20)
    ]


def test_a_disk_that_holds_nothing_is_no_reason_to_fail(service: str, tmp_path: Path) -> None:
    given("one")
    (tmp_path / "file").write_text("in the way")
    assert text_of(["triage", "--unit", "s1"], service, tmp_path / "file") == "one"


@pytest.mark.lengthy
def test_memory_is_bounded(tmp_path: Path) -> None:
    known = Known(tmp_path, "url", "triage")
    for number in range(300):
        known.keep(f"s{number}", {"text": f"text {number}"})
    assert known.answer("s299") == {"text": "text 299"}
    assert (known.answer("s0") or {})["text"] == "text 299", "it is forgotten, and so has the latest"
    assert len(list(next(tmp_path.iterdir()).iterdir())) == 201, "the latest of any, and those of 200 units"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "one pattern"), (["a", "b", "--unit", "s"], "one pattern"), (["a"], "--unit"), (["a", "--unit"], "--unit"),
        (["a", "--unit", " "], "--unit"), (["a", "--unti", "s"], "--unti"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_command_is_named(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Wrong, match=named):
        read_options(words, {})
    assert main(words) == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize("url", ["file:///etc/passwd", "127.0.0.1:8053", "http://[", "http://h:x"])
def test_an_address_that_is_none_is_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(Wrong, match="--url"):
        text_of(["a", "--unit", "s", "--url", url], "", tmp_path)


@pytest.mark.lengthy
def test_the_command_prints_it_without_the_libraries_of_the_others(service: str, tmp_path: Path) -> None:
    given("# Triage\u2028 é")
    code = (
        "import sys; sys.argv = ['loopgraph', 'pattern', 'render', 'triage', '--unit', 's1']\n"
        "from loopgraph.__main__ import main\n"
        "try: main()\n"
        "finally: print(sorted({'typer', 'rich', 'pydantic', 'neo4j', 'argparse'} & sys.modules.keys()), file=sys.stderr)"
    )
    environment = {
        **os.environ,
        "LOOPGRAPH_URL": service,
        "LOOPGRAPH_RENDERED": str(tmp_path),
        "PYTHONIOENCODING": "ascii",
    }
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert (ran.stdout.decode(), ran.stderr.strip()) == ("# Triage\u2028 é\n", b"[]")


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def drips(connection: socket.socket) -> None:
    """A byte now and then, for long: none is late."""
    connection.sendall(OK + b"Content-Length: 600\r\n\r\n")
    for byte in repeat(b" ", 600):
        connection.sendall(byte)
        time.sleep(0.05)


def continues(connection: socket.socket) -> None:
    """The line that an answer follows, and never the answer."""
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def never_ends(connection: socket.socket) -> None:
    """A body of any size."""
    connection.sendall(OK + b"\r\n")
    while True:
        connection.sendall(b" " * 65536)


def nests(connection: socket.socket) -> None:
    """A body deeper than what reads it."""
    connection.sendall(OK + b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000)


@pytest.fixture
def strange(request: pytest.FixtureRequest) -> Iterator[str]:
    """A service that answers one caller as the function does that is the fixture's parameter."""
    answer: Callable[[socket.socket], None] = request.param
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                answer(connection)
        except OSError:
            pass  # the caller has gone, or the test is over

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


@pytest.mark.lengthy
@pytest.mark.parametrize("strange", [drips, continues, never_ends, nests], indirect=True)
def test_whatever_a_service_answers_the_command_ends_with_the_last_known_text(strange: str, tmp_path: Path) -> None:
    remember("triage", "# Triage\n", {"LOOPGRAPH_URL": strange, "LOOPGRAPH_RENDERED": str(tmp_path)})
    given = {"LOOPGRAPH_URL": strange, "LOOPGRAPH_RENDERED": str(tmp_path), "LOOPGRAPH_HOOK_TIMEOUT": "0.5"}
    command = [sys.executable, "-m", "loopgraph", "pattern", "render", "triage", "--unit", "s1"]
    ran = subprocess.run(command, env={**os.environ, **given}, capture_output=True, timeout=PATIENCE_S, check=True)
    assert ran.stdout == b"# Triage\n"
    assert b"last known text" in ran.stderr


@pytest.mark.parametrize("strange", [never_ends], indirect=True)
def test_of_an_answer_without_an_end_a_bounded_part_is_read(strange: str, tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match="more than 8388608 bytes"):
        rendered(
            ["triage", "--unit", "s1"],
            {"LOOPGRAPH_URL": strange, "LOOPGRAPH_RENDERED": str(tmp_path), "LOOPGRAPH_HOOK_TIMEOUT": "30"},
        )


@pytest.mark.parametrize("said", ["inf", "nan", "-1", "0", "abc", "1e300", ""])
def test_a_time_that_is_none_is_as_not_said(service: str, tmp_path: Path, said: str) -> None:
    given("one")
    environment = {"LOOPGRAPH_URL": service, "LOOPGRAPH_RENDERED": str(tmp_path), "LOOPGRAPH_HOOK_TIMEOUT": said}
    assert rendered(["triage", "--unit", "s1"], environment) == "one"
    assert (seconds({"LOOPGRAPH_HOOK_TIMEOUT": said}, 1.0), seconds({}, 1.0)) == (1.0, 1.0)


@pytest.mark.lengthy
def test_a_working_folder_that_is_gone_is_not_told(service: str, tmp_path: Path) -> None:
    given("one")
    (gone := tmp_path / "gone").mkdir()
    code = (
        "import os, sys; os.rmdir(os.getcwd())\n"
        "from loopgraph.clients.render import run; run(['triage', '--unit', 's1'])"
    )
    environment = {**os.environ, "LOOPGRAPH_URL": service, "LOOPGRAPH_RENDERED": str(tmp_path / "rendered")}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, cwd=gone, capture_output=True, check=True)
    assert ran.stdout == b"one\n"
    assert "folder" not in Service.asked[0]


def test_every_variable_that_a_client_reads_is_known_where_misspelt_ones_are_warned_of() -> None:
    files = Path(clients.__file__).parent.glob("*.py")
    names = {name for file in files for name in re.findall(r"LOOPGRAPH_[A-Z_]+[A-Z]", file.read_text(encoding="utf-8"))}
    assert {"LOOPGRAPH_RENDERED", "LOOPGRAPH_HOOK_TIMEOUT", "LOOPGRAPH_HOOK_SPOOL"} <= names
    assert unknown_settings(names) == []
