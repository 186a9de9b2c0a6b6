"""Who watches a demo and shows nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from loopgraph.demo.story import Case


class Nobody:
    """An audience that looks away."""

    def begins(self, what: str) -> None: ...

    def done(self, sentence: str) -> None: ...

    def watch(self, cases: Sequence[Case]) -> AbstractContextManager[None]:
        return nullcontext()

    def moved(self) -> None: ...
