"""Files of transcripts: lines that are whole, where they are looked for, and nothing that a transcript could lead astray."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from loopgraph.contracts.traces.transcripts import Position
from loopgraph.effects.transcripts import claude_code
from loopgraph.effects.transcripts.files import LineReader, found, head_of, uuids_in
from loopgraph.errors import InvalidInput
from support.transcripts import RECORDED

MANY = 1_000_000


def contents(reader: LineReader, *, last: bool = False) -> list[bytes | None]:
    return [line.content for line in reader.lines(last=last)]


def test_a_line_without_its_end_waits_for_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'{"a": 1}\r\n{"b"')
    reader = LineReader(path, MANY)
    assert contents(reader) == [b'{"a": 1}']
    assert contents(reader) == []
    with path.open("ab") as file:
        file.write(b": 2}\n\n")
    assert contents(reader) == [b'{"b": 2}', b""]
    content = path.read_bytes()
    assert reader.reached(whole=True) == (len(content), hashlib.sha256(content).hexdigest())
    assert reader.stands()
    path.write_bytes(content[:-1])
    assert not reader.stands()


def test_the_last_line_of_what_is_over_needs_no_end(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": 2}')
    reader = LineReader(path, MANY)
    assert contents(reader) == [b'{"a": 1}']
    assert contents(reader, last=True) == [b'{"b": 2}']
    assert reader.reached(whole=True).offset == path.stat().st_size
    assert reader.stands()


def position(offset: int, digest: str) -> Position:
    return Position(file_id="f", client="c", path="p", offset=offset, digest=digest)


def test_what_was_recorded_before_is_not_new_as_long_as_it_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"1\n2\n3\n")
    digest = hashlib.sha256(b"1\n2\n").hexdigest()
    for offset, said, new in ((4, digest, [False, False, True]), (4, "other", [True] * 3), (9, digest, [True] * 3)):
        reader = LineReader(path, MANY)
        reader.resume(position(offset, said))
        assert [line.is_new for line in reader.lines()] == new


@pytest.mark.parametrize("ended", [True, False])
def test_a_line_that_is_too_long_is_passed_over_and_never_held(tmp_path: Path, ended: bool) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"x" * 35 + (b'\n{"b": 2}\n' if ended else b""))
    reader = LineReader(path, 10)
    assert contents(reader) == ([b'{"a": 1}', None, b'{"b": 2}'] if ended else [b'{"a": 1}'])
    assert reader.stands()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in (
        "projects/-p/s1.jsonl", "projects/-p/s1/subagents/agent-a.jsonl", "projects/-p/s1/subagents/workflows/w/agent-b.jsonl",
        "projects/-p/s1/tool-results/x.jsonl", "projects/-p/agent-c.jsonl", "projects/-q/s2.jsonl", "history.jsonl",
        "projects/-p/notes.md",
    ):  # fmt: skip
        path = tmp_path / ".claude" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / ".claude"


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("", {"s1", "agent-a", "agent-b", "agent-c", "s2"}),
        ("projects", {"s1", "agent-a", "agent-b", "agent-c", "s2"}),
        ("projects/-p", {"s1", "agent-a", "agent-b", "agent-c"}),
        ("projects/-p/s1.jsonl", {"s1", "agent-a", "agent-b"}),
        ("projects/-p/s1/subagents/agent-a.jsonl", {"agent-a"}),
    ],
)
def test_a_path_is_the_client_s_folder_its_projects_one_project_or_one_session(
    home: Path, place: str, names: set[str]
) -> None:
    there = claude_code.transcripts(home / place)
    assert sorted(path.stem for path in there) == sorted(names)
    assert all(path.is_absolute() for path in there)


def test_a_path_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"path: there is nothing at .*nowhere"):
        claude_code.transcripts(tmp_path / "nowhere")


def test_the_client_s_own_folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    assert claude_code.places() == [home, tmp_path / ".config" / "claude"]
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{elsewhere}, {tmp_path / 'gone'}")
    assert claude_code.places() == [elsewhere, tmp_path / "gone"]


def test_an_output_is_looked_for_where_the_session_keeps_them_and_nowhere_else(tmp_path: Path) -> None:
    session = tmp_path / "s1.jsonl"
    folder = tmp_path / "s1" / "tool-results"
    folder.mkdir(parents=True)
    (folder / "o.txt").write_bytes(b"whole \xff output")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "s1" / "secret.txt").write_text("secret")
    for place in ("/somewhere/else/tool-results/o.txt", "o.txt", "C:\\Users\\me\\o.txt"):
        assert claude_code.output(session, place) == "whole \ufffd output"
    for place in ("../secret.txt", str(tmp_path / "secret.txt"), "..", "", "/", "o.txt\0"):
        assert claude_code.output(session, place) is None
    assert claude_code.output(tmp_path / "s1" / "subagents" / "agent-a.jsonl", "o.txt") == "whole \ufffd output"


def test_what_a_client_says_of_a_subagent(tmp_path: Path) -> None:
    path = tmp_path / "agent-a.jsonl"
    assert claude_code.about(path) == {}
    for content in ("{", "[]", '"x"'):
        (tmp_path / "agent-a.meta.json").write_text(content)
        assert claude_code.about(path) == {}
    (tmp_path / "agent-a.meta.json").write_text('{"toolUseId": "t"}')
    assert claude_code.about(path) == {"toolUseId": "t"}


def test_copies_begin_with_the_same_line() -> None:
    [original] = RECORDED.rglob("1111*.jsonl")
    [fork] = RECORDED.rglob("2222*.jsonl")
    [other] = RECORDED.rglob("3333*.jsonl")
    assert head_of(original).uuid == head_of(fork).uuid != head_of(other).uuid
    assert head_of(original).at < head_of(fork).at, "the fork says first when it was made"
    common = uuids_in(original, MANY) & uuids_in(fork, MANY)
    assert len(common) == 39
    assert uuids_in(fork, MANY) - common


def test_a_pipe_is_no_transcript_and_nobody_waits_for_it(home: Path) -> None:
    pipe, beside = home / "projects/-p/pipe.jsonl", home / "projects/-p/agent-c.meta.json"
    output = home / "projects/-p/s1/tool-results/o.txt"
    for path in (pipe, beside, output):
        os.mkfifo(path)
    assert found("claude-code", pipe) is None
    for read in (head_of, lambda path: uuids_in(path, MANY), lambda path: contents(LineReader(path, MANY))):
        with pytest.raises(OSError, match="it is no file"):
            read(pipe)
    assert claude_code.about(home / "projects/-p/agent-c.jsonl") == {}
    assert claude_code.output(home / "projects/-p/s1.jsonl", "o.txt") is None
    with pytest.raises(InvalidInput, match=r"path: there is neither a file nor a folder at .*pipe\.jsonl"):
        claude_code.transcripts(pipe)
    assert "pipe" not in {path.stem for path in claude_code.transcripts(home) if found("claude-code", path)}
