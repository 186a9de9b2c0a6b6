"""Asking generators for proposals: those that are built in, and those that others have installed.

What others wrote may raise, never come back, or answer nonsense. So each generator runs in a thread of its own, with its own copy
of what it is given, until a deadline; what comes of it is an answer or a problem, and never an error. A thread cannot be ended:
one that does not come back in time goes on, but is not waited for, also not by a process that ends, and as long as it goes on its
generator is not asked again.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from loopgraph.contracts.loop.proposals import Analysis, Generator
from loopgraph.errors import InvalidSetting

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "loopgraph.generators"
"""The group of entry points that name generators."""

DEADLINE_S: Final = 60.0
MOST_ITEMS: Final = 100
"""So much of an answer is taken, however long it is."""


@dataclass(frozen=True)
class Answer:
    """What came of asking a generator: what it gave back, unchecked, or what was wrong with it."""

    generator: str
    items: Sequence[Any] = ()
    problem: str | None = None


class Generators:
    """Some generators by name. One instance may be asked by several runs at once."""

    def __init__(self, generators: Mapping[str, Generator | EntryPoint], deadline_s: float = DEADLINE_S) -> None:
        self._generators = dict(generators)
        self._deadline_s = deadline_s
        self._lost: set[str] = set()

    @classmethod
    def named(
        cls, names: Iterable[str], built_in: Mapping[str, Generator], deadline_s: float = DEADLINE_S
    ) -> Generators:
        """Those of these names, in their order: built in, or installed as an entry point of ``GROUP``, which is not loaded yet.

        A name that is built in means that one. Raises InvalidSetting for a name that there is not, or that several packages have.
        """
        names = list(dict.fromkeys(names))
        installed = {} if all(name in built_in for name in names) else _installed()
        found: dict[str, Generator | EntryPoint] = {}
        for name in names:
            if name in built_in:
                found[name] = built_in[name]
                continue
            targets = {point.value: point for point in installed.get(name, ())}
            if len(targets) != 1:
                known = ", ".join([*built_in, *sorted(installed.keys() - built_in.keys())])
                problem = f"is that of {len(targets)} installed packages" if targets else "is the name of none"
                raise InvalidSetting(f"LOOPGRAPH_GENERATORS: {name!r} {problem}; there are {known}")
            [found[name]] = targets.values()
        return cls(found, deadline_s)

    @property
    def names(self) -> list[str]:
        """Their names, in the order in which their proposals are taken."""
        return list(self._generators)

    async def ask(self, analysis: Analysis) -> list[Answer]:
        """An answer of each, in their order; all are asked at once."""
        return list(await asyncio.gather(*(self._ask(name, analysis) for name in self._generators)))

    async def _ask(self, name: str, analysis: Analysis) -> Answer:
        if name in self._lost:
            return Answer(name, problem="was not asked: it has not come back from an earlier run yet")
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()

        def tell(answer: Answer) -> None:
            self._lost.discard(name)
            if not answered.done():
                answered.set_result(answer)

        def work() -> None:
            answer = _answer(name, self._generators[name], analysis.model_copy(deep=True), self._deadline_s)
            with suppress(RuntimeError):  # the loop has ended meanwhile, and nobody waits
                loop.call_soon_threadsafe(tell, answer)

        threading.Thread(target=work, name=f"generator {name}", daemon=True).start()
        try:
            return await asyncio.wait_for(asyncio.shield(answered), self._deadline_s)
        except TimeoutError:
            self._lost.add(name)
            return Answer(name, problem=f"did not come back within {self._deadline_s:g} s")


def _installed() -> dict[str, list[EntryPoint]]:
    """What packages name in the group, by name."""
    from importlib.metadata import entry_points  # most services ask for none, and start without looking

    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return found


def _answer(name: str, generator: Generator | EntryPoint, analysis: Analysis, deadline_s: float) -> Answer:
    """Asks a generator, in whatever thread this is."""
    try:
        propose: Generator = generator if callable(generator) else generator.load()
        found: Any = propose(analysis)
        if inspect.isawaitable(found):
            found = asyncio.run(_awaited(found, deadline_s))
        return Answer(name, list(islice(found, MOST_ITEMS)))
    except BaseException as error:  # also SystemExit: it is only its own thread that it may end
        return Answer(name, problem=f"failed: {_words(error)}")


async def _awaited(answer: Awaitable[Any], deadline_s: float) -> Any:
    async with asyncio.timeout(deadline_s):
        return await answer


def _words(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}".removesuffix(": ")
    except Exception:  # an error of somebody else's may not even be able to say what it is
        return type(error).__name__
