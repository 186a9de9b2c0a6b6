"""The pages of the loop by keys alone, and what they say of an experiment's design."""

from __future__ import annotations

import pytest

from console.chromium import PICTURES, Tab
from loopgraph.contracts.loop.design import ExperimentDesign, Metric, WeightedMetric
from loopgraph.contracts.loop.watching import WatchStatus
from loopgraph.effects.clock import new_id
from support.feedback import make_subject
from support.operations import regression
from support.service import Service
from support.waiting import until

pytestmark = pytest.mark.slow


async def focus(opened: Tab, wanted: str, most: int = 80) -> None:
    """Goes on by Tab until what is wanted has the focus, which must be seen to have it."""
    page = opened.page
    for _ in range(most):
        if await page.evaluate("wanted => document.activeElement?.matches(wanted)", wanted):
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {wanted}")


async def test_a_schedule_is_made_by_keys_alone(open_tab: Tab, service: Service) -> None:
    subject = await make_subject(service.parts.graph)
    page, name = open_tab.page, f"keys-{new_id()[-6:]}"
    await open_tab.visit(f"/schedules?pattern={subject.pattern_id}&name=the+one")
    form = "form[aria-label='Add a schedule']"
    await focus(open_tab, f"{form} input")
    await page.keyboard.type(name)
    await focus(open_tab, f"{form} button[type=submit]")
    await page.keyboard.press("Enter")
    row = page.locator("tbody tr", has_text=name)
    await row.wait_for()
    await focus(open_tab, "tbody button")
    await page.keyboard.press("Enter")
    await page.locator("form.action").wait_for()


async def test_a_design_is_changed_by_keys_alone(open_tab: Tab, service: Service) -> None:
    subject = await make_subject(service.parts.graph)
    page = open_tab.page
    await open_tab.visit(f"/design/{subject.pattern_id}")
    await focus(open_tab, "form[aria-label='The design'] select")
    await page.keyboard.press("ArrowDown")
    await page.wait_for_url("**metric=QUALITY_SCORE*")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("20")
    await page.keyboard.press("Tab")
    await page.wait_for_url("**gain=20*")
    await focus(open_tab, "fieldset select")
    await page.keyboard.press("ArrowDown")
    await page.wait_for_url("**guard=DURATION_MS*")
    await focus(open_tab, "main .doing button")
    await page.keyboard.press("Enter")
    assert "compared with what is in use" in await page.get_by_role("form", name="Start a run").inner_text()


async def test_a_regression_is_decided_by_keys_alone(open_tab: Tab, service: Service) -> None:
    subject = await make_subject(service.parts.graph)
    watch_id = await regression(subject)
    page = open_tab.page
    await open_tab.visit(f"/applied?pattern={subject.pattern_id}")
    let = page.get_by_role("button", name="Let it stay")
    for _ in range(80):
        if await let.evaluate("it => it === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await focus(open_tab, "form[aria-label='Let it stay'] :is(input, textarea)")
    await page.keyboard.type("fast enough")
    await focus(open_tab, "form[aria-label='Let it stay'] button[type=submit]")
    await page.keyboard.press("Enter")

    async def is_dismissed() -> bool:
        return (await service.parts.watch_reads.watch(watch_id)).status is WatchStatus.DISMISSED

    await until(is_dismissed)


async def test_a_run_tells_how_far_exposure_has_grown_and_what_a_composite_is_made_of(
    open_tab: Tab, service: Service
) -> None:
    subject = await make_subject(service.parts.graph)
    improvement = await subject.propose(f"print('{new_id()}')")
    design = ExperimentDesign(
        metric=Metric.COMPOSITE,
        composite=(
            WeightedMetric(metric=Metric.DURATION_MS, weight=3),
            WeightedMetric(metric=Metric.SUCCESS_RATE, weight=1),
        ),
        stages=(0.1, 0.3, 0.5),
        holdout_share=0.2,
    )
    run = await subject.start(min_sample_size=50, design=design)

    async def has_begun() -> bool:
        found = await subject.reads.experiments_of_improvements([improvement.improvement_id])
        return bool(found[improvement.improvement_id])

    await until(has_begun)
    await open_tab.visit(f"/runs/{run.run_id}")
    page = open_tab.page
    await page.get_by_text("stage 1 of 3").wait_for()
    await page.screenshot(path=PICTURES / "staged.png")
    text = await page.locator("main").inner_text()
    assert "75 % duration, 25 % success rate" in text
    assert "20 % of all units are in no experiment" in text
    stages = page.get_by_role("list", name="Shares of the treatment").get_by_role("listitem")
    assert await stages.all_inner_texts() == ["10 %", "30 %", "50 %"]
    assert await stages.first.get_attribute("aria-current") == "step"
    assert await open_tab.violations() == []
