"""Finds ``cypher/`` and ``graphql/`` in a checkout and in a wheel; a query file becomes a checked value.

A ``.cypher`` file holds one statement under a header comment::

    // What the statement is for, in a sentence or two.
    // access: read
    // parameters: node_id, limit
    // returns: node_id, depth

One that changes traces, what is in them, or sessions also says whose it is, so that they are counted anew (``effects/usage``);
one that makes events of the lineage or moves feedback runs says which, so that those who follow are told::

    // marks: Trace rows.correlation_id, HookExecution execution_ids

Each is a label and where its keys are found: a parameter, or a field of its rows; ``Gone`` is a trace that it removes for good.
``nothing`` is for what does not change how anything is counted, or what another statement of the same transaction marks.

Loading refuses a file whose parameters are not those it uses, or whose access does not fit its clauses, with file and line.
Where an engine needs another text, ``name.memgraph.cypher`` stands beside ``name.cypher`` with the same parameters and
columns. Relationship types and property names cannot be parameters of Cypher: a text may use the words of ``CHOICES`` in
their place (``-[r:EDGE_TYPE]->``), and whoever runs it chooses from the closed set with ``Query.choose``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from loopgraph.contracts.lineage.patterns import RelationshipType
from loopgraph.contracts.traces.retention import KEYS, TYPES
from loopgraph.errors import AssetError
from loopgraph.settings import Engine


class Access(StrEnum):
    """How a statement is run; a cluster sends reads to followers."""

    READ = "read"
    WRITE = "write"


class _Choices(Mapping[str, tuple[str, ...]]):
    """Words with their values. Those of the whole catalogue are made when one is looked up: few commands need them, and it takes
    its time to load."""

    def __init__(self, values: Mapping[str, tuple[str, ...]], of_catalogue: tuple[str, ...]) -> None:
        self._values = values
        self._of_catalogue = of_catalogue

    def __getitem__(self, word: str) -> tuple[str, ...]:
        return self._values[word] if word in self._values else _catalogue()[word]

    def __contains__(self, word: object) -> bool:
        return word in self._values or word in self._of_catalogue

    def __iter__(self) -> Iterator[str]:
        return iter((*self._values, *self._of_catalogue))

    def __len__(self) -> int:
        return len(self._values) + len(self._of_catalogue)


@cache
def _catalogue() -> Mapping[str, tuple[str, ...]]:
    from loopgraph.contracts.catalogue.nodes import KEYS as ALL_KEYS
    from loopgraph.contracts.catalogue.nodes import NODES
    from loopgraph.contracts.catalogue.relationships import CONNECTIONS

    labels, keys = tuple(node.label for node in NODES), tuple(dict.fromkeys(ALL_KEYS.values()))
    types = tuple(connection.type for connection in CONNECTIONS)
    return {"ANY_LABEL": labels, "TO_LABEL": labels, "ANY_KEY": keys, "TO_KEY": keys, "ANY_TYPE": types}


CHOICES: Mapping[str, tuple[str, ...]] = _Choices(
    {
        "EDGE_TYPE": tuple(kind.value for kind in RelationshipType),
        "EDGE_TYPES": tuple(kind.value for kind in RelationshipType),
        "EVENT_KEY": ("time_key", "pattern_key", "node_key", "correlation_key"),
        "TRACE_KEY": ("time_key", "session_key"),
        "DIRECTION": ("ASC", "DESC"),
        "IS_START": ("= $node_ids[0]", "IN $node_ids"),
        "NODE_LABEL": tuple(KEYS),
        "NODE_KEY": tuple(KEYS.values()),
        "OTHER_LABEL": tuple(KEYS),
        "OTHER_KEY": tuple(KEYS.values()),
        "DRAWN_TYPE": TYPES,
    },
    ("ANY_LABEL", "TO_LABEL", "ANY_KEY", "TO_KEY", "ANY_TYPE"),
)
"""Words a text may hold where Cypher takes no parameter: one of the values, or for the plural several joined by ``|``."""

_CODE = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<quoted>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`)"""
    r"""|\$(?P<parameter>\w+)|(?P<word>[A-Za-z_]\w*)""",
    re.DOTALL,
)
_HEADER = re.compile(r"//\s*(?P<key>access|parameters|marks|returns):\s*(?P<value>.*?)\s*$")
_WRITING = frozenset({"CREATE", "MERGE", "SET", "DELETE", "REMOVE", "DROP", "FOREACH"})


TOLD = ("LineageEvent", "FeedbackRun")
"""Labels of which those who follow are told."""

_MARKING = frozenset(
    {"Trace", "HookExecution", "EndpointCall", "Session", "RoutingDecision", "USED", "NODE_LABEL", "OTHER_LABEL", *TOLD}
)
"""Whoever writes one of these says what it marks."""


class Marks(NamedTuple):
    """What a statement changes: the keys of nodes of a label, and where among its parameters they are."""

    label: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """One statement: its name (``lineage/reached``), its texts by engine (None: any), and what its header declares."""

    name: str
    purpose: str
    access: Access
    parameters: frozenset[str]
    returns: tuple[str, ...]
    choices: frozenset[str]
    texts: tuple[tuple[Engine | None, str], ...]
    marks: tuple[Marks, ...] = ()

    def text(self, engine: Engine) -> str:
        """The statement as this engine is to run it. Raises ValueError while a choice is open."""
        if self.choices:
            raise ValueError(f"{self.name}: choose {', '.join(sorted(self.choices))} first")
        texts = dict(self.texts)
        return texts.get(engine) or texts[None]

    def choose(self, **values: str | Iterable[str]) -> Query:
        """The same statement with its choices made. Raises ValueError for a value outside the closed set."""
        return _chosen(self, tuple((word, _selection(word, values[word])) for word in sorted(values)))


def _selection(word: str, value: str | Iterable[str]) -> str:
    selected = [value] if isinstance(value, str) else sorted(value)
    if word not in CHOICES or not selected or not set(selected) <= set(CHOICES[word]):
        raise ValueError(f"{selected!r} is not a choice for {word}")
    if len(selected) > 1 and not word.endswith("S"):
        raise ValueError(f"{word} takes one value, not {len(selected)}")
    return "|".join(selected)


@cache
def _chosen(query: Query, values: tuple[tuple[str, str], ...]) -> Query:
    texts, marks = query.texts, query.marks
    for word, value in values:
        texts = tuple((engine, re.sub(rf"\b{word}\b", value, text)) for engine, text in texts)
        marks = tuple(
            Marks(value if label == word else label, tuple(value if name == word else name for name in path))
            for label, path in marks
        )
    return replace(query, choices=query.choices - {word for word, _ in values}, texts=texts, marks=marks)


@dataclass(frozen=True)
class _Parsed:
    purpose: str
    header: Mapping[str, tuple[str, int]]
    parameters: Mapping[str, int]
    words: Mapping[str, int]


def _root() -> Path:
    package = Path(__file__).resolve().parent
    wheel = package / "_assets"
    return wheel if wheel.is_dir() else package.parents[1]


def asset(*parts: str) -> Path:
    """Path of a file or folder under ``cypher/`` or ``graphql/``."""
    return _root().joinpath(*parts)


def _parse(text: str) -> _Parsed:
    purpose, header = [], {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("//"):
            break
        if match := _HEADER.match(line):
            header[match["key"]] = (match["value"], number)
        elif not header:
            purpose.append(line.removeprefix("//").strip())
    parameters: dict[str, int] = {}
    words: dict[str, int] = {}
    for match in _CODE.finditer(text):
        line_number = text.count("\n", 0, match.start()) + 1
        if match["parameter"]:
            parameters.setdefault(match["parameter"], line_number)
        elif match["word"]:
            words.setdefault(match["word"], line_number)
    return _Parsed(" ".join(purpose), header, parameters, words)


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip() and name.strip() != "nothing")


def _marks(parsed: _Parsed) -> tuple[Marks, ...]:
    value, _ = parsed.header.get("marks", ("nothing", 1))
    pairs = (name.split() for name in _names(value))
    return tuple(Marks(label, tuple(path.split("."))) for label, path in pairs)


def _check_marks(file: str, parsed: _Parsed) -> None:
    written = sorted(_MARKING & parsed.words.keys())
    if "marks" not in parsed.header:
        if written and parsed.header["access"][0] == Access.WRITE and not file.startswith("migrations/"):
            raise AssetError(file, 1, f"it writes {written[0]}, and lacks `// marks: …` (write `nothing` for none)")
        return
    value, line = parsed.header["marks"]
    for name in _names(value):
        if len(name.split()) != 2:
            raise AssetError(file, line, f"marks are labels, each with where its keys are, not {name!r}")
    for label, path in _marks(parsed):
        if label not in (*KEYS, *TOLD, "NODE_LABEL", "OTHER_LABEL", "Gone") or path[0] not in parsed.parameters:
            raise AssetError(file, line, f"{label} {'.'.join(path)} is no label with a parameter of the statement")


def _check(file: str, parsed: _Parsed) -> None:
    if not parsed.purpose:
        raise AssetError(file, 1, "the header must begin with what the statement is for")
    for key in ("access", "parameters", "returns"):
        if key not in parsed.header:
            raise AssetError(file, 1, f"the header lacks `// {key}: …` (write `nothing` for none)")
    value, line = parsed.header["access"]
    if value not in set(Access):
        raise AssetError(file, line, f"access must be read or write, not {value!r}")
    writing = sorted((number, word) for word, number in parsed.words.items() if word.upper() in _WRITING)
    if value == Access.READ and writing:
        raise AssetError(file, writing[0][0], f"access is read, but the statement has {writing[0][1]}")
    if value == Access.WRITE and not writing:
        raise AssetError(file, line, "access is write, but the statement only reads")
    value, line = parsed.header["parameters"]
    declared = set(_names(value))
    for name, number in parsed.parameters.items():
        if name not in declared:
            raise AssetError(file, number, f"the parameter ${name} is used but not declared")
    for name in sorted(declared - set(parsed.parameters)):
        raise AssetError(file, line, f"the parameter {name} is declared but not used")
    _check_marks(file, parsed)


def load_query(folder: Path, name: str) -> Query:
    """The query ``name`` (without suffix) under ``folder``. Raises AssetError with file and line."""
    base = folder / f"{name}.cypher"
    if not base.is_file():
        raise AssetError(f"{name}.cypher", 1, "there is no such query file")
    texts: list[tuple[Engine | None, str]] = []
    first: _Parsed | None = None
    for engine in (None, *Engine):
        path = base if engine is None else folder / f"{name}.{engine.value}.cypher"
        if not path.is_file():
            continue
        file = path.relative_to(folder).as_posix()
        text = path.read_text(encoding="utf-8")
        parsed = _parse(text)
        _check(file, parsed)
        first = first or parsed
        for key in ("access", "parameters", "returns"):
            value, line = parsed.header[key]
            if _names(value) != _names(first.header[key][0]):
                raise AssetError(file, line, f"{key} must be the same as in {base.name}")
        texts.append((engine, _body(text)))
    assert first is not None  # the base file exists
    return Query(
        name=name,
        purpose=first.purpose,
        access=Access(first.header["access"][0]),
        parameters=frozenset(_names(first.header["parameters"][0])),
        returns=_names(first.header["returns"][0]),
        choices=frozenset(word for word in first.words if word in CHOICES),
        texts=tuple(texts),
        marks=_marks(first),
    )


def _body(text: str) -> str:
    lines = text.splitlines()
    while lines and lines[0].startswith("//"):
        lines.pop(0)
    return "\n".join(lines).strip()


@cache
def query(name: str) -> Query:
    """The shipped query ``name``, such as ``lineage/reached``. Raises AssetError with file and line."""
    return load_query(asset("cypher"), name)


def all_queries() -> tuple[Query, ...]:
    """Every shipped query, by name; the schema files are not queries."""
    folder = asset("cypher")
    names = sorted(
        path.relative_to(folder).as_posix().removesuffix(".cypher")
        for path in folder.rglob("*.cypher")
        if path.parent.name != "schema" and not any(path.name.endswith(f".{e.value}.cypher") for e in Engine)
    )
    return tuple(query(name) for name in names)


def schema_statements(engine: Engine) -> tuple[str, ...]:
    """The statements of ``cypher/schema/<engine>.cypher``, in order; each is idempotent."""
    return statements_of(asset("cypher", "schema", f"{engine.value}.cypher"))


def statements_of(file: Path) -> tuple[str, ...]:
    """The statements of a schema file, in order."""
    text = file.read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("//"))
    return tuple(statement.strip() for statement in code.split(";") if statement.strip())


def digest_of(folder: Path) -> str:
    """A digest of every ``.cypher`` file in a folder and below, with their names."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.cypher")):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
