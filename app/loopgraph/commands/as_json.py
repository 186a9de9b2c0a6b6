"""``--json``: the same option, printed by the same hand, wherever a command lists or reports.

Standard output then holds one JSON document and nothing else, or one object a line where it goes on and on; what people are told
meanwhile is on standard error, and the exit code is the same. Names are those of GraphQL where a service answered, and
snake_case where the command asked the graph itself.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def print_json(value: Any, *, line: bool = False) -> None:
    """JSON as it is, whatever the width of the terminal; ``line``: as one line, which is sent at once."""
    text = json.dumps(value, indent=None if line else 2, ensure_ascii=False, default=_plain)
    sys.stdout.write(text.encode("utf-8", "replace").decode() + "\n")
    if line:
        sys.stdout.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
