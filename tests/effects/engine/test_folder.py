"""The folder of the embedded engine: recognised, refused, locked. No engine is started here."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loopgraph.effects.engine.embedded import EmbeddedEngine
from loopgraph.effects.engine.folder import FORMAT, VERSION, EngineFolder, EngineRecord
from loopgraph.errors import EngineStartError, ForeignData


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "graph"


def content(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"thesis.txt": "years of work"}, "holds other data .*thesis.txt.* was left as it is"),
        ({"engine.lock": "", "databases/a": "x"}, "holds other data"),
        ({"loopgraph.json": '{"format": "something else"}', "a": "x"}, "is not the marker"),
        ({"loopgraph.json": "not JSON"}, "is not the marker"),
        ({"loopgraph.json": json.dumps({"format": FORMAT, "version": VERSION + 1})}, f"format version {VERSION + 1}"),
    ],
)
def test_a_folder_of_something_else_is_refused_and_left_as_it_is(
    folder: Path, files: dict[str, str], problem: str
) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    folder.chmod(0o755)
    before = content(folder)
    with pytest.raises(ForeignData, match=problem):
        EmbeddedEngine(folder).ensure_running()
    assert content(folder) == before
    assert folder.stat().st_mode & 0o777 == 0o755


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "graph").write_text("a file")
    with pytest.raises(ForeignData, match="is not a folder"):
        EmbeddedEngine(tmp_path / "graph").ensure_running()
    with pytest.raises(EngineStartError, match=r"cannot use .*Not a directory"):
        EmbeddedEngine(tmp_path / "graph" / "below").ensure_running()


@pytest.mark.parametrize("leftovers", [(), ("engine.lock",), ("engine.lock", "loopgraph.json.new")])
def test_a_folder_whose_first_preparation_was_cut_off_is_made_complete(
    folder: Path, leftovers: tuple[str, ...]
) -> None:
    folder.mkdir(mode=0o755)
    for name in leftovers:
        (folder / name).touch(mode=0o600 if name == "engine.lock" else 0o644)
    ours = EngineFolder(folder)
    ours.recognise()
    lock = ours.try_lock()
    assert lock is not None
    with lock:
        ours.prepare()
    ours.recognise()
    assert len(ours.password()) >= 32
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.is_file()}
    assert modes == dict.fromkeys(("engine.lock", "logging.properties", "loopgraph.json", "password"), 0o600)


def test_preparing_again_keeps_the_password_and_closes_it_to_others(folder: Path) -> None:
    folder.mkdir()
    ours = EngineFolder(folder)
    ours.prepare()
    password = ours.password()
    ours.password_file.chmod(0o644)
    ours.prepare()
    assert ours.password() == password
    assert ours.password_file.stat().st_mode & 0o777 == 0o600


def test_the_lock_is_held_by_one_until_it_is_closed(folder: Path) -> None:
    ours = EngineFolder(folder)
    assert not ours.is_locked()
    assert not folder.exists(), "asking makes no folder"
    lock = ours.try_lock()
    assert lock is not None
    assert EngineFolder(folder).try_lock() is None
    assert ours.is_locked()
    lock.close()
    assert not ours.is_locked()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"port": "7687"}', '{"port": 0}', '{"port": 65536}', "\0\0"])
def test_an_address_that_cannot_be_read_is_none(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "engine.json").write_text(text)
    assert EngineFolder(folder).record() is None


def test_an_address_is_read_as_it_was_published(folder: Path) -> None:
    folder.mkdir()
    for record in (EngineRecord(7687), EngineRecord(7687, 42, "2026-01-01T00:00:00+00:00")):
        EngineFolder(folder).publish(record)
        assert EngineFolder(folder).record() == record
    assert [path.name for path in folder.iterdir()] == ["engine.json"]


def test_no_space_is_told_by_the_disk_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = EngineFolder(tmp_path / "graph")
    assert folder.shortage(logged=True) is None, "nothing can be said of a folder that is not there"
    folder.path.mkdir()
    assert folder.shortage(logged=True) is None
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 99, 4_096))
    assert folder.shortage(logged=False) == f"no space left on the disk of {folder.path}: 4,096 bytes are free"


@pytest.mark.parametrize("words", ["No space left on device", "Disk quota exceeded"])
def test_no_space_is_told_by_what_the_engine_has_just_logged(tmp_path: Path, words: str) -> None:
    folder = EngineFolder(tmp_path)
    folder.log.mkdir()
    log = folder.log / "engine.0.log"

    def line(when: datetime, text: str) -> str:
        return f"{when:%Y-%m-%dT%H:%M:%S}.123+0000 SEVERE {text}\n\tjava.io.IOException: {words}\n\tat a.b.c(D.java)\n"

    log.write_text(line(datetime.now(UTC) - timedelta(minutes=5), "Error on commit"))
    assert folder.shortage(logged=True) is None, "that was then"
    with log.open("a") as file:
        file.write("x" * 100_000 + "\n" + line(datetime.now(UTC), "Error on commit"))
    assert folder.shortage(logged=True) == f"no space left for {tmp_path}: {words}"
    assert folder.shortage(logged=False) is None, "it may have passed since"
