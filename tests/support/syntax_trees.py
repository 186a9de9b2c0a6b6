"""Syntax trees, made by one thread at a time.

Python 3.11 keeps one depth of recursion for all that make them: of two threads, such as Hypothesis beside pytest that shows where
a test failed, one ends with "SystemError: AST constructor recursion depth mismatch".
"""

from __future__ import annotations

import ast
import threading
from typing import Any

_parse, _lock = ast.parse, threading.RLock()


def parse(*args: Any, **kwargs: Any) -> Any:
    with _lock:
        return _parse(*args, **kwargs)


def one_at_a_time() -> None:
    """From now on whoever calls ``ast.parse`` waits for others who do."""
    ast.parse = parse
