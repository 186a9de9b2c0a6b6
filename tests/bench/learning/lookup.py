"""Lookups among many learned patterns, over GraphQL: ``PYTHONPATH=tests python -m bench.learning.lookup [PATTERNS] [FOLDER]``.

Learned patterns are written into an embedded graph, each with a prompt of its own, and embedded; then a service in a process
of its own is asked over HTTP, one question after another. Prints one Markdown table. A question is a whole request: HTTP,
GraphQL, the embedding of the prompt, the search, the statement that looks the candidates up as they are committed, the scores.

- with the embedding: each question is another one.
- without it: the same question again, whose vector the service has still.
- of no action: the rows of every action are compared; else those are left out that ask for something else.

A folder that is given is kept and used again.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offline_model import OfflineModel
from loopgraph.effects.learning.prompts import ALL_PROMPTS, PromptReads
from loopgraph.effects.schema import schema
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.settings import Settings
from support.learned import Learned, learn
from support.service import operation

PATTERNS, QUESTIONS, SLICE = 100_000, 300, 500
HEAP = "2g"

_ACTIONS = (
    "fix", "add tests for", "refactor", "explain", "rename", "delete", "add logging to", "document",
    "optimize", "list the callers of",
    "deploy", "review", "add caching to", "migrate", "validate the input of", "add pagination to",
    "split", "upgrade", "configure", "move",
)  # fmt: skip
_THINGS = (
    "login form", "csv parser", "payment client", "session middleware", "invoice total", "search page",
    "report query", "image service",
    "order service", "job queue", "websocket reconnect", "rate limiter", "settings loader", "error page",
    "audit log", "webhook handler",
    "currency converter", "address lookup", "stock counter", "mail template", "feature flags", "release script", "health check",
    "price rules", "coupon codes", "shipping labels", "tax table", "user avatar", "notification feed",
    "backup task", "cache warmer",
    "data importer", "graph layout", "token refresh", "theme switch", "upload dialog", "date picker",
    "chart legend", "map view", "cart",
)  # fmt: skip
_PLACES = (
    "in the checkout", "of the admin console", "on mobile", "for guests", "in the billing service",
    "after the upgrade", "behind the proxy",
    "in the nightly build", "of the public api", "on staging", "for large accounts", "in the warehouse app", "without javascript",
)  # fmt: skip
_WHY = (
    "because customers complain", "before the release", "as the ticket says", "so that the tests pass",
    "like we did last time", "",
    "and keep it simple", "without new dependencies", "for the second time", "with a short message",
)  # fmt: skip


def prompts() -> Iterator[str]:
    """Prompts, each another one."""
    all_of = list(itertools.product(_ACTIONS, _THINGS, _PLACES, _WHY))
    random.Random(7).shuffle(all_of)
    for action, thing, place, why in all_of:
        yield " ".join(filter(None, (action, "the", thing, place, why)))


def questions(count: int, seed: int) -> list[str]:
    """What is asked: like the prompts, in other words."""
    rng = random.Random(seed)
    return [
        f"please {rng.choice(_ACTIONS)} our {rng.choice(_THINGS)} {rng.choice(_PLACES)}, number {number}"
        for number in range(count)
    ]  # fmt: skip


async def fill(settings: Settings, patterns: int) -> None:
    """Writes learned patterns and embeds their prompts."""
    async with Graph.open(settings) as graph:
        await schema.prepare(graph)
        reads = PromptReads(graph)
        there = (await reads.counts()).get(ALL_PROMPTS, 0)
        wanted = list(itertools.islice(prompts(), there, patterns))
        for begin in range(0, len(wanted), SLICE):
            await learn(graph, *(Learned([text], project="bench") for text in wanted[begin : begin + SLICE]))
            print(f"\r{there + begin + SLICE:,} patterns", end="", file=sys.stderr)
        began = time.process_time()
        _, embedded = await PromptSearch(reads, OfflineModel()).embed_all()
        print(f"\n{embedded:,} embedded with {time.process_time() - began:.0f} s of processor", file=sys.stderr)


def rss_mb(pid: int) -> float:
    """The memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def processor_ms(pid: int) -> float:
    """What a process and its engine have had of the processor."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    ticks = 0
    for each in (str(pid), *children):
        fields = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def ask(client: httpx.Client, request: str) -> tuple[float, dict[str, Any]]:
    """The milliseconds of one question, and its answer."""
    variables = {"request": request, "context": {"project": "bench"}}
    began = time.perf_counter()
    answer = client.post(
        "/graphql", json={"query": operation("learning_match_patterns"), "variables": variables}
    ).json()
    took = (time.perf_counter() - began) * 1000
    assert "errors" not in answer, answer
    return took, answer["data"]["matchPatterns"]


def measure(url: str, pid: int) -> None:
    """Asks a service, and prints what it comes to."""
    with httpx.Client(base_url=url, timeout=600, trust_env=False) as client:
        before, began = rss_mb(pid), time.perf_counter()
        while not (first := ask(client, "fix the login form")[1])["complete"]:
            time.sleep(0.2)
        loading_s = time.perf_counter() - began
        for request in questions(50, 1):
            ask(client, request)
        matched = sum(bool(ask(client, request)[1]["matches"]) for request in questions(50, 4))
        print(
            f"\n{first['searched']:,} prompts, {first['model']}, read in {loading_s:.1f} s; {matched} of 50 had a match;"
        )
        print(f"memory of the service {before:.0f} MB before, {rss_mb(pid):.0f} MB after\n")
        print("| question | p50 ms | p95 ms | p99 ms | processor ms, service and engine | target |")
        print("| --- | --- | --- | --- | --- | --- |")
        untold = [f"the {thing} {number}" for number, thing in enumerate(_THINGS * (1 + QUESTIONS // len(_THINGS)))]
        for name, asked, target in (
            ("with the embedding", questions(QUESTIONS, 2), "< 50"),
            ("without the embedding", questions(1, 3) * QUESTIONS, "< 20"),
            ("of no action, with the embedding", untold[:QUESTIONS], "< 50"),
            ("of no action, without the embedding", untold[:1] * QUESTIONS, "< 20"),
        ):
            had = processor_ms(pid)
            times = [ask(client, request)[0] for request in asked]
            p50, p95, p99 = np.percentile(times, [50, 95, 99])
            cost = (processor_ms(pid) - had) / len(asked)
            print(f"| {name} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {cost:.1f} | {target} |", flush=True)


def main() -> None:
    patterns = int(sys.argv[1]) if len(sys.argv) > 1 else PATTERNS
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2] if len(sys.argv) > 2 else temporary)
        settings = Settings(graph_url=f"embedded:{folder / 'graph'}", embedded_heap=HEAP)
        asyncio.run(fill(settings, patterns))
        port = 18_057
        environment = {
            **os.environ, "LOOPGRAPH_GRAPH_URL": settings.graph_url, "LOOPGRAPH_EMBEDDED_HEAP": HEAP,
            "LOOPGRAPH_LOG_LEVEL": "warning",
        }  # fmt: skip
        command = [str(Path(sys.executable).parent / "loopgraph"), "serve", "--port", str(port)]
        service = subprocess.Popen(command, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            while True:
                try:
                    if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                        break
                except httpx.HTTPError:
                    time.sleep(0.2)
            measure(url, service.pid)
        finally:
            service.terminate()
            service.wait(60)


if __name__ == "__main__":
    main()
