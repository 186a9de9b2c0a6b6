"""The forms that files of transcripts have beside plain lines: compressed ones, and one object a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import orjson
import zstandard

from loopgraph.effects.transcripts.files import COMPRESSED, FoundFile, Line, LineReader, Lines, opened

_LARGEST_WINDOW: Final = 8 * 1024 * 1024
"""What RFC 8878 asks decoders to support at least; a frame that needs more is not read."""


_SKIPPABLE: Final = 0x184D2A50
_RLE: Final = 1
"""A block that is one byte, many times."""


class _Frames(io.RawIOBase):
    """The content of a file with frames of Zstandard; what is none is an OSError, as of any file that cannot be read, and so is
    the end of one whose last frame has none: the rest was lost, or is yet to be written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
        self._content = decompressor.stream_reader(file, read_across_frames=True)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            size = int(self._content.readinto(buffer))
        except zstandard.ZstdError as error:
            raise OSError(f"it cannot be decompressed: {error}") from error
        if not size and not self._ends_with_a_frame():
            raise OSError("it was cut off in the middle of what is compressed: what stands before that is read")
        return size

    def _ends_with_a_frame(self) -> bool:
        """Whether the file ends where a frame does (RFC 8878, 3.1), which the decompressor does not tell."""
        file, read = self._file, self._file.tell()
        end, at = file.seek(0, io.SEEK_END), 0

        def number(size: int) -> int:
            nonlocal at
            file.seek(at)
            at += size
            return int.from_bytes(file.read(size), "little")

        while at < end:
            if number(4) & ~0xF == _SKIPPABLE:
                size = number(4)
                at += size
                continue
            descriptor = number(1)
            is_single = descriptor >> 5 & 1
            at += (not is_single) + (0, 1, 2, 4)[descriptor & 3] + (is_single, 2, 4, 8)[descriptor >> 6]
            block = 0
            while not block & 1 and at <= end:
                block = number(3)
                at += 1 if block >> 1 & 3 == _RLE else block >> 3
            at += 4 * (descriptor >> 2 & 1)  # its checksum
        file.seek(read)
        return at == end

    def close(self) -> None:
        self._file.close()
        super().close()


class _Content(io.BufferedReader):
    """What a compressed file holds; ``at`` so many bytes from its beginning."""

    def __init__(self, path: Path) -> None:
        super().__init__(_Frames(opened(path)), 1 << 18)
        self.at = 0

    def read(self, size: int | None = -1) -> bytes:
        part = super().read(size)
        self.at += len(part)
        return part

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        self.at += len(line)
        return line

    def skip_to(self, offset: int) -> None:
        """Goes on to an offset."""
        while self.at < offset and self.read(min(offset - self.at, 1 << 20)):
            pass


class CompressedReader(LineReader):
    """The lines of a file that is compressed with Zstandard; offsets are those of its content.

    The file stays open between two looks, for there is no way into its middle but from its beginning.
    """

    _content: _Content | None = None

    @contextmanager
    def _from(self, offset: int) -> Iterator[BinaryIO]:
        content, self._content = self._content, None
        if content is None or content.at != offset:
            content = _Content(self.path)
            content.skip_to(offset)
        yield cast("BinaryIO", content)
        self._content = content


class WholeFile(LineReader):
    """A file that holds one JSON object, which is written anew when it changes: one line. What is half written waits."""

    def lines(self, *, last: bool = False) -> Iterator[Line]:
        """See ``Lines``."""
        with self._from(self.read_bytes) as file:
            content = file.read(self._longest + 1)
            if self.read_bytes or not content:
                return
            is_long = len(content) > self._longest
            if not (is_long or _is_json(content)):
                return
            self._take(content)
            while part := file.read(1 << 20):
                self._take(part)
            yield Line(None if is_long else content, self.read_bytes > self._recorded)


def _is_json(content: bytes) -> bool:
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return True


def lines_of(file: FoundFile, longest: int) -> Lines:
    """The lines of a file, by its name."""
    if file.path.suffix == COMPRESSED:
        return CompressedReader(file.path, longest)
    return (WholeFile if file.path.suffix == ".json" else LineReader)(file.path, longest)
