"""What the console takes in a browser: ``make bench-console``. Prints one Markdown table, each row with its budget.

- first view: from the navigation to the Start page with its figures, in a new profile, nothing cached.
- page change: from a click in the menu to the page with its data, the median of all pages.
- waterfall: from the click on a trace of 10,000 steps to its first bars being painted, and to all bars being there, when nobody
  has looked at it before; and when somebody has, with the column of tokens and cost, which says what the 1,000 calls of models in
  it used in every branch.
- map: from the click on the map of everything to 5,000 versions, whose texts are as long as skills are, being painted.
- JavaScript: all modules of one visit to every page, compressed as a proxy would.
- long tasks: the longest while 10,000 rows are scrolled from top to bottom, and while a map is opened and moved about.
- live: 100 clients follow one process, three of them as pages; from the moment at which a trace is sent to another process to
  that at which the last of the hundred has it.

Service, engine and browser share this machine, over loopback.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from bench.lineage import SOURCES
from bench.waterfall import STEPS, story
from console.chromium import Tab, launched, tab
from console.families import family
from console.filled import fill, record
from console.live import audience
from loopgraph.console import FOLDER
from loopgraph.contracts.traces.events import EndpointCalled, TraceEvent
from loopgraph.settings import Settings
from support.engines import EngineUnderTest
from support.engines.processes import free_port
from support.process import service as process
from support.service import Service, serving
from support.traces import NOON

if TYPE_CHECKING:
    from playwright.async_api import Browser

ROUNDS = 5
PAGES = {"Sessions": "sessions", "Traces": "traces", "Patterns": "patterns", "Improve": "improve", "Start": ""}
CLIENTS, LIVE_PAGES = 100, 3

VERSIONS = 5_500
TEXT = "A skill says what to do, step by step, and when.\n" * 120
MAP = ".map-box[aria-busy=false]"
BUSY = ".boot, .loading, [aria-busy=true]"

CHANGE = """
async ([click, wanted, busy]) => {
  const began = performance.now();
  document.querySelector(click).click();
  const is = () => document.querySelector(wanted) && !(busy && document.querySelector(busy));
  await new Promise((done) => {
    const look = () => (is() ? done() : requestAnimationFrame(look));
    requestAnimationFrame(() => requestAnimationFrame(look));
  });
  return performance.now() - began;
}
"""

SEEN = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('.figure')) return;
  observer.disconnect();
  window.seen = new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))));
}).observe(document, {childList: true, subtree: true});
"""

SCROLL = """
async () => {
  const longest = {ms: 0};
  const seen = new PerformanceObserver((list) => {
    for (const one of list.getEntries()) longest.ms = Math.max(longest.ms, one.duration);
  });
  seen.observe({entryTypes: ['longtask']});
  const box = document.querySelector('.rows');
  for (let top = 0; top < box.scrollHeight; top += 2000) {
    box.scrollTop = top;
    await new Promise(requestAnimationFrame);
  }
  await new Promise((resume) => setTimeout(resume, 200));
  return longest.ms;
}
"""


MOVE = """
async ([click, wanted]) => {
  const longest = {ms: 0};
  const seen = new PerformanceObserver((list) => {
    for (const one of list.getEntries()) longest.ms = Math.max(longest.ms, one.duration);
  });
  seen.observe({entryTypes: ['longtask']});
  document.querySelector(click).click();
  while (!document.querySelector(wanted)) await new Promise(requestAnimationFrame);
  const names = document.querySelector('.map-box canvas + canvas');
  const {width, height} = names.getBoundingClientRect();
  for (let step = 0; step < 60; step += 1) {
    const where = {clientX: (width * step) / 60, clientY: (height * (step % 20)) / 20, bubbles: true, cancelable: true};
    names.dispatchEvent(new WheelEvent('wheel', {...where, deltaY: step < 30 ? -60 : 60}));
    names.dispatchEvent(new PointerEvent('pointermove', where));
    await new Promise(requestAnimationFrame);
  }
  await new Promise((resume) => setTimeout(resume, 200));
  return longest.ms;
}
"""


async def first_view(browser: Browser, service: Service) -> float:
    """ms from the navigation to the frame with the figures of the Start page."""
    async with tab(browser, service.url) as opened:
        await opened.page.add_init_script(SEEN)
        await opened.page.goto(opened.base)
        await opened.page.wait_for_selector(".figure")
        return float(await opened.page.evaluate("window.seen"))


async def page_changes(opened: Tab) -> float:
    """The median ms of a page change; every page has been seen once before."""
    took: list[float] = []
    for number in range(ROUNDS + 1):
        for path in PAGES.values():
            click = f'nav a[href="#/{path}"]'
            ms = float(await opened.page.evaluate(CHANGE, [click, "main h1", BUSY]))
            took += [ms] if number else []
    return statistics.median(took)


def _calls(trace: str) -> list[TraceEvent]:
    """A call of a model from each of the steps that hold others."""
    return [
        EndpointCalled(
            correlation_id=trace, call_id=f"{trace}-c{number}", hook_execution_id=f"{trace}-{number:05}", service_name="api",
            endpoint_path="/v1/messages", model="claude-sonnet-4-5", input_tokens=9_000, cache_read_tokens=8_000,
            output_tokens=300, started_at=NOON, completed_at=NOON, success=True,
        )
        for number in range(0, STEPS, 10)
    ]  # fmt: skip


async def measure(browser: Browser, service: Service) -> list[tuple[str, str, str]]:
    """Rows: what, its figure, its budget."""
    await family(service.parts.graph, VERSIONS, VERSIONS // 50, text=TEXT)
    await fill(service)
    traces = [uuid4().hex for _ in range(ROUNDS)]
    for trace in traces:
        await record(service, [*story(trace), *_calls(trace)])
    await first_view(browser, service)
    first = statistics.median([await first_view(browser, service) for _ in range(ROUNDS)])
    async with tab(browser, service.url) as opened:
        await opened.visit("/")
        changes = await page_changes(opened)
        bars: dict[str, list[float]] = {"": [], "?usage=true": []}
        whole: dict[str, list[float]] = {"": [], "?usage=true": []}
        for trace in traces:
            for shown, taken in whole.items():
                await opened.visit("/")
                await opened.page.evaluate(f"document.querySelector('.brand').href = '#/traces/{trace}{shown}'")
                began = time.perf_counter()
                bars[shown].append(float(await opened.page.evaluate(CHANGE, [".brand", ".bar-row", ""])))
                await opened.page.locator(".waterfall .tools", has_text="11 k bars · ").wait_for()
                taken.append((time.perf_counter() - began) * 1_000)
        await opened.page.get_by_label("repeats as one").click()
        longest = float(await opened.page.evaluate(SCROLL))
        maps = []
        for _ in range(ROUNDS):
            await opened.visit("/")
            await opened.page.evaluate("document.querySelector('.brand').href = '#/map'")
            maps.append(float(await opened.page.evaluate(CHANGE, [".brand", MAP, ""])))
        drawn = await opened.page.locator(".panel h2").inner_text()
        assert "5,000 versions" in drawn, drawn
        await opened.visit("/")
        await opened.page.evaluate("document.querySelector('.brand').href = '#/map'")
        moved = float(await opened.page.evaluate(MOVE, [".brand", MAP]))
    modules = [path.read_bytes() for path in FOLDER.rglob("*.js")]
    size = sum(len(gzip.compress(text)) for text in modules)
    return [
        ("first view of Start, median", f"{first:,.0f} ms", "500 ms"),
        ("page change, median", f"{changes:,.0f} ms", "100 ms"),
        ("10,000-step waterfall to its first bars, median", f"{statistics.median(bars['']):,.0f} ms", "300 ms"),
        ("its last bar, median", f"{statistics.median(whole['']):,.0f} ms", ""),
        (
            "its first bars when it is looked at again, median",
            f"{statistics.median(bars['?usage=true']):,.0f} ms",
            "300 ms",
        ),
        (
            "its last bar then, with tokens and cost of every branch, median",
            f"{statistics.median(whole['?usage=true']):,.0f} ms",
            "",
        ),
        ("5,000-version map, median", f"{statistics.median(maps):,.0f} ms", "2,000 ms"),
        ("JavaScript, gzip", f"{size / 1_000:,.0f} KB", "250 KB"),
        ("longest task while scrolling 10,000 rows", task(longest), "100 ms"),
        ("longest task while a map of 5,000 is opened and moved", task(moved), "100 ms"),
    ]


def task(ms: float) -> str:
    """The time of a long task; browsers tell of none that is shorter than 50 ms."""
    return f"{ms:,.0f} ms" if ms else "under 50 ms"


async def live(browser: Browser, engine: EngineUnderTest) -> list[tuple[str, str, str]]:
    """How long it takes until the last of many has what another process wrote."""
    followed, writing = free_port(), free_port()
    settings = {
        "LOOPGRAPH_GRAPH_URL": engine.url,
        "LOOPGRAPH_GRAPH_USER": engine.user,
        "LOOPGRAPH_GRAPH_PASSWORD": engine.password,
        **({"LOOPGRAPH_GRAPH_DATABASE": engine.database} if engine.database else {}),
    }
    with tempfile.TemporaryDirectory() as logs:
        log = Path(logs) / "log"
        with process(followed, log, **settings), process(writing, log, **settings):
            async with audience(browser, followed, writing, clients=CLIENTS, pages=LIVE_PAGES) as looking:
                took = []
                for _ in range(ROUNDS + 1):
                    began = time.perf_counter()
                    await looking.saw(await looking.write())
                    took.append((time.perf_counter() - began) * 1_000)
    what = f"the last of {CLIENTS} live clients has what another process wrote, median"
    return [(what, f"{statistics.median(took[1:]):,.0f} ms", "")]


async def on(engine: EngineUnderTest) -> list[tuple[str, str, str]]:
    """The rows of a service on this engine."""
    settings = Settings(
        graph_url=engine.url,
        graph_user=engine.user,
        graph_password=engine.password,
        graph_database=engine.database,
        loop_poll_ms=500,
        log_level="warning",
    )
    async with launched() as browser:
        async with serving(settings) as service:
            rows = await measure(browser, service)
        return rows + await live(browser, engine)


def main() -> None:
    """Prints the table."""
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, SOURCES["embedded"](Path(folder)) as engine:
        rows = asyncio.run(on(engine))
    print("| the console in a browser | figure | budget |\n| --- | --- | --- |")
    for row in rows:
        print("|", " | ".join(row), "|")


if __name__ == "__main__":
    main()
