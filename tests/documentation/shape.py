"""Whether what a command prints has the shape that a page shows: the same words in the same lines, whatever the numbers, ids,
times and folders are. A line of ``…`` stands for any lines, ``…`` in a line for any text."""

from __future__ import annotations

import re

_CHANGING = [
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\blgt_[\w-]+"), "TOKEN"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?"), "TIME"),
    (re.compile(r"\b(?:[0-9a-f]{12}|(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{7,64})\b"), "ID"),
    (re.compile(r"(?<![\w.])(?:~|/[\w.+-]+)(?:/[\w.+-]+)+"), "PATH"),
    (re.compile(r"(?:[<>≥≤] |[+-])?\d[\d,.:]*(?:e[+-]?\d+)?"), "0"),
    (re.compile(r"\b0 (?:[kM]|[kMG]?B|ms|s|min|h)\b"), "0"),
    (re.compile(r"[─━-]{2,}"), "--"),
    (re.compile(r"\s+"), " "),
]


def shape(line: str) -> str:
    """A line without what changes from run to run."""
    for pattern, said in _CHANGING:
        line = pattern.sub(said, line)
    return line.strip()


def differs(shown: str, printed: str) -> str | None:
    """What is shown and not printed so, in a sentence; None if all is."""
    wanted = [shape(line) for line in shown.splitlines() if line.strip()]
    got = [shape(line) for line in printed.splitlines() if line.strip()]
    pattern = "".join(map(_line, wanted))
    if re.fullmatch(pattern, "".join(f"{line}\n" for line in got)):
        return None
    for number in range(len(wanted), -1, -1):
        if re.match("".join(map(_line, wanted[:number])), "".join(f"{line}\n" for line in got)):
            break
    missing = wanted[number] if number < len(wanted) else "(the end)"
    return f"{missing!r} does not follow; what was printed is\n{printed}"


def _line(wanted: str) -> str:
    if wanted == "…":
        return r"(?:[^\n]*\n)*?"
    return ".*".join(map(re.escape, wanted.split("…"))) + r"\n"
