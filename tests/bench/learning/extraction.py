"""How many traces a second are learned from, on an embedded engine of its own.

    PYTHONPATH=tests python tests/bench/learning/extraction.py [--traces 4000] [--steps 12] [--kinds 200] [--meaning]

Traces are recorded first, and not timed; then the learner goes through them as it goes through what was there before it began.
With ``--meaning``, prompts are matched by the model of embeddings that is installed, else by their words.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from loopgraph.computes.learning.requests.vocabulary import words_of
from loopgraph.configured import embedders
from loopgraph.contracts.traces.events import TraceEvent
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.effects.schema import schema
from loopgraph.orchestrators.learning.extraction import AT_ONCE
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.settings import Settings
from support.learning import learner, tell, told
from support.traces import NOON, statement

TOOLS: Sequence[tuple[str, dict[str, Any]]] = (
    ("Read", {"file_path": "/src/app/parser.py"}),
    ("Grep", {"pattern": "def parse"}),
    ("Edit", {"file_path": "/src/app/parser.py", "old_string": "a" * 400, "new_string": "b" * 400}),
    ("Bash", {"command": "python -m pytest -q tests"}),
    ("Bash", {"command": "git commit -am fixed"}),
    ("Write", {"file_path": "/src/README.md", "content": "x" * 2_000}),
    ("WebFetch", {"url": "https://example.com"}),
)
ACTIONS = ("fix", "add", "rename", "delete", "document", "test", "deploy", "refactor")
THINGS = words_of(
    "parser lexer router invoice login cache index queue mailer report chart export import schema token editor"
)
PARTS = words_of("timeout header footer button column table field error retry limit format order filter page total")


def stories(count: int, steps: int, kinds: int) -> Iterator[list[TraceEvent]]:
    """Prompts of so many kinds, each of which goes much the same way each time; one of six fails."""
    chance = random.Random(11)
    every = [(action, thing, part) for action in ACTIONS for thing in sorted(THINGS) for part in sorted(PARTS)]
    chosen = chance.sample(every, min(kinds, len(every)))
    ways = {kind: [chance.choice(TOOLS) for _ in range(steps)] for kind in chosen}
    for number in range(count):
        kind = chance.choice(chosen)
        way = list(ways[kind])
        if chance.random() < 0.5:
            way.insert(chance.randrange(len(way)), chance.choice(TOOLS))
        success = chance.random() > 1 / 6
        failing = () if success else (len(way) - 1,)
        action, thing, part = kind
        prompt = chance.choice(("{0} the {2} of the {1}", "please {0} the {1} {2}", "{0} {1} {2}")).format(
            action, thing, part
        )
        at = NOON + timedelta(minutes=number)
        yield told(prompt, way, success=success, failing=failing, at=at, session_id=f"s{number // 8}")


@asynccontextmanager
async def graph_in(folder: Path) -> Any:
    """An empty graph of its own."""
    async with Graph.open(Settings(graph_url=f"embedded:{folder}")) as graph:
        await schema.prepare(graph)
        yield graph


async def run(traces: int, steps: int, kinds: int, *, meaning: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with graph_in(Path(folder) / "graph") as graph:
            part: list[list[TraceEvent]] = []
            for story in stories(traces, steps, kinds):
                part.append(story)
                if len(part) == 50:
                    await tell(graph, *part)
                    part = []
            if part:
                await tell(graph, *part)
            prompts, (wanted, *earlier) = PromptReads(graph), embedders(Settings())
            closest = Matching(PromptSearch(prompts, wanted, earlier), prompts) if meaning else None
            learning = learner(graph, closest=closest)
            began, slices = time.perf_counter(), []
            more = True
            while more:
                at = time.perf_counter()
                more = await learning.look_back()
                slices.append(time.perf_counter() - at)
            took = time.perf_counter() - began
            [row] = await statement(
                graph,
                "MATCH (l:LearnedPattern) RETURN count(l) AS patterns, sum(l.successes) AS successes, "
                "sum(l.failures) AS failures",
            )
            [versions] = await statement(graph, "MATCH (v:PatternVersion) RETURN count(v) AS versions")
            whole = sorted(slices[:-1]) or slices
            print(
                f"{traces:,} traces of about {steps} steps, {kinds} kinds, {'by meaning' if meaning else 'by words'}: "
                f"{traces / took:,.0f} a second; a slice of {AT_ONCE} takes {whole[len(whole) // 2]:.2f} s (median), "
                f"{whole[-1]:.2f} s (most)"
            )
            print(
                f"{row['patterns']:,} patterns of {row['successes']:,} successful and {row['failures']:,} failed traces, "
                f"{versions['versions']:,} versions"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=4_000)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--kinds", type=int, default=200)
    parser.add_argument("--meaning", action="store_true")
    given = parser.parse_args()
    asyncio.run(run(given.traces, given.steps, given.kinds, meaning=given.meaning))
