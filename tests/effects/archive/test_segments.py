"""Segments of an archive: what is written comes back, and what is damaged is found."""

from __future__ import annotations

import json
import math
import resource
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from loopgraph.contracts.traces.retention import Node, NodeId, Relationship
from loopgraph.effects.archive.lines import fingerprint
from loopgraph.effects.archive.segments import (
    MANIFEST_SUFFIX,
    SUFFIX,
    Archive,
    Item,
    Origin,
    holdings,
    manifest_of,
    node_batches,
    read,
    relationship_batches,
    segments_of,
    verify,
)
from loopgraph.errors import Conflict, InvalidInput

AT = datetime(2020, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
ORIGIN = Origin(2, "engine 1.0", AT)
TRACE, HOOK = NodeId("Trace", "t"), NodeId("HookExecution", "h")
ITEMS = [
    Node(NodeId("Agent", "sorter"), {"name": "sorter"}, None),
    Node(HOOK, {"execution_id": "h", "at": AT, "n": 2**62, "x": 1.0, "far": math.inf, "ok": True}, "t"),
    Node(TRACE, {"correlation_id": "t", "prompt_text": "ü «\u2028»\n\t\"", "tags": ["a", "b"], "instants": [AT]}, "t"),
    Relationship("RAN", TRACE, HOOK, {}),
    Relationship("SPAWNED", HOOK, NodeId("Trace", "elsewhere"), {"rule": "exact: otlp", "at": AT}),
]  # fmt: skip


def written(folder: Path, items: Sequence[Item] = ITEMS) -> Path:
    archive = Archive(folder)
    with archive.locked():
        segment = archive.begin(ORIGIN)
        segment.write(items[:3])
        segment.write(items)  # repeated: each is there once
        return segment.close()


def test_what_is_written_comes_back_with_its_types(tmp_path: Path) -> None:
    segment = written(tmp_path)
    found = list(read(segment))
    assert found == ITEMS
    assert [type(value) for value in found[1].properties.values()] == [datetime, str, float, int, bool, float]
    manifest = verify(segment)
    assert (manifest.lines, manifest.nodes, manifest.relationships) == (
        6, {"Agent": 1, "HookExecution": 1, "Trace": 1}, {"RAN": 1, "SPAWNED": 1}
    )  # fmt: skip
    assert (manifest.archived_at, manifest.engine, manifest.deleted_at) == (AT, "engine 1.0", None)
    assert manifest.bytes == segment.stat().st_size


def test_a_segment_waits_until_its_deletion_is_noted(tmp_path: Path) -> None:
    segment, archive = written(tmp_path), Archive(tmp_path)
    assert archive.pending() == [segment]
    archive.mark_deleted(segment, AT)
    assert archive.pending() == []
    assert verify(segment).deleted_at == AT


def test_a_segment_says_what_it_holds(tmp_path: Path) -> None:
    segment = written(tmp_path)
    units, archived = holdings(segment)
    assert units == {"t": [HOOK, TRACE]}
    assert archived == {fingerprint(item) for item in ITEMS}
    segment.write_bytes(segment.read_bytes()[:-9])
    with pytest.raises(InvalidInput, match=segment.name):
        holdings(segment)


def test_nodes_and_relationships_come_in_batches(tmp_path: Path) -> None:
    segment = written(tmp_path)
    nodes, relationships = ITEMS[:3], ITEMS[3:]
    assert list(node_batches(segment, 2, 1 << 20)) == [nodes[:2], nodes[2:]]
    assert list(node_batches(segment, 9, 70)) == [nodes[:2], nodes[2:]]  # the first line is shorter than that
    assert list(relationship_batches(segment, 2, 1 << 20)) == [relationships]
    assert list(relationship_batches(segment, 2, 1 << 20, but_steps=True)) == [relationships[1:]]


def test_nodes_that_were_archived_together_come_together(tmp_path: Path) -> None:
    agent, hook, trace, ran, spawned = ITEMS
    segment = written(tmp_path, [hook, trace, ran, spawned, agent])
    assert list(node_batches(segment, 9, 1 << 20)) == [[hook, trace], [agent]]


def test_one_writer_at_a_time_who_clears_what_was_cut_off(tmp_path: Path) -> None:
    segment = written(tmp_path)
    cut_off = [tmp_path / f"traces-1{SUFFIX}.partial", tmp_path / f"traces-1{MANIFEST_SUFFIX}"]
    for path in cut_off:
        path.touch()
    with Archive(tmp_path).locked():
        assert not any(path.exists() for path in cut_off)
        assert Archive(tmp_path).segments() == [segment]
        with pytest.raises(Conflict, match="something else is being archived into it"), Archive(tmp_path).locked():
            pass


def rewritten(segment: Path, lines: list[bytes]) -> None:
    """The segment with other lines, as somebody makes it who edits it."""
    segment.write_bytes(zstandard.compress(b"".join(lines)))


def lines_of(segment: Path) -> list[bytes]:
    return zstandard.ZstdDecompressor().stream_reader(segment.read_bytes()).read().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda lines: [*lines[:2], lines[2].replace(b'"ok":true', b'"ok":tru'), *lines[3:]], "line 3: "),
        (lambda lines: [*lines[:3], lines[3].replace(b'"key":"t"', b'"key":"u"')], "line 4: is not a node of ours: Trace"),
        (lambda lines: [*lines[:4], lines[4].replace(b"RAN", b"RUN")], "line 5: is not a relationship of ours: RUN"),
        (lambda lines: lines[:4], "line 5: it ends here, and should have 6 lines"),
        (lambda lines: [b"{}\n", *lines[1:]], "line 1: is not the header of an archive of traces"),
        (lambda lines: [*lines[:5], lines[5].replace(b"otlp", b"told")], "is not what its manifest says"),
        (lambda lines: [*lines, lines[5]], "is not what its manifest says"),
    ],
)  # fmt: skip
def test_a_segment_that_was_changed_is_refused(tmp_path: Path, damage, words: str) -> None:  # type: ignore[no-untyped-def]
    segment = written(tmp_path)
    rewritten(segment, damage(lines_of(segment)))
    with pytest.raises(InvalidInput) as refused:
        verify(segment)
    assert str(segment) in str(refused.value)
    assert words in str(refused.value)


def test_any_flipped_byte_and_any_cut_is_found(tmp_path: Path) -> None:
    segment = written(tmp_path)
    whole = segment.read_bytes()
    for place in range(0, len(whole), 7):
        segment.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(InvalidInput):
            verify(segment)
        segment.write_bytes(whole[:place])
        with pytest.raises(InvalidInput):
            verify(segment)
    segment.write_bytes(whole)
    verify(segment)


def test_a_manifest_that_is_missing_or_from_the_future_is_told(tmp_path: Path) -> None:
    segment = written(tmp_path)
    manifest = segment.with_name(segment.name.replace(SUFFIX, MANIFEST_SUFFIX))
    text = manifest.read_text()
    manifest.write_text(json.dumps(json.loads(text) | {"format": 99}))
    with pytest.raises(InvalidInput, match="has format 99, this program knows 1"):
        verify(segment)
    manifest.write_text("{")
    with pytest.raises(InvalidInput, match="is not a manifest"):
        verify(segment)
    manifest.unlink()
    with pytest.raises(InvalidInput, match="is not beside it"):
        manifest_of(segment)


def test_segments_are_found_by_folder_and_by_name(tmp_path: Path) -> None:
    segment = written(tmp_path / "deep" / "folder")
    assert segments_of([segment.parent, segment]) == [segment]
    for wrong in (tmp_path / "deep", tmp_path / "nothing", segment.parent / ".lock"):
        with pytest.raises(InvalidInput, match="is neither a segment"):
            segments_of([wrong])


def test_a_disk_that_takes_no_more_leaves_no_segment(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    with archive.locked():
        segment = archive.begin(ORIGIN)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            segment.write(ITEMS)
            with pytest.raises(InvalidInput, match=r"cannot be written: File too large"):
                segment.close()
            segment.discard()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_an_archive_is_as_private_as_the_graph(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "archive"
    written(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
