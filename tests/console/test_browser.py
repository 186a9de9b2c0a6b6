"""The console in a real browser, on data that the service has made itself."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from starlette.applications import Starlette

from conftest import settings_for
from console.chromium import PICTURES, Tab, tab
from console.filled import SECOND, TESTER, Filled, episode, fill, fill_hostile, record
from loopgraph.api.http.console import console_routes
from loopgraph.console import FOLDER
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.loop.feedback import Improvement, ImprovementStatus, RunStatus
from loopgraph.contracts.loop.watching import WatchStatus
from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.contracts.traces.uses import OBSERVED
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.settings import Settings
from support.engines import EngineUnderTest
from support.feedback import Subject, make_subject
from support.operations import regression
from support.service import Service, listening, serving
from support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Request, Response, Route

pytestmark = pytest.mark.slow

PATHS = re.findall(r'path: "([^"]+)"', (FOLDER / "pages/index.js").read_text())


@pytest.fixture(scope="module", autouse=True)
async def filled(service: Service) -> Filled:
    return await fill(service)


def address(path: str, filled: Filled) -> str:
    """The address of a page, with what there is for its parameters."""
    values = {
        "/sessions/:id": [filled.session],
        "/traces/:id": [filled.trace],
        "/diff/:a/:b": [filled.trace, filled.again],
        "/patterns/:id": [filled.subject.pattern_id],
        "/runs/:id": [filled.concluded],
        "/design/:id": [filled.subject.pattern_id],
        "/learned/:id": [filled.learned],
    }.get(path, [])
    for value in values:
        path = re.sub(r":\w+", quote(value, safe=""), path, count=1)
    assert ":" not in path, "this page needs an entry above"
    return path


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
async def test_every_page_shows_its_data_and_can_be_used_by_everybody(
    path: str, theme: str, browser: Browser, service: Service, filled: Filled
) -> None:
    async with tab(browser, service.url, theme=theme) as opened:
        await opened.visit(address(path, filled))
        assert await opened.page.locator("main h1").count() == 1
        assert await opened.page.locator("[role=alert]").count() == 0
        name = re.sub(r"\W+", "-", path).strip("-") or "start"
        await opened.page.screenshot(path=PICTURES / f"{name}-{theme}.png")
        assert await opened.violations() == []
        assert (opened.faults, opened.foreign) == ([], [])


async def test_two_things_of_one_kind_are_told_apart(browser: Browser, service: Service) -> None:
    for _ in range(2):
        await regression(await make_subject(service.parts.graph))
    async with tab(browser, service.url) as opened:
        for path in ("/applied", "/improve"):
            await opened.visit(path)
            assert await opened.violations() == []


@pytest.mark.parametrize("path", PATHS)
async def test_a_narrow_screen_scrolls_in_one_direction_only(
    path: str, browser: Browser, service: Service, filled: Filled
) -> None:
    async with tab(browser, service.url, width=400) as opened:
        await opened.visit(address(path, filled))
        assert await opened.page.evaluate("document.documentElement.scrollWidth") <= 400


EDGES = """[...document.querySelectorAll('.bar nav, .bar [aria-current=page]')].map((one) => {
  const { left, right } = one.getBoundingClientRect();
  return [left, right];
})"""


async def test_a_narrow_screen_has_the_page_that_is_open_in_its_menu(browser: Browser, service: Service) -> None:
    async with tab(browser, service.url, width=390) as opened:
        for path in ("/dashboard", "/"):
            await opened.visit(path)
            menu, page = await opened.page.evaluate(EDGES)
            assert menu[0] <= page[0] < page[1] <= menu[1] + 1, path
            scrolled = await opened.page.evaluate("document.querySelector('.bar nav').scrollLeft")
            assert (scrolled > 0) == (path == "/dashboard")


async def test_an_empty_service_says_how_it_is_filled(open_tab: Tab) -> None:
    async def without_traces(route: Route) -> None:
        if "query ConsoleStart(" not in (route.request.post_data or ""):
            return await route.continue_()  # what is followed has no end
        answer = await route.fetch()
        found = await answer.json()
        found["data"]["traces"]["edges"] = []
        await route.fulfill(response=answer, json=found)

    await open_tab.page.route("**/graphql*", without_traces)
    await open_tab.visit("/")
    commands = open_tab.page.locator("ol.commands code")
    await commands.first.wait_for()
    assert await commands.all_inner_texts() == [
        "loopgraph import claude-code",
        "loopgraph hooks install",
        "loopgraph patterns scan ~/src/project",
    ]
    await open_tab.page.unroute_all(behavior="wait")


async def test_which_of_my_skills_works_is_two_clicks_from_the_start(open_tab: Tab, filled: Filled) -> None:
    page = open_tab.page
    await open_tab.visit("/")
    clicks = 0
    for target in (page.locator("nav a", has_text="Patterns"), page.locator("tbody a", has_text="code-review")):
        await target.first.click()
        clicks += 1
        await open_tab.settled()
    assert clicks == 2
    figures = page.locator(".figure", has_text="Succeeded").first
    assert re.search(r"100 %\s*\d+ % to 100 %", await figures.inner_text())


async def test_a_pattern_shows_the_time_that_the_list_showed(open_tab: Tab, filled: Filled) -> None:
    page = open_tab.page
    for asked in ("", "?days=7"):
        await open_tab.visit(f"/patterns{asked}")
        chosen = await page.locator("form.filters select").first.input_value()
        await page.locator("tbody a", has_text="code-review").first.click()
        await open_tab.settled()
        assert await page.locator("form.filters select").first.input_value() == chosen == (asked[-1:] or "30")
        await page.locator("a.up").click()
        await open_tab.settled()
        assert await page.locator("form.filters select").first.input_value() == chosen


async def test_a_list_tells_of_a_trace_what_its_page_does(open_tab: Tab, filled: Filled, service: Service) -> None:
    trace = new_id()
    used = HookExecuted(
        correlation_id=trace, execution_id=f"{trace}-use", hook_type="Pattern", tool_name="code-review", started_at=now(),
        success=True,
    )  # fmt: skip
    step = used.model_copy(update={"execution_id": f"{trace}-step", "hook_type": "ToolUse", "tool_name": "Bash"})
    prompt = f"count {trace[-6:]}"
    await record(service, [TraceStarted(correlation_id=trace, timestamp=now(), prompt_text=prompt), used, step])
    page = open_tab.page
    await open_tab.visit("/traces")
    row = page.locator("tbody tr", has_text=prompt)
    assert await row.locator("td.number").first.inner_text() == "1"
    await row.get_by_role("link").first.click()
    await open_tab.settled()
    assert await page.locator(".figure", has_text="Steps").locator(".value").inner_text() == "1"


async def test_a_run_has_the_same_colour_everywhere_and_its_units_are_told_alike(open_tab: Tab, filled: Filled) -> None:
    page = open_tab.page
    await open_tab.visit("/improve")
    row = page.locator("tbody tr", has=page.locator(f"a[href='#/runs/{filled.concluded}']"))
    listed = row.locator(".status")
    seen = (await listed.inner_text(), await listed.get_attribute("class"))
    await open_tab.visit(f"/runs/{filled.concluded}")
    shown = page.locator(".facts .status")
    assert (await shown.inner_text(), await shown.get_attribute("class")) == seen
    experiment = await page.locator(".progress").first.inner_text()
    decided = page.get_by_role("table", name="Both arms").first.locator("tbody tr").first.locator("td")
    units, telling = [(await decided.nth(at).inner_text()) for at in (0, 1)]
    assert f"{units} units, {telling} of " in experiment


async def test_patterns_that_were_only_seen_are_listed_when_they_are_asked_for(open_tab: Tab, service: Service) -> None:
    name = f"only-seen-{new_id()[-6:]}"
    seen = NewPattern(name=name, pattern_type="skill", tags=(OBSERVED,))
    await Lineage(service.parts.graph).create_pattern(seen, NewVersion(template_code=SECOND), TESTER)
    page = open_tab.page
    await open_tab.visit(f"/patterns?name={name}")
    await page.get_by_text("No pattern is like that.").wait_for()
    await page.get_by_label("those only seen, too").click()
    row = page.locator("tbody tr", has_text=name)
    await row.wait_for()
    assert "(only seen)" in await row.inner_text()


async def test_patterns_are_ordered_by_the_heads_of_their_columns(open_tab: Tab, service: Service) -> None:
    mark, page, began = new_id()[-6:], open_tab.page, now() - timedelta(hours=3)
    for name, outcomes in {"once": [True], "Twice": [False, False], "never": []}.items():
        new, version = NewPattern(name=f"{name}-{mark}", pattern_type="skill"), NewVersion(activate=True)
        node_id = (await Lineage(service.parts.graph).create_pattern(new, version, TESTER)).version.node_id
        for outcome in outcomes:
            at, trace = began if outcome is False else began + timedelta(hours=1), new_id()
            used = HookExecuted(
                correlation_id=trace, execution_id=f"{trace}-use", hook_type="ToolUse", node_id=node_id, started_at=at,
                completed_at=at + timedelta(seconds=1), success=outcome,
            )  # fmt: skip
            await record(service, [TraceStarted(correlation_id=trace, timestamp=at), used])
    await service.parts.rolling.caught_up()

    def head(column: str) -> Locator:
        return page.get_by_role("columnheader", name=column, exact=True)

    async def is_so(column: str, sort: str, *names: str) -> None:
        """The list has this order in the end, and says so."""

        async def shown() -> bool:
            rows = await page.locator("tbody td:first-child").all_inner_texts()
            return rows == [f"{name}-{mark}" for name in names]

        await until(shown)
        assert await head(column).get_attribute("aria-sort") == sort
        sorts = [await one.get_attribute("aria-sort") for one in await page.locator("th[aria-sort]").all()]
        assert len(sorts) - sorts.count("none") == 1

    await open_tab.visit(f"/patterns?name={mark}")
    await is_so("Last used", "descending", "once", "Twice", "never")
    for column, way, sort, names in (
        ("Pattern", "name", "ascending", ("never", "once", "Twice")),
        ("Uses", "uses", "descending", ("Twice", "once", "never")),
        ("Uses", "uses", "ascending", ("never", "once", "Twice")),
        ("Interval, 95 %", "success", "descending", ("once", "Twice", "never")),
        ("Interval, 95 %", "success", "ascending", ("Twice", "once", "never")),
    ):
        await head(column).get_by_role("button").press("Enter")
        await is_so(column, sort, *names)
        assert (f"order={way}" in page.url, "way=up" in page.url) == (True, sort == "ascending")
    await page.reload()
    await open_tab.settled()
    await is_so("Interval, 95 %", "ascending", "Twice", "once", "never")
    await head("Last used").get_by_role("button").press("Enter")
    await is_so("Last used", "descending", "once", "Twice", "never")
    assert "order=" not in page.url
    assert await open_tab.violations() == []


async def test_another_text_is_proposed_and_a_run_is_started_and_cancelled(open_tab: Tab, filled: Filled) -> None:
    page, subject = open_tab.page, filled.reviews[0]
    await open_tab.visit(f"/patterns/{subject.pattern_id}")
    await page.get_by_role("button", name="Propose another text").click()
    text = f"{SECOND}3. Be kind.\n"
    await page.get_by_label("The new text").fill(text)
    assert "3. Be kind." in await page.get_by_role("table", name="What you changed").inner_text()
    await page.get_by_label("What should become better").fill("nobody is hurt")
    await page.get_by_role("button", name="Propose another text", exact=True).click()
    await page.get_by_label("Units that each arm needs").fill("12")
    [improvement] = [one for one in await _improvements(subject) if one.description == "nobody is hurt"]
    assert improvement.status is ImprovementStatus.PROPOSED
    await page.get_by_role("button", name="Start a run", exact=True).click()
    await page.wait_for_url("**#/runs/*")
    run_id = page.url.rsplit("/", 1)[1]
    run = (await subject.reads.runs([run_id]))[run_id]
    assert (run.pattern_id, run.input.min_sample_size) == (subject.pattern_id, 12)
    await page.get_by_role("button", name="Cancel the run").click()
    assert "nothing is put into use" in await page.get_by_role("form", name="Cancel the run").inner_text()
    await page.get_by_role("button", name="Cancel the run", exact=True).click()
    await page.locator(".facts .status", has_text="cancelled").wait_for()
    assert (await subject.reads.runs([run_id]))[run_id].status is RunStatus.CANCELLED


async def test_a_run_shows_how_its_experiment_went(open_tab: Tab, filled: Filled) -> None:
    page = open_tab.page
    await open_tab.visit(f"/runs/{filled.concluded}")
    course = page.locator("figure.course")
    await course.get_by_text("however often one looks").wait_for()
    await course.get_by_text("As a table").click()
    assert await course.get_by_role("row").count() > 2


async def test_a_candidate_is_approved(open_tab: Tab, filled: Filled) -> None:
    subject = filled.reviews[0]
    [candidate] = [one for one in await _improvements(subject) if one.status is ImprovementStatus.AWAITING_REVIEW]
    article = await _review(open_tab, "commit-message")
    await article.get_by_role("button", name="Approve").click()
    await article.get_by_label("Note").fill("it is clearer")
    await article.get_by_role("button", name="Approve", exact=True).click()
    await article.wait_for(state="detached")
    [now_] = [one for one in await _improvements(subject) if one.improvement_id == candidate.improvement_id]
    assert now_.status is ImprovementStatus.APPLIED


async def test_a_candidate_is_rejected_with_a_reason(open_tab: Tab, filled: Filled) -> None:
    subject = filled.reviews[1]
    article = await _review(open_tab, "release-notes")
    await article.get_by_role("button", name="Reject").click()
    send = article.get_by_role("button", name="Reject", exact=True)
    await article.get_by_label("Reason").fill("  ")
    await send.click()
    await article.get_by_role("alert").wait_for()
    assert {one.status for one in await _improvements(subject)} == {ImprovementStatus.AWAITING_REVIEW}
    await article.get_by_label("Reason").fill("it is longer")
    await send.click()
    await article.wait_for(state="detached")
    assert {one.status for one in await _improvements(subject)} == {ImprovementStatus.REJECTED}


async def test_an_applied_version_that_regressed_is_let_be_with_a_reason(
    open_tab: Tab, filled: Filled, service: Service
) -> None:
    watch_id = await regression(await make_subject(service.parts.graph))
    reads = service.parts.watch_reads
    watch = await reads.watch(watch_id)
    page = open_tab.page
    await open_tab.visit(f"/patterns/{watch.pattern_id}?version={quote(watch.node_id)}")
    held = page.get_by_role("region", name="Since it was applied")
    await held.get_by_text("still better than the version that it replaced").wait_for()
    assert "breached" in await held.inner_text()
    assert await page.get_by_role("region", name="What was applied").get_by_text("regressed").count() == 1
    await held.get_by_role("button", name="Let it stay").click()
    await held.get_by_label("Reason").fill("fast enough")
    await held.get_by_role("button", name="Let it stay", exact=True).click()
    await held.get_by_text("fast enough").wait_for()
    assert (await reads.watch(watch_id)).status is WatchStatus.DISMISSED


async def test_what_was_applied_is_listed_with_its_evidence_and_a_regression_is_decided_there(
    open_tab: Tab, service: Service
) -> None:
    subject = await make_subject(service.parts.graph)
    watch_id = await regression(subject)
    page = open_tab.page
    await open_tab.visit(f"/applied?pattern={subject.pattern_id}")
    [article] = await page.locator("article").all()
    row = article.get_by_role("table", name="Against its proof").locator("tbody tr").first
    await page.screenshot(path=PICTURES / "regressed.png")
    assert re.search(r"duration.*breached", (await row.inner_text()).replace("\n", " "), re.DOTALL)
    await page.get_by_label("Came of it").select_option("ROLLED_BACK")
    await page.get_by_text("Nothing came to that.").wait_for()
    await page.get_by_label("Came of it").select_option("REGRESSED")
    await article.get_by_role("button", name="Let it stay").click()
    await article.get_by_label("Reason").fill("fast enough")
    await article.get_by_role("button", name="Let it stay", exact=True).click()
    await page.get_by_text("Nothing came to that.").wait_for()
    assert (await service.parts.watch_reads.watch(watch_id)).status is WatchStatus.DISMISSED


async def test_a_design_says_what_it_finds_in_how_many_days_and_starts_a_run(open_tab: Tab, service: Service) -> None:
    subject = await make_subject(service.parts.graph)
    for unit in range(20):
        await subject.record(subject.node_id, [200.0 + unit % 7], unit=f"unit-{unit}")
    page = open_tab.page
    await open_tab.visit(f"/design/{subject.pattern_id}?gain=1")
    found = page.get_by_role("region", name="What it finds")
    needed = found.locator(".figure", has_text="Units needed")
    assert "day" in await needed.inner_text()
    [small] = [await needed.locator(".value").inner_text()]
    gain = page.get_by_label("A gain to find, %")
    await gain.fill("0.2")
    await gain.press("Tab")
    await page.wait_for_url("**gain=0.2*")
    await open_tab.settled()
    large = await needed.locator(".value").inner_text()
    assert _figure(large) > _figure(small)
    await page.get_by_label("Guard").select_option("SUCCESS_RATE")
    await page.get_by_label("success rate: at most by, points").fill("5")
    await page.get_by_label("success rate: at most by, points").press("Tab")
    await page.wait_for_url("**guard=SUCCESS_RATE%3A0.05*")
    await page.get_by_label("Units planned for each arm").fill("12")
    await page.get_by_label("Units planned for each arm").press("Tab")
    await page.get_by_label("One looks").select_option("FIXED")
    await page.wait_for_url("**horizon=FIXED*")
    await page.get_by_role("button", name="Start a run with this design").click()
    await page.get_by_role("button", name="Start a run with this design", exact=True).click()
    await page.wait_for_url("**#/runs/*")
    run_id = page.url.rsplit("/", 1)[1]
    asked = (await subject.reads.runs([run_id]))[run_id].input
    [guardrail] = asked.design.guardrails
    assert (asked.min_sample_size, asked.design.horizon.value, guardrail.margin) == (12, "fixed", 0.05)
    await page.get_by_role("table", name="What each stage took").get_by_text("20 executions").wait_for()


async def test_several_candidates_and_who_is_held_out_are_designed_and_the_run_tells_of_each(
    open_tab: Tab, service: Service
) -> None:
    subject = await make_subject(service.parts.graph)
    for unit in range(20):
        await subject.record(subject.node_id, [200.0 + unit % 7], unit=f"unit-{unit}")
    improvements = [await subject.propose(f"print('{number}')") for number in range(3)]
    page = open_tab.page
    await open_tab.visit(f"/design/{subject.pattern_id}?gain=1")
    needed = page.get_by_role("region", name="What it finds").locator(".figure", has_text="Units needed")
    one = _figure(await needed.locator(".value").inner_text())
    await page.get_by_text("Several candidates, exposure").click()
    several = page.get_by_label("Candidates beside each other")
    await several.fill("3")
    await several.press("Tab")
    await page.wait_for_url("**candidates=3*")
    await page.get_by_text("Units needed, all 4 arms").wait_for()
    await open_tab.settled()
    assert _figure(await needed.locator(".value").inner_text()) > 2 * one
    await page.get_by_label("Units get the candidate").select_option("STAGES")
    await page.get_by_text("one candidate after the other, not for several at once").wait_for()
    assert await page.get_by_role("button", name="Start a run with this design").count() == 0
    await page.get_by_label("Units get the candidate").select_option("AT_ONCE")
    await page.get_by_label("Held out of all experiments, %").fill("20")
    await page.get_by_label("Held out of all experiments, %").press("Tab")
    await page.wait_for_url("**holdout=20*")
    assert await open_tab.violations() == []
    await page.get_by_role("button", name="Start a run with this design").click()
    await page.get_by_role("button", name="Start a run with this design", exact=True).click()
    await page.wait_for_url("**#/runs/*")
    run_id = page.url.rsplit("/", 1)[1]
    asked = (await subject.reads.runs([run_id]))[run_id].input.design
    assert (asked.candidates_at_once, asked.holdout_share, asked.stages) == (3, 0.2, ())
    await page.get_by_text("one of 3 candidates beside each other; 25 % of the units get it").nth(2).wait_for()

    await Lineage(service.parts.graph).reject(improvements[1].candidate_node_id, "not wanted", TESTER)
    await page.get_by_text("goes on without it").wait_for()
    assert await page.get_by_text("goes on without it").count() == 1


def _figure(text: str) -> float:
    number, _, unit = text.replace(",", "").partition(" ")
    return float(number) * {"": 1, "k": 1e3, "M": 1e6}[unit]


async def test_a_design_of_a_pattern_that_nobody_used_says_that_nothing_is_known(
    open_tab: Tab, service: Service
) -> None:
    subject = await make_subject(service.parts.graph)
    await open_tab.visit(f"/design/{subject.pattern_id}")
    text = await open_tab.page.get_by_role("region", name="What it finds").inner_text()
    assert "none lately" in text
    assert "does not tell how many units" in text


async def test_a_schedule_is_made_paused_and_deleted(open_tab: Tab, service: Service) -> None:
    subject = await make_subject(service.parts.graph)
    page, name = open_tab.page, f"nightly-{new_id()[-6:]}"
    await open_tab.visit(f"/schedules?pattern={subject.pattern_id}&name=the+one")
    form = page.get_by_role("form", name="Add a schedule")
    await form.get_by_label("Name", exact=True).fill(name)
    await form.get_by_label("On the clock of").fill("Mars/Olympus")
    add = form.get_by_role("button", name="Add a schedule")
    await add.click()
    await form.get_by_role("alert").get_by_text("There is no time zone Mars/Olympus").wait_for()
    await form.get_by_label("On the clock of").fill("Asia/Kathmandu")
    when = form.get_by_label("When, as cron has it")
    await when.fill("61 3 * * *")
    await add.click()
    await form.get_by_role("alert").get_by_text("cron").wait_for()
    await when.fill("30 3 * * *")
    await add.click()
    row = page.locator("tbody tr", has_text=name)
    await row.wait_for()
    assert re.search(r"\d{4}-\d\d-\d\d 03:30, Asia/Kathmandu", await row.inner_text())
    for title in (f"Pause {name}", f"Let {name} go on"):
        await row.get_by_role("button", name=title).click()
        await row.get_by_role("button", name=title, exact=True).click()
        await row.get_by_role("button", name=title).wait_for(state="detached")
    await row.get_by_role("button", name=f"Delete {name}").click()
    await row.get_by_role("button", name=f"Delete {name}", exact=True).click()
    await row.wait_for(state="detached")


async def _improvements(subject: Subject) -> list[Improvement]:
    pages = await subject.reads.improvements_of_patterns([subject.pattern_id], Page(first=20))
    return list(pages[subject.pattern_id].improvements)


async def _review(open_tab: Tab, name: str) -> Locator:
    await open_tab.visit("/improve")
    return open_tab.page.locator("article", has_text=name)


async def test_keys_alone_lead_from_the_menu_to_a_step_and_back(open_tab: Tab, filled: Filled) -> None:
    page = open_tab.page
    await open_tab.visit("/")

    async def focused(wanted: str) -> None:
        for _ in range(60):
            if await page.evaluate(f"document.activeElement?.matches({wanted!r})"):
                return
            await page.keyboard.press("Tab")
        raise AssertionError(f"no Tab leads to {wanted}")

    await focused('nav a[href="#/traces"]')
    await page.keyboard.press("Enter")
    await page.wait_for_url("**#/traces")
    await open_tab.settled()
    await focused(f'tbody a[href="#/traces/{filled.trace}"]')
    await page.keyboard.press("Enter")
    await page.locator(".bar-row").first.wait_for()
    await focused("[role=tree]")
    for _ in range(2):
        await page.keyboard.press("ArrowDown")
    await page.locator(".detail h2").wait_for()
    assert "step=" in page.url
    assert await page.locator("[role=treeitem][aria-selected=true]").count() == 1
    await page.keyboard.press("Escape")
    await page.locator(".detail").wait_for(state="detached")
    assert "step=" not in page.url


async def test_an_edit_is_shown_as_a_difference_and_a_terminal_in_its_colours(open_tab: Tab, filled: Filled) -> None:
    page = open_tab.page
    await open_tab.visit(f"/traces/{filled.trace}")
    await page.locator(".bar-row", has_text="Edit").click()
    await page.locator(".detail .diff .added", has_text="an empty field is a field").wait_for()
    await page.screenshot(path=PICTURES / "step.png")
    await page.locator(".bar-row", has_text="Bash").click()
    await page.locator(".detail .ansi-red", has_text="1 failed").wait_for()


async def test_repeats_are_one_row_until_it_is_opened(open_tab: Tab, filled: Filled) -> None:
    page = open_tab.page
    await open_tab.visit(f"/traces/{filled.trace}")
    reads = page.locator(".bar-row", has_text="Read")
    assert [await reads.count(), "× 8" in await reads.first.inner_text()] == [1, True]
    await reads.first.click()
    await until(lambda: _is(reads, 9))
    await page.get_by_label("repeats as one").click()
    await until(lambda: _is(reads, 8))


async def _is(found: Locator, count: int) -> bool:
    return await found.count() == count


async def test_a_trace_is_asked_for_once_and_while_the_modules_of_its_page_load(open_tab: Tab, filled: Filled) -> None:
    page, asked = open_tab.page, asyncio.Event()
    questions: list[str] = []

    def told(request: Request) -> None:
        if "query ConsoleTraceStart" in (request.post_data or ""):
            questions.append(request.url)
            asked.set()

    async def held(route: Route) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await asked.wait()
        await route.continue_()

    await open_tab.visit("/")
    page.on("request", told)
    await page.route("**/pages/trace.js", held)
    await page.evaluate("id => { location.hash = `#/traces/${id}`; }", filled.trace)
    await page.locator(".bar-row").first.wait_for()
    await open_tab.settled()
    assert len(questions) == 1


async def _link_to(opened: Tab, trace: str) -> tuple[Locator, list[Request]]:
    """The link to a trace in the list of traces, and what is asked for the page of any trace from now on."""
    asked: list[Request] = []
    opened.page.on(
        "request",
        lambda request: asked.append(request) if "query ConsoleTraceStart" in (request.post_data or "") else None,
    )
    await opened.visit("/traces?all=true")
    return opened.page.locator(f"tbody a[href='#/traces/{trace}']"), asked


async def test_a_trace_is_asked_for_while_somebody_rests_on_its_link_and_not_again_when_it_is_clicked(
    open_tab: Tab, filled: Filled
) -> None:
    link, asked = await _link_to(open_tab, filled.trace)
    await link.hover()
    await until(lambda: len(asked) == 1)
    await link.click()
    await open_tab.page.locator(".bar-row").first.wait_for()
    await open_tab.settled()
    assert len(asked) == 1


async def test_what_was_asked_for_is_given_up_when_nobody_rests_on_the_link_any_more(
    open_tab: Tab, filled: Filled
) -> None:
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        if "query ConsoleTraceStart" not in (route.request.post_data or ""):
            return await route.continue_()
        async with asyncio.timeout(PATIENCE_S):
            await held.wait()

    failed: list[str | None] = []
    link, asked = await _link_to(open_tab, filled.trace)
    open_tab.page.on("requestfailed", lambda request: failed.append(request.failure))
    await open_tab.page.route("**/graphql", hold)
    await link.hover()
    await until(lambda: len(asked) == 1)
    await open_tab.page.locator("main h1").hover()
    await until(lambda: len(failed) == 1)
    assert "ERR_ABORTED" in (failed[0] or "")
    held.set()


async def test_an_answer_that_is_seconds_old_is_asked_for_anew(open_tab: Tab, filled: Filled) -> None:
    link, asked = await _link_to(open_tab, filled.trace)
    await link.focus()
    await until(lambda: len(asked) == 1)
    await (await _answer(asked[0])).finished()
    await open_tab.page.evaluate(
        "const was = performance.now.bind(performance); performance.now = () => was() + 60_000;"
    )
    await link.press("Enter")
    await open_tab.page.locator(".bar-row").first.wait_for()
    await open_tab.settled()
    assert len(asked) == 2


async def _answer(request: Request) -> Response:
    answer = await request.response()
    assert answer is not None
    return answer


async def test_drawing_over_the_map_shows_that_time_alone(open_tab: Tab, filled: Filled) -> None:
    page = open_tab.page
    await open_tab.visit(f"/traces/{filled.trace}")
    axis = page.locator(".axis")
    whole = await axis.inner_text()
    box = await page.locator(".minimap canvas").bounding_box()
    assert box is not None
    for x, act in ((0.5, page.mouse.down), (0.75, page.mouse.up)):
        await page.mouse.move(box["x"] + x * box["width"], box["y"] + 10)
        await act()
    await page.locator(".minimap .selected").wait_for()
    shown = await axis.inner_text()
    assert shown != whole
    await page.get_by_role("button", name="Whole").click()
    await page.locator(".minimap .selected").wait_for(state="detached")
    assert await axis.inner_text() == whole


async def test_a_hostile_trace_is_shown_as_text_and_breaks_nothing(open_tab: Tab, service: Service) -> None:
    hostile = await fill_hostile(service)
    page = open_tab.page
    page.on("dialog", lambda dialog: open_tab.faults.append(dialog.message))
    await open_tab.visit(f"/traces/{quote(hostile, safe='')}")
    heading = await page.locator("main h1").inner_text()
    assert "<script>" in heading
    assert "\u202e" not in await page.locator("body").inner_text()
    assert await page.locator("main script, main img").count() == 0
    await page.locator(".waterfall", has_text="5,001 bars").wait_for()
    assert await page.locator(".bar-row").count() < 100
    await page.locator(".bar-row").nth(1).click()
    await page.locator(".detail h3", has_text="Output").wait_for()
    text = await page.locator(".detail").inner_text()
    assert "<img src=x" in text
    assert "\u202e" not in text
    assert len(text) < 20_000
    assert await page.title() != "owned"
    for path in ("/", "/traces?all=true", "/sessions"):
        await open_tab.visit(path)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1400


async def test_what_is_recorded_appears_by_itself(open_tab: Tab, service: Service) -> None:
    page = open_tab.page
    await open_tab.visit("/")
    await page.locator(".live.on").wait_for()
    began, trace = now() - timedelta(seconds=5), new_id()
    await record(service, [*episode(trace, new_id(), began)])
    await page.locator(f'a[href="#/traces/{trace}"]').wait_for()


async def test_the_start_tells_what_fails_and_what_was_put_aside(
    browser: Browser, embedded_engine: EngineUnderTest, filled: Filled, tmp_path: Path
) -> None:
    await DeadLetters(tmp_path).add([TraceStarted(correlation_id="t")], ValueError("no"), now())
    settings = settings_for(embedded_engine).model_copy(update={"dead_letter_folder": tmp_path})
    async with serving(settings) as service, tab(browser, service.url) as opened:
        await opened.visit("/")
        await opened.page.get_by_role("alert").get_by_text("1 event could not be recorded").wait_for()


async def test_a_failing_api_says_so_and_keeps_what_was_there(
    browser: Browser, service: Service, filled: Filled
) -> None:
    async with tab(browser, service.url) as opened:
        page = opened.page
        await opened.visit("/traces")
        rows = await page.locator("tbody tr").count()
        await page.route("**/graphql", lambda route: route.abort())
        await page.get_by_label("Status").select_option("ERROR")
        await page.get_by_role("alert").wait_for()
        assert "does not answer" in await page.get_by_role("alert").inner_text()
        assert await page.locator("tbody tr").count() == rows
        await page.unroute("**/graphql")
        await page.get_by_role("button", name="Try again").click()
        await page.get_by_role("alert").wait_for(state="detached")


async def test_two_traces_of_the_list_are_compared(open_tab: Tab, filled: Filled) -> None:
    page = open_tab.page
    await open_tab.visit("/traces")
    await page.get_by_label(f"Compare {filled.trace}").click()
    await page.get_by_label(f"Compare {filled.again}").click()
    await page.wait_for_url("**#/diff/**")
    await open_tab.settled()
    first = await page.locator("tr.first").inner_text()
    assert "Bash" in first
    assert "the first to differ" in first


async def test_it_works_below_a_path_of_a_proxy(
    browser: Browser, embedded_engine: EngineUnderTest, filled: Filled
) -> None:
    settings = settings_for(embedded_engine).model_copy(update={"root_path": "/tools/loop"})
    async with serving(settings) as behind, tab(browser, f"{behind.url}/tools/loop") as opened:
        moved = await opened.page.goto(f"{behind.url}/tools/loop")
        assert moved is not None
        assert moved.url == f"{behind.url}/tools/loop/"
        for path in ("/", f"/traces/{filled.trace}"):
            await opened.visit(path)
        assert await opened.page.locator(".bar-row").count() > 5
        assert (opened.faults, opened.foreign) == ([], [])


async def test_the_api_may_be_of_another_origin_that_allows_the_page(
    browser: Browser, embedded_engine: EngineUnderTest, filled: Filled
) -> None:
    page = Starlette()
    async with listening(page) as origin:
        settings = settings_for(embedded_engine).model_copy(update={"allowed_origins": (origin,)})
        async with serving(settings) as api:
            page.router.routes.extend(console_routes(Settings(console_api=f"{api.url}/graphql")))
            async with tab(browser, origin, others=frozenset({api.url})) as opened:
                await opened.visit("/traces")
                assert await opened.page.locator("tbody tr").count() > 1
                await opened.page.locator(".live.on").wait_for()
                assert (opened.faults, opened.foreign) == ([], [])
