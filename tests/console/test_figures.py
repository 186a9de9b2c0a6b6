"""The figures of the console in a real browser: the dashboard over any time, and what was used in the branches of a trace."""

from __future__ import annotations

import asyncio
import csv
import io
import random
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import pytest

from conftest import settings_for
from console.chromium import Tab, launched, tab
from console.filled import HOSTILE, episode, record
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
)
from loopgraph.effects.clock import new_id, now
from support.engines import EngineUnderTest
from support.service import Service, serving
from support.waiting import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator

pytestmark = pytest.mark.slow

PICTURES = Path(__file__).parents[2] / "build" / "console"
DAYS, SPIKE = 60, 25


class World(NamedTuple):
    """An agent whose work is steady but for one day, another one with a tool and errors of its own, and a trace with branches."""

    steady: str
    busy: str
    tool: str
    error: str
    hour: dict[str, str]
    """When these two worked: an hour in which hardly anybody else did."""
    trace: str


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
async def service(browser: Browser, embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """Not started where there is no browser."""
    async with serving(settings_for(embedded_engine)) as service:
        yield service


@pytest.fixture(scope="module")
async def world(service: Service) -> World:
    PICTURES.mkdir(parents=True, exist_ok=True)
    tail = new_id()[-6:]
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    began = today - timedelta(hours=random.SystemRandom().randrange(65 * 24, 85 * 24))
    hour = {"from": f"{began:%Y-%m-%dT%H:%M}", "to": f"{began + timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    made = World(f"steady-{tail}", f"busy-{tail}", f"Tool-{tail}", f"no answer from the store {tail}", hour, new_id())
    events: list[TraceEvent] = []
    for age in range(1, DAYS + 1):
        for number in range(40 if age == SPIKE else 3 + age % 3):
            events += _work(made.steady, today - timedelta(days=age) + timedelta(hours=9, minutes=number))
    for number, (agent, error) in enumerate(
        [(made.busy, made.error), (made.busy, None), (f"{HOSTILE[:60]}{tail}", HOSTILE)]
    ):
        events += _work(agent, began + timedelta(minutes=number), made.tool, error)
    await record(service, events)
    await record(service, [*episode(made.trace, new_id(), now() - timedelta(minutes=30))])
    await service.parts.rolling.caught_up()
    return made


def _work(agent: str, at: datetime, tool: str | None = None, error: str | None = None) -> list[TraceEvent]:
    """A trace that one agent was chosen for."""
    trace, end = new_id(), at + timedelta(seconds=20)
    failed: dict[str, Any] = {"success": False, "error_type": "StoreError", "error_message": error} if error else {}
    steps: list[TraceEvent] = []
    if tool is not None:
        steps = [
            HookExecuted(
                correlation_id=trace, execution_id=new_id(), hook_type="ToolUse", tool_name=tool, started_at=at,
                completed_at=end, **{"success": True, **failed},
            ),
            EndpointCalled(
                correlation_id=trace, call_id=new_id(), service_name=f"store-{agent[:20]}", endpoint_path="/v1/items",
                started_at=at, completed_at=at + timedelta(milliseconds=80), success=True, retry_count=2,
            ),
        ]  # fmt: skip
    return [
        TraceStarted(correlation_id=trace, timestamp=at, prompt_text="Do it."),
        RoutingDecided(correlation_id=trace, timestamp=at, selected_agent=agent),
        *steps,
        TraceCompleted(correlation_id=trace, timestamp=end, success=error is None),
    ]


@pytest.fixture
async def open_tab(browser: Browser, service: Service, world: World) -> AsyncIterator[Tab]:
    """A page that must not have had any fault, nor asked anybody else, at the end."""
    async with tab(browser, service.url) as opened:
        yield opened
        assert opened.faults == []
        assert opened.foreign == []


def of(agent: str, **more: str | int) -> str:
    """The dashboard of one agent alone."""
    asked = {"of": "AGENT", "name": agent, **more}
    return "/dashboard?" + "&".join(f"{name}={quote(str(value))}" for name, value in asked.items())


def everything(**asked: str) -> str:
    return "/dashboard?" + "&".join(f"{name}={quote(value)}" for name, value in asked.items())


def chart(opened: Tab, title: str) -> Locator:
    return opened.page.locator("figure.chart", has=opened.page.get_by_role("heading", name=title, exact=True))


async def _rows(opened: Tab, title: str) -> list[list[str]]:
    """The table behind a chart."""
    figure = chart(opened, title)
    if not await figure.locator("table").count():
        await figure.get_by_role("button", name="Table").click()
    return [(await row.inner_text()).split("\t") for row in await figure.locator("tbody tr").all()]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
async def test_as_many_intervals_are_shown_as_were_asked_for(open_tab: Tab, world: World, zone: str) -> None:
    for asked, count in (
        ({"days": 1}, 24),
        ({"days": 7}, 7),
        ({"days": 30}, 30),
        ({"days": 365}, 52),
        ({"days": 90, "interval": "WEEK"}, 13),
        ({"days": 90, "interval": "MONTH"}, 3),
        ({"from": "2026-03-01T00:00", "to": "2026-04-01T00:00"}, 31),
        ({"from": "2026-03-02T09:00", "to": "2026-03-05T10:00", "interval": "DAY"}, 4),
    ):
        await open_tab.visit(of(world.steady, zone=zone, expected="false", **asked))  # type: ignore[arg-type]
        rows = await _rows(open_tab, "Usage")
        assert len(rows) == count, asked
        if asked.get("days") == 30:
            assert all(row[0].endswith(" 00:00") for row in rows), "days begin at midnight of the zone"


async def test_any_time_and_zone_are_chosen_and_are_in_the_address(open_tab: Tab, world: World) -> None:
    page = open_tab.page
    await open_tab.visit(of(world.steady))
    await page.locator("form.filters select").first.select_option("between")
    first, last = (page.locator("input[type=datetime-local]").nth(place) for place in (0, 1))
    begun = await first.input_value()
    assert begun.endswith("T00:00")
    assert "from=" in page.url
    await first.fill("2026-03-02T09:30")
    await last.fill("2026-03-01T09:30")
    await page.get_by_role("alert").wait_for()
    assert "end after it begins" in await page.get_by_role("alert").inner_text()
    assert await page.locator("figure.chart .plot").count() > 0, "what was shown stays"
    await last.fill("2026-03-09T12:00")
    await page.get_by_role("alert").wait_for(state="detached")
    await page.get_by_label("Time zone").fill("Europe/Nowhere")
    await page.evaluate("dispatchEvent(new HashChangeEvent('hashchange'))")
    assert await page.get_by_label("Time zone").input_value() == "Europe/Nowhere", "what is typed stays"
    await page.keyboard.press("Enter")
    await page.get_by_text("There is no time zone Europe/Nowhere.").wait_for()
    await page.get_by_label("Time zone").fill("Pacific/Auckland")
    await page.keyboard.press("Enter")
    looked = page.locator(".looked")
    await until(lambda: _has(looked, "Pacific/Auckland"))
    assert await looked.inner_text() == (
        "2026-03-02 09:30 to 2026-03-09 12:00, Pacific/Auckland; charts are of whole days, 2026-03-02 to 2026-03-09"
    )
    await open_tab.visit(page.url.partition("#")[2])
    assert await last.input_value() == "2026-03-09T12:00"
    assert len(await _rows(open_tab, "Usage")) >= 8


async def _has(found: Locator, text: str) -> bool:
    return await found.count() == 1 and text in await found.inner_text()


async def test_forecasts_and_anomalies_are_in_the_charts_and_in_their_tables(open_tab: Tab, world: World) -> None:
    await open_tab.visit(of(world.steady, days=90))
    figure = chart(open_tab, "Usage")
    legend = figure.locator(".legend")
    await until(lambda: _has(legend, "forecast"))
    assert "1 out of the ordinary" in await figure.locator("figcaption").inner_text()
    rows = await _rows(open_tab, "Usage")
    lines = {row[1] for row in rows}
    assert lines == {"executions", "expected", "anomaly", "forecast"}
    [anomaly] = [row for row in rows if row[1] == "anomaly"]
    spike = now().date() - timedelta(days=SPIKE)
    assert anomaly[:3] == [f"{spike} 00:00", "anomaly", "40"]
    ahead = [row for row in rows if row[1] == "forecast"]
    assert len(ahead) == 7
    assert all(float(low) <= float(value) <= float(high) for _, _, value, low, high in ahead)
    async with open_tab.page.expect_download() as waiting:
        await figure.get_by_role("button", name="CSV").click()
    file = await (await waiting.value).path()
    told = list(csv.DictReader(io.StringIO(await asyncio.to_thread(file.read_text))))
    assert len(told) == len(rows)
    assert {row["low"] == "" for row in told if row["line"] == "forecast"} == {False}
    await open_tab.page.get_by_label("what is to be expected").click()
    await until(lambda: _is(figure.locator("tbody tr"), 90))


async def _is(found: Locator, count: int) -> bool:
    return await found.count() == count


async def test_a_picture_of_the_whole_dashboard(open_tab: Tab) -> None:
    await open_tab.visit("/dashboard?days=90")
    await until(lambda: _has(chart(open_tab, "Usage").locator(".legend"), "forecast"))
    await open_tab.page.screenshot(path=PICTURES / "forecast.png")
    assert await open_tab.violations() == []


SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value;
}).observe({type: 'layout-shift', buffered: true});
"""


async def test_the_dashboard_does_not_move_while_it_loads(browser: Browser, service: Service, world: World) -> None:
    async with tab(browser, service.url) as opened:
        await opened.page.add_init_script(SHIFTS)
        await opened.visit("/dashboard")
        await until(lambda: _has(chart(opened, "How long").locator(".legend"), "median"))
        assert await opened.page.evaluate("window.shifted") < 0.05


async def test_the_api_gives_the_same_series_as_a_file(open_tab: Tab, service: Service, world: World) -> None:
    await open_tab.visit(of(world.steady, days=90, expected="false", zone="Asia/Tokyo"))
    figure = chart(open_tab, "Usage")
    await figure.locator("summary").press("Enter")
    address = await figure.get_by_role("link", name=re.compile("^CSV")).get_attribute("href")
    assert address is not None
    assert address.startswith(f"{service.url}/api/export/series?")
    answer = await service.http.get(address)
    assert answer.status_code == 200, answer.text
    told = [int(float(row["value"])) for row in csv.DictReader(io.StringIO(answer.text))]
    assert [str(value) for value in told] == [row[1] for row in await _rows(open_tab, "Usage")]
    assert max(told) == 40


async def test_tables_are_sorted_by_keys_and_lead_to_one_thing_alone(open_tab: Tab, world: World) -> None:
    page = open_tab.page
    await open_tab.visit(everything(**world.hour))
    for kind, sort, caption in (
        ("Agents", "Traces", "Agents, the most used first"),
        ("Tools", "95 % within", "Tools, the most used first"),
        ("Endpoints", "Retries", "Endpoints, the most used first"),
    ):
        await page.get_by_role("button", name=kind, exact=True).press("Enter")
        table = page.get_by_role("table", name=caption)
        heading = table.get_by_role("columnheader", name=sort, exact=True)
        await heading.get_by_role("button").press("Enter")
        await until(lambda heading=heading: _attribute(heading, "aria-sort", "descending"))  # type: ignore[misc]
        await heading.get_by_role("button").press("Enter")
        assert await heading.get_attribute("aria-sort") == "ascending"
    await page.get_by_role("button", name="Agents", exact=True).click()
    table = page.get_by_role("table", name="Agents, the most used first")
    await table.get_by_role("columnheader", name="Traces", exact=True).get_by_role("button").click()
    shown = [int((await cell.inner_text()).replace(",", "")) for cell in await table.locator("td:nth-child(2)").all()]
    assert shown == sorted(shown, reverse=True)
    assert await open_tab.violations() == []
    await table.get_by_role("link", name=world.busy).press("Enter")
    await page.get_by_text("Everything again").wait_for()
    await open_tab.settled()
    assert f"name={world.busy}" in page.url
    assert await page.locator(".figure", has_text="Executions").locator(".value").inner_text() == "2"


async def _attribute(found: Locator, name: str, value: str) -> bool:
    return await found.get_attribute(name) == value


async def test_errors_lead_to_their_traces_and_take_a_note(open_tab: Tab, world: World) -> None:
    page = open_tab.page
    await open_tab.visit(of(world.busy, **world.hour))
    error = page.locator("details.template", has_text="no answer from the store")
    await error.locator("> summary").press("Enter")
    assert world.tool in await error.locator(".where").inner_text()
    await error.get_by_role("button", name="Write a note").click()
    await error.get_by_label("How it is mended").fill("Start **the store**.")
    await error.get_by_role("button", name="Write a note", exact=True).click()
    note = error.get_by_role("note")
    await note.wait_for()
    assert "Start the store." in await note.inner_text()
    await page.get_by_role("region", name="Errors by template").screenshot(path=PICTURES / "errors.png")
    assert await open_tab.violations() == []
    await error.get_by_role("link", name="Its trace").click()
    await page.wait_for_url("**#/traces/*step=*")
    await page.locator(".detail .failure", has_text=world.error).wait_for()


async def test_series_are_told_apart_by_all_that_the_api_knows(open_tab: Tab, world: World) -> None:
    page = open_tab.page
    await open_tab.visit(of(world.steady, days=30))
    groups = await page.get_by_label("Split by").locator("option").evaluate_all("all => all.map(one => one.value)")
    assert set(groups) == {"", "UNIT", "SESSION", "USER", "AGENT", "PROJECT", "MODEL", "TAG", "CONTEXT"}
    for group in groups[1:]:
        await page.get_by_label("Split by").select_option(group)
        await open_tab.settled()
        assert await page.get_by_role("alert").count() == 0, group
    await page.get_by_label("Split by").select_option("AGENT")
    await until(lambda: _has(chart(open_tab, "How long").locator("figcaption"), "the mean"))


async def test_names_that_are_markup_are_text_in_the_dashboard(open_tab: Tab, world: World) -> None:
    page = open_tab.page
    page.on("dialog", lambda dialog: open_tab.faults.append(dialog.message))
    await open_tab.visit(everything(**world.hour, kind="AGENT", group="AGENT"))
    await page.get_by_role("table", name="Agents, the most used first").get_by_text("<script>").first.wait_for()
    error = page.locator("details.template", has_text="<script>").first
    await error.locator("> summary").click()
    await error.get_by_role("link", name="Its trace").first.wait_for()
    assert await page.locator("main script, main img").count() == 0
    assert "\u202e" not in await page.locator("body").inner_text()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1400


async def test_on_a_narrow_screen_a_chosen_step_comes_into_view(open_tab: Tab, world: World) -> None:
    page = open_tab.page
    await page.set_viewport_size({"width": 390, "height": 500})
    await open_tab.visit(f"/traces/{world.trace}")
    await page.locator(".bar-row", has_text="Bash").click()
    await page.locator(".detail h3", has_text="Output").wait_for()
    height = "document.querySelector('.detail h2').getBoundingClientRect().top"

    async def is_in_view() -> bool:
        return 0 <= await page.evaluate(height) < 400

    await until(is_in_view)


async def test_what_was_used_stands_beside_each_branch_and_in_its_step(open_tab: Tab, world: World) -> None:
    page = open_tab.page
    await open_tab.visit(f"/traces/{world.trace}")
    assert await page.locator(".bar-used").count() == 0
    await page.get_by_label("tokens and cost").click()
    first, model = page.locator(".bar-row").first, page.locator(".bar-row", has_text="claude-sonnet")
    await until(lambda: _has(first.locator(".bar-used"), "12 k + 700"))
    assert "usage=true" in page.url
    assert await model.locator(".bar-used").inner_text() == await first.locator(".bar-used").inner_text()
    await page.locator(".bar-row", has_text="Bash").click()
    await page.locator(".detail h3", has_text="Output").wait_for()
    assert await page.locator(".detail .used").count() == 0
    await first.click()
    used = page.locator(".detail .used")
    await used.wait_for()
    assert re.search(r"Itself\s+1 call: 12 k tokens in \(9,000 from a cache\), 700 out · \$", await used.inner_text())
    assert "With all under it" in await used.inner_text()
    assert await open_tab.violations() == []
    await page.screenshot(path=PICTURES / "usage.png")
