"""The models of ``loopgraph.ogm`` are source, so that they can be read and completed; this makes it of the catalogue.

``python -m support.ogm_models`` writes it (``make schema``).
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from loopgraph.contracts.catalogue.kinds import Kind, NodeType, Properties
from loopgraph.contracts.catalogue.nodes import NODES
from loopgraph.contracts.catalogue.relationships import CONNECTIONS, Connection

FOLDER = Path(__file__).parents[2] / "app" / "loopgraph" / "ogm"

TYPES = {
    Kind.TEXT: "str",
    Kind.INTEGER: "int",
    Kind.FLOAT: "float",
    Kind.BOOLEAN: "bool",
    Kind.INSTANT: "datetime",
    Kind.TEXTS: "list[str]",
    Kind.JSON: "Json",
}

TAKEN = {"label"}
"""Names that GQLAlchemy's own classes have; a field of such a name has ``_`` behind it."""

_WIDTH = 124

_MADE = "Made by `make schema` of `loopgraph.contracts.catalogue`: not to be changed by hand."


def sources() -> dict[str, str]:
    """The text of each file of models, by its name."""
    parts = {"patterns": NODES[:3], "traces": NODES[3:11], "improvement": NODES[11:16], "others": NODES[16:]}
    files = {f"{name}.py": "\n".join(_nodes(name, nodes)) for name, nodes in parts.items()}
    files["relationships.py"] = "\n".join(_relationships())
    return {name: _formatted(text) for name, text in files.items()}


def class_name(type_: str) -> str:
    """``HAS_VERSION`` as ``HasVersion``."""
    return "".join(word.capitalize() for word in type_.split("_"))


def _nodes(name: str, nodes: Sequence[NodeType]) -> Iterator[str]:
    yield f'"""Nodes of the graph: {name}. {_MADE}"""\n'
    yield from _imports(nodes, "Node")
    for node in nodes:
        key = f"Key: ``{node.key}``." if node.key else "Nothing identifies it."
        yield f'class {node.label}(Node, label="{node.label}"):'
        yield f'    """{node.purpose.replace("`", "``")}\n\n    {key}\n    """\n'
        yield from _fields(node.properties)


def _relationships() -> Iterator[str]:
    yield f'"""Relationships of the graph. {_MADE}"""\n'
    yield from _imports(CONNECTIONS, "Relationship")
    for connection in CONNECTIONS:
        said = "From " + ", ".join(f"``{start}`` to ``{end}``" for start, end in connection.ends)
        ends = "\n    ".join(textwrap.wrap(said, _WIDTH, break_long_words=False))
        yield f'class {class_name(connection.type)}(Relationship, type="{connection.type}"):'
        yield f'    """{connection.purpose.replace("`", "``")}\n\n    {ends}.\n    """\n'
        yield from _fields(connection.properties)


def _imports(types: Sequence[NodeType | Connection], base: str) -> Iterator[str]:
    properties = {(name, one.kind) for type_ in types for name, one in type_.properties.items()}
    kinds = {kind for _, kind in properties}
    if Kind.INSTANT in kinds:
        yield "from datetime import datetime\n"
    yield f"from gqlalchemy import {', '.join(['Field'] * bool(TAKEN & {name for name, _ in properties}) + [base])}"
    if Kind.JSON in kinds:
        yield "from pydantic.v1 import Json"
    names = [node.label if isinstance(node, NodeType) else class_name(node.type) for node in types]
    yield f"\n__all__ = {tuple(sorted(names))!r}\n\n"


def _fields(properties: Properties) -> Iterator[str]:
    ordered = sorted(properties.items(), key=lambda item: item[1].kept)
    begun = False
    for name, one in ordered:
        if one.kept and not begun:
            begun = True
            yield "\n    # Kept by the service for itself; these may change with any release.\n"
        if one.note:
            yield f"    # {one.note}"
        if name in TAKEN:
            yield f'    {name}_: {TYPES[one.kind]} | None = Field(None, alias="{name}")'
        else:
            yield f"    {name}: {TYPES[one.kind]} | None = None"
    yield "\n"


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(FOLDER / "models.py"), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    for name, text in sources().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
