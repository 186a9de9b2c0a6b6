"""Archives of traces: a folder of segments, each with a manifest.

A segment is JSON lines, compressed with zstd: a header, then a line for every node and every relationship (``lines``). A segment
is there as soon as its manifest and itself have their names, and both are on disk by then; whatever else lies in the folder is
left over from a write that was cut off.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson
import zstandard
from pydantic import ValidationError

from loopgraph.contracts.traces.retention import Manifest, Node, NodeId, Relationship
from loopgraph.effects.archive import lines as line_codec
from loopgraph.effects.archive.lines import Item, Line
from loopgraph.effects.clock import new_id
from loopgraph.errors import Conflict, InvalidInput

FORMAT = 1
SUFFIX, MANIFEST_SUFFIX, _PARTIAL = ".jsonl.zst", ".manifest.json", ".partial"
_KIND = "loopgraph traces"
_LEVEL = 3
_READ_BYTES = 1 << 17

T = TypeVar("T")


class Origin(NamedTuple):
    """Where a segment comes from; in its header and its manifest."""

    schema_version: int
    engine: str
    archived_at: datetime


class Holdings(NamedTuple):
    """What a segment holds that is to be deleted, by unit, and the fingerprints of all it holds; with the states that the units
    were in, where this process has read them."""

    units: dict[str, list[NodeId]]
    archived: Set[bytes]


class Archive:
    """The segments of one folder, which is made if need be. All methods block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for one writer, and clears what one before it left unfinished.

        Raises Conflict while another one holds it, InvalidInput for a folder that cannot be written.
        """
        with contextlib.ExitStack() as held:
            with _usable(self.folder):
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = held.enter_context(open(self.folder / ".lock", "w", opener=_private))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict("archive", str(self.folder), "something else is being archived into it") from error
            with _usable(self.folder):
                self._clear()
            yield

    def begin(self, origin: Origin) -> Segment:
        """A new segment. Raises InvalidInput for a folder that cannot be written, as do the segment's methods."""
        name = f"traces-{origin.archived_at:%Y%m%dT%H%M%S.%fZ}-{new_id()[-12:]}{SUFFIX}"
        with _usable(self.folder):
            return Segment(self.folder / name, origin)

    def segments(self) -> list[Path]:
        """The segments, oldest first."""
        return sorted(path for path in self.folder.glob(f"*{SUFFIX}"))

    def pending(self) -> list[Path]:
        """The segments of which the contents have not been deleted from the graph yet, oldest first."""
        return [path for path in self.segments() if manifest_of(path).deleted_at is None]

    def mark_deleted(self, segment: Path, at: datetime) -> None:
        """Notes in the manifest that what the segment holds has gone from the graph."""
        with _usable(self.folder):
            _write_manifest(segment, manifest_of(segment).model_copy(update={"deleted_at": at}))

    def _clear(self) -> None:
        for path in self.folder.glob(f"*{_PARTIAL}"):
            path.unlink()
        for path in self.folder.glob(f"*{MANIFEST_SUFFIX}"):
            if not path.with_name(path.name.removesuffix(MANIFEST_SUFFIX) + SUFFIX).exists():
                path.unlink()


class Segment:
    """A segment while it is written. Closed or discarded, it is done."""

    def __init__(self, path: Path, origin: Origin) -> None:
        self.path = path
        self.size = 0
        self._origin = origin
        self._seen: set[bytes] = set()
        self._without_marks: set[bytes] = set()
        self._states: set[bytes] = set()
        self._units: defaultdict[str, list[NodeId]] = defaultdict(list)
        self._nodes: Counter[str] = Counter()
        self._relationships: Counter[str] = Counter()
        self._partial = path.with_name(path.name + _PARTIAL)
        self._file = _Hashed(os.fdopen(_private(str(self._partial), os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb"))
        sink: Any = self._file  # all that is called of it is write()
        self._stream = zstandard.ZstdCompressor(_LEVEL, write_checksum=True).stream_writer(sink, closefd=False)
        self._lines = 0
        header = {"kind": _KIND, "format": FORMAT, **origin._asdict()}
        self._put(orjson.dumps({name: line_codec.coded(value) for name, value in header.items()}))

    def write(self, items: Iterable[Item], states: Iterable[bytes] = ()) -> None:
        """Writes nodes and relationships, each once, however often it is given; ``states`` are those of their units. ``size``
        counts the nodes so far."""
        self._states.update(states)
        with _usable(self.path.parent):
            for item in items:
                line = line_codec.encoded(item)
                digest = line_codec.digest(line)
                if digest in self._seen:
                    continue
                self._seen.add(digest)
                self._put(line)
                if (fingerprint := line_codec.fingerprint_of_line(line, digest)) != digest:
                    self._without_marks.add(fingerprint)
                if isinstance(item, Node):
                    if item.unit is not None:
                        self._units[item.unit].append(item.id)
                    self._nodes[item.id.label] += 1
                    self.size += 1
                else:
                    self._relationships[item.type] += 1

    def close(self) -> Path:
        """Puts the segment and its manifest on disk under their names, and gives the segment's."""
        with _usable(self.path.parent):
            self._stream.flush(zstandard.FLUSH_FRAME)
            self._file.sync()
            manifest = Manifest(
                format=FORMAT,
                segment=self.path.name,
                sha256=self._file.hash.hexdigest(),
                bytes=self._file.size,
                lines=self._lines,
                nodes=dict(self._nodes),
                relationships=dict(self._relationships),
                **self._origin._asdict(),
            )
            self._file.close()
            _write_manifest(self.path, manifest)
            self._partial.rename(self.path)
            _sync_folder(self.path.parent)
        return self.path

    @property
    def holdings(self) -> Holdings:
        """What was written into it."""
        return Holdings(dict(self._units), self._seen | self._without_marks | self._states)

    def discard(self) -> None:
        """Gives the segment up."""
        with contextlib.suppress(OSError):  # what could not be written before cannot be written now
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def _put(self, line: bytes) -> None:
        self._stream.write(line + b"\n")
        self._lines += 1


class _Hashed:
    """A file that is hashed while it is written."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self._file = file
        self.hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def segments_of(paths: Iterable[Path]) -> list[Path]:
    """The segments that files and folders name, oldest first. Raises InvalidInput for one that is neither, or that has none."""
    found: set[Path] = set()
    for path in paths:
        segments = Archive(path).segments() if path.is_dir() else [path] if path.is_file() else []
        if not segments or not all(segment.name.endswith(SUFFIX) for segment in segments):
            raise InvalidInput(str(path), f"is neither a segment (*{SUFFIX}) nor a folder that holds one")
        found.update(segment.absolute() for segment in segments)
    return sorted(found, key=lambda segment: segment.name)


def manifest_of(segment: Path) -> Manifest:
    """The manifest beside a segment. Raises InvalidInput."""
    path = _manifest_path(segment)
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise InvalidInput(str(segment), f"its manifest {path.name} is not beside it") from error
    except (OSError, ValidationError) as error:
        raise InvalidInput(str(path), "is not a manifest that can be read") from error


def verify(segment: Path) -> Manifest:
    """Reads a whole segment and holds it against its manifest, which is given back.

    Raises InvalidInput, naming the file and, where it can be known, the line.
    """
    manifest = _known_format(segment)
    _check(segment, manifest, _counted(_lines(segment, line_codec.named)))
    return manifest


def read_back(segment: Path) -> Manifest:
    """Reads a segment that this process has just written: the bytes on disk are those written, and decompress to as many lines.

    Raises InvalidInput, as ``verify`` does, which also looks into the lines.
    """
    manifest = _known_format(segment)
    lines = 1 + sum(1 for _ in _lines(segment, lambda _line: None))
    if lines != manifest.lines:
        raise InvalidInput(str(segment), f"line {lines + 1}: it ends here, and should have {manifest.lines} lines")
    if _sha256(segment) != manifest.sha256:
        raise InvalidInput(str(segment), "is not what was written (sha-256)")
    return manifest


def holdings(segment: Path) -> Holdings:
    """What a segment holds. It is read once, and held against its manifest meanwhile. Raises InvalidInput, as ``verify`` does."""
    manifest = _known_format(segment)
    units: defaultdict[str, list[NodeId]] = defaultdict(list)
    archived: set[bytes] = set()

    def noted(line: bytes) -> Line:
        found = line_codec.named(line)
        archived.add(line_codec.fingerprint_of_line(line))
        if found.node is not None and found.unit is not None:
            units[found.unit].append(found.node)
        return found

    _check(segment, manifest, _counted(_lines(segment, noted)))
    return Holdings(dict(units), archived)


def read(segment: Path) -> Iterator[Item]:
    """The nodes and relationships of a segment, in its order. Raises InvalidInput, naming the file and the line."""
    return _lines(segment, line_codec.decoded)


def node_batches(segment: Path, most: int, size: int) -> Iterator[list[Node]]:
    """The nodes of a segment, some at a time. Raises InvalidInput, as ``read`` does.

    Nodes that were archived together, with their relationships behind them, come together, unless they are more than ``most``, or
    their lines have more than ``size`` bytes.
    """
    return _batches(segment, Node, (line_codec.OTHERS[Node],), most, size, together=True)


def relationship_batches(
    segment: Path, most: int, size: int, *, but_steps: bool = False
) -> Iterator[list[Relationship]]:
    """The relationships of a segment, ``most`` at a time, or until their lines have ``size`` bytes; ``but_steps``: without those
    that hang steps at their traces. Raises InvalidInput, as ``read`` does."""
    others = (line_codec.OTHERS[Relationship], *((line_codec.TO_STEPS,) if but_steps else ()))
    return _batches(segment, Relationship, others, most, size)


def _batches(
    segment: Path, kind: type[T], others: tuple[bytes, ...], most: int, size: int, *, together: bool = False
) -> Iterator[list[T]]:
    """What the lines that do not begin like ``others`` stand for; ``together``: these lines are the ends of batches, too."""
    weight = 0

    def chosen(line: bytes) -> Item | None:
        nonlocal weight
        if line.startswith(others):
            return None
        weight += len(line)
        return line_codec.decoded(line)

    batch: list[T] = []
    for item in _lines(segment, chosen):
        if isinstance(item, kind):
            batch.append(item)
        if batch and (len(batch) >= most or weight >= size or (together and item is None)):
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _known_format(segment: Path) -> Manifest:
    manifest = manifest_of(segment)
    if manifest.format > FORMAT:
        raise InvalidInput(
            str(segment), f"has format {manifest.format}, this program knows {FORMAT}: use a newer loopgraph"
        )
    return manifest


def _counted(lines: Iterable[Line]) -> tuple[Counter[str], Counter[str]]:
    """Nodes by label and relationships by type."""
    counts = Counter((line.node is None, line.name) for line in lines)
    nodes, relationships = Counter[str](), Counter[str]()
    for (is_relationship, name), count in counts.items():
        (relationships if is_relationship else nodes)[name] = count
    return nodes, relationships


def _check(segment: Path, manifest: Manifest, counts: tuple[Counter[str], Counter[str]]) -> None:
    """Raises InvalidInput for a segment that is not what its manifest says."""
    lines = 1 + counts[0].total() + counts[1].total()
    if lines < manifest.lines:
        raise InvalidInput(str(segment), f"line {lines + 1}: it ends here, and should have {manifest.lines} lines")
    if (_sha256(segment), *counts) != (manifest.sha256, manifest.nodes, manifest.relationships):
        raise InvalidInput(str(segment), "is not what its manifest says (sha-256, counts): it was changed afterwards")


def _sha256(segment: Path) -> str:
    with segment.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(segment: Path, make: Callable[[bytes], T]) -> Iterator[T]:
    """What ``make`` makes of the lines after the header. Raises InvalidInput, naming the file and the line."""
    number = 0
    with segment.open("rb") as file:
        lines = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file), _READ_BYTES)
        try:
            for number, line in enumerate(lines, start=1):
                if number > 1:
                    yield make(line[:-1])
                elif orjson.loads(line).get("kind") != _KIND:
                    raise ValueError("is not the header of an archive of traces")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(str(segment), f"line {number}: {error}") from error
        except zstandard.ZstdError as error:
            raise InvalidInput(str(segment), f"line {number + 1}: cannot be decompressed ({error})") from error


def _manifest_path(segment: Path) -> Path:
    return segment.with_name(segment.name.removesuffix(SUFFIX) + MANIFEST_SUFFIX)


def _write_manifest(segment: Path, manifest: Manifest) -> None:
    path = _manifest_path(segment)
    partial = path.with_name(path.name + _PARTIAL)
    with open(partial, "wb", opener=_private) as file:
        file.write(orjson.dumps(manifest.model_dump(mode="json"), option=orjson.OPT_INDENT_2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    _sync_folder(path.parent)


def _private(path: str, flags: int) -> int:
    """Opens a file that its owner alone can read: what is archived was as private in the graph."""
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    """Puts the names of a folder on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidInput("archive", f"{folder} cannot be written: {error.strerror or error}") from error
