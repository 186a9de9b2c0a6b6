"""Files of transcripts that are compressed, or hold one object."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
import zstandard

from loopgraph.contracts.traces.transcripts import Position
from loopgraph.effects.transcripts.files import Lines, found
from loopgraph.effects.transcripts.forms import CompressedReader, WholeFile, lines_of

MANY = 1_000_000
SKIPPED = b"\x5a\x2a\x4d\x18\x03\x00\x00\x00..."
TEXT = b"".join(b'{"n": %d, "text": "%s"}\n' % (n, b"x" * 500) for n in range(2_000))


def contents(lines: Lines, *, last: bool = False) -> list[bytes | None]:
    return [line.content for line in lines.lines(last=last)]


def test_a_compressed_file_has_the_lines_of_its_content(tmp_path: Path) -> None:
    path = tmp_path / "rollout-1.jsonl.zst"
    frames = (zstandard.compress(TEXT[:100_000]), zstandard.compress(TEXT[100_000:]))
    path.write_bytes(b"".join(frames))
    plain = tmp_path / "rollout-1.jsonl"
    plain.write_bytes(TEXT)
    compressed, other = found("codex", path), found("codex", plain)
    assert compressed
    assert other
    assert compressed.file_id == other.file_id, "where it was recorded from counts no more once it is compressed"
    assert compressed.name == other.name == "rollout-1"
    lines = lines_of(compressed, MANY)
    assert isinstance(lines, CompressedReader)
    assert contents(lines) == TEXT.splitlines()
    assert contents(lines) == []
    assert lines.reached(whole=True) == (len(TEXT), hashlib.sha256(TEXT).hexdigest())
    assert lines.stands()


def test_a_compressed_file_is_read_on_where_reading_was_broken_off(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.zst"
    path.write_bytes(zstandard.compress(TEXT))
    lines = CompressedReader(path, MANY)
    told: list[bytes | None] = []
    while len(told) < 2_000:
        before = len(told)
        for line in lines.lines():
            told.append(line.content)
            if len(told) % 300 == 0:
                break
        assert len(told) > before
    assert told == TEXT.splitlines()
    recorded = TEXT[: TEXT.index(b"\n", 50_000) + 1]
    again = CompressedReader(path, MANY)
    again.resume(
        Position(file_id="f", client="c", path="p", offset=len(recorded), digest=hashlib.sha256(recorded).hexdigest())
    )
    assert [line.content for line in again.lines() if line.is_new] == TEXT[len(recorded) :].splitlines()


@pytest.mark.lengthy
def test_what_cannot_be_decompressed_cannot_be_read_and_what_was_cut_off_is_read_so_far(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.zst"
    path.write_bytes(TEXT[:10_000])
    with pytest.raises(OSError, match="it cannot be decompressed"):
        contents(CompressedReader(path, MANY))
    noise = b"".join(b'{"n": "%s"}\n' % os.urandom(500).hex().encode() for _ in range(2_000))
    frames = (zstandard.ZstdCompressor(write_checksum=True).compress(noise), streamed(noise), zstandard.compress(noise))
    path.write_bytes(SKIPPED + b"".join(frames) + SKIPPED)
    assert contents(CompressedReader(path, MANY)) == (3 * noise).splitlines()
    for frame in frames:
        for left in (len(frame) - 5_000, len(frame) - 1, 5, 2):
            path.write_bytes(frames[0] + frame[:left])
            lines = CompressedReader(path, MANY)
            told = list[bytes | None]()
            with pytest.raises(OSError, match="cut off"):
                told += (line.content for line in lines.lines(last=True))
            assert 2_000 <= len(told) <= 4_000
            assert told == (2 * noise).splitlines()[: len(told)]
            with pytest.raises(OSError, match="cut off"):
                contents(lines)


def streamed(content: bytes) -> bytes:
    """A frame that does not say how long it is, with blocks of one byte many times."""
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(content) + stream.flush()


def test_a_frame_that_asks_for_a_large_window_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.zst"
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path.write_bytes(stream.compress(TEXT) + stream.flush())
    with pytest.raises(OSError, match="it cannot be decompressed"):
        contents(CompressedReader(path, MANY))


def test_a_file_of_one_object_is_one_line_as_soon_as_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "session-1.json"
    whole = json.dumps({"sessionId": "s", "messages": [{"id": "1"}]}, indent=2).encode()
    path.write_bytes(whole[:30])
    lines = lines_of(found("gemini", path), MANY)  # type: ignore[arg-type]
    assert isinstance(lines, WholeFile)
    assert contents(lines, last=True) == []
    path.write_bytes(whole)
    assert contents(lines) == [whole]
    assert contents(lines) == []
    assert lines.reached(whole=True) == (len(whole), hashlib.sha256(whole).hexdigest())
    path.write_bytes(whole.replace(b'"1"', b'"2"'))
    assert not lines.stands(), "so it is read anew"
    long = WholeFile(path, 20)
    assert contents(long) == [None]
    assert long.stands()
