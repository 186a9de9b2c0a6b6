"""The console's pages of what was learned, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from console.chromium import PICTURES, Tab
from console.filled import episode, record
from console.learned import fill_learned
from loopgraph.effects.clock import new_id, now
from support.proposals import proposed
from support.service import Service
from support.traces import statement

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def learned(service: Service) -> str:
    await record(service, [*episode(new_id(), new_id(), now() - timedelta(minutes=20))])
    return await fill_learned(service)


async def test_what_went_well_before_is_found_by_a_request_with_the_parts_of_its_score(
    open_tab: Tab, learned: str
) -> None:
    page = open_tab.page
    await open_tab.visit("/learned")
    search = page.get_by_role("search")
    await search.get_by_label("What is to be done").fill("please fix the empty fields in the importer")
    await search.get_by_label("Project or folder").fill("/src")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**q=please*project=*")
    row = page.get_by_role("table", name="Matches").locator("tbody tr").first
    await row.wait_for()
    await page.screenshot(path=PICTURES / "matches.png")
    assert await row.get_by_role("link").get_attribute("href") == f"#/learned/{learned}"
    parts = await row.locator("td.number").all_inner_texts()
    assert len(parts) == 6
    assert all(0.0 <= float(one) <= 1.0 for one in parts)
    await page.get_by_text("Why, in words").click()
    assert "same project" in await page.locator("details ol").inner_text()
    await search.get_by_label("What is to be done").fill("bake a cake with cherries")
    await page.keyboard.press("Enter")
    await page.get_by_text("Nothing that was learned fits.").wait_for()


async def test_a_plan_stands_beside_the_run_that_it_was_offered_to(open_tab: Tab, learned: str) -> None:
    page = open_tab.page
    await open_tab.visit(f"/learned/{learned}")
    steps = page.get_by_role("table", name="Steps of the plan")
    [first, *_, last] = await steps.locator("tbody tr").all()
    assert re.search(r"1\. Read.*tool.*\*\.py", (await first.inner_text()).replace("\n", " "), re.DOTALL)
    failed = last.get_by_role("link", name="in which step 3 failed")
    assert await failed.count() == 1
    helps = await page.get_by_role("region", name="Does its plan help?").inner_text()
    assert "of one kind of sessions there are none" in helps
    offers = page.get_by_role("table", name="Offers").locator("tbody tr")
    assert [("withheld" in text) for text in await offers.all_inner_texts()] == [True, False]
    both = page.get_by_role("table", name="The plan and the run")
    said = [re.sub(r"\s+", " ", text).strip() for text in await both.locator("tbody tr").all_inner_texts()]
    assert said == ["Read ✓ taken Read", "Edit ✓ taken Edit", "+ not in the plan Grep", "Bash (pytest) − skipped"]
    await failed.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**#/traces/*")


async def test_plans_that_are_the_same_are_merged_or_left_as_they_are(
    open_tab: Tab, learned: str, service: Service
) -> None:
    made = [await proposed(service.parts.graph) for _ in range(2)]
    page = open_tab.page
    await open_tab.visit("/learned")
    await page.get_by_role("link", name="Duplicates").click()
    for one, button in zip(made, ("Merge", "Dismiss"), strict=True):
        names = await statement(
            service.parts.graph,
            "UNWIND $ids AS id MATCH (p:Pattern {pattern_id: id}) RETURN p.name AS name",
            ids=[one.pattern_id, one.other_id],
        )
        about = page.get_by_role("article", name=f"Merge {names[0]['name']} and {names[1]['name']}")
        await about.wait_for()
        await about.get_by_role("button", name="Both plans").click()
        both = about.get_by_role("table", name="Both plans")
        await both.wait_for()
        assert re.search(r"Read.*Edit.*Bash \(pytest\)", (await both.inner_text()).replace("\n", " "))
        await about.get_by_role("button", name=button).click()
        await about.get_by_label("Why").fill("seen")
        await about.get_by_role("form", name=button).get_by_role("button", name=button).click()
        await about.wait_for(state="detached")
    await page.get_by_role("combobox", name="Are").select_option("ACCEPTED")
    await page.wait_for_url("**status=ACCEPTED*")
    await page.get_by_role("article").filter(has_text="seen").first.wait_for()
    ids = [one.proposal_id for one in made]
    rows = await statement(
        service.parts.graph,
        "UNWIND $ids AS id MATCH (p:PlanProposal {proposal_id: id}) RETURN p.status AS status, p.reason AS reason",
        ids=ids,
    )
    assert rows == [{"status": "accepted", "reason": "seen"}, {"status": "dismissed", "reason": "seen"}]


async def test_chains_of_agents_are_a_graph_and_a_table(open_tab: Tab, learned: str) -> None:
    page = open_tab.page
    await open_tab.visit("/chains")
    row = page.get_by_role("table", name="Chains of agents").locator("tbody tr", has_text="main → Explore")
    await row.first.wait_for()
    assert await page.locator(".chains path.edge").count() == 1
    await page.get_by_role("link", name="Only chains with Explore").focus()
    await page.keyboard.press("Enter")
    await page.get_by_text("With Explore alone.").wait_for()
