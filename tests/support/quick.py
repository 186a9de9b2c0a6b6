"""What `make test` and `make quick` leave out of many cases that are alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def first_quick(cases: Iterable[Any], quick: int = 1) -> list[Any]:
    """Values, or tuples of the values, of a parametrised test; all but the first so many are for the exhaustive run."""
    further = (pytest.mark.slow, pytest.mark.exhaustive)
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=further if number >= quick else ())
        for number, case in enumerate(cases)
    ]
