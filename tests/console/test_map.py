"""Maps of the lineage in a real browser: drawn, moved and read by everybody, also where a browser draws no WebGL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conftest import settings_for
from console.chromium import PICTURES, Tab, tab
from console.families import family
from console.filled import FIRST, HOSTILE, TESTER
from loopgraph.contracts.lineage.changes import NewEdge, NewPattern, NewVersion
from loopgraph.contracts.lineage.patterns import RelationshipType
from loopgraph.effects.clock import new_id
from loopgraph.effects.lineage.writes import Lineage
from support.engines import EngineUnderTest
from support.service import Service, serving
from support.waiting import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page

pytestmark = pytest.mark.slow

COUNTS_LAYOUTS = """
window.layouts = 0;
const send = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (...given) { window.layouts += 1; return send.apply(this, given); };
"""

DRAWS_NO_WEBGL = """
const given = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith("webgl") ? null : given.call(this, kind, ...more);
};
"""


class Chain:
    """A pattern of a type of its own, whose versions follow each other."""

    def __init__(self, service: Service, name: str = "chain") -> None:
        self.type = f"type-{new_id()}"
        self.ids: list[str] = []
        self._lineage = Lineage(service.parts.graph)
        self._new = NewPattern(pattern_id=new_id(), name=name, pattern_type=self.type)
        self.pattern_id = str(self._new.pattern_id)

    async def of(self, versions: int) -> Chain:
        for _ in range(versions):
            version = NewVersion(template_code=f"{FIRST}{new_id()}", activate=True)
            if self.ids:
                made = (await self._lineage.add_version(self.pattern_id, version, TESTER)).version
            else:
                made = (await self._lineage.create_pattern(self._new, version, TESTER)).version
            self.ids.append(made.node_id)
        return self

    async def forked(self, stem: str) -> str:
        """Another pattern of the type, forked from a version of this one; its version."""
        new = NewPattern(pattern_id=new_id(), name="fork", pattern_type=self.type)
        made = await self._lineage.create_pattern(new, NewVersion(activate=True), TESTER)
        edge = NewEdge(
            source_node_id=stem, target_node_id=made.version.node_id, relationship_type=RelationshipType.FORKED_FROM
        )
        await self._lineage.connect(edge, TESTER)
        return made.version.node_id


async def middle(page: Page) -> tuple[float, float]:
    """The middle of the map, where its middle is at first."""
    box = await page.locator(".map-box").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def says(page: Page, text: str) -> None:
    """Returns when this is told of the version that is meant."""
    await page.locator(".map-told", has_text=text).wait_for()


async def says_at(page: Page, right: float, text: str) -> None:
    """Returns when this is told of the version so far to the right of the middle."""
    x, y = await middle(page)
    await page.mouse.move(x + right, y)
    await says(page, text)


async def _are(found: Locator, count: int) -> bool:
    return await found.count() == count


STEP = 1.25 * 28 / 2
"""So far from the middle are two versions that are all there is; how large a map is at first has a limit."""


async def test_a_click_chooses_a_version_and_leads_to_its_page(open_tab: Tab, service: Service) -> None:
    chain, page = await Chain(service).of(2), open_tab.page
    await page.add_init_script(COUNTS_LAYOUTS)
    await open_tab.visit(f"/map?type={chain.type}")
    await says_at(page, -STEP, "version 1")
    await says_at(page, STEP, "version 2")
    await page.mouse.down()
    await page.mouse.up()
    await page.wait_for_url(f"**version={chain.ids[1]}*")
    chosen = page.get_by_role("region", name="The chosen version")
    assert "refined from chain 1" in (await chosen.inner_text())
    await chosen.get_by_role("link", name="chain 2").click()
    await page.locator(".panel", has_text="Version 2").first.wait_for()
    assert f"/patterns/{chain.pattern_id}?version={chain.ids[1]}" in page.url


async def test_versions_are_placed_once_and_never_again_for_a_click(open_tab: Tab, service: Service) -> None:
    chain, page = await Chain(service).of(2), open_tab.page
    await page.add_init_script(COUNTS_LAYOUTS)
    await open_tab.visit(f"/map?type={chain.type}")
    x, y = await middle(page)
    for right in (-STEP, STEP):
        await page.mouse.click(x + right, y)
        await page.locator(".map-chosen").wait_for()
    await page.mouse.wheel(0, -300)
    await page.mouse.down()
    await page.mouse.move(x + 90, y + 40)
    await page.mouse.up()
    await page.locator(".map-box").press("Home")
    await says(page, "version 1")
    assert await page.evaluate("window.layouts") == 1
    await page.get_by_label("Versions that were made").select_option("7")
    await page.wait_for_function("() => window.layouts === 2")  # other versions may be asked for: that is another map


async def test_keys_alone_move_over_a_map_and_choose(open_tab: Tab, service: Service) -> None:
    chain, page = await Chain(service).of(3), open_tab.page
    fork = await chain.forked(chain.ids[1])
    await open_tab.visit(f"/patterns/{chain.pattern_id}")
    button = page.get_by_role("button", name="Map of the family")
    await button.focus()
    await page.keyboard.press("Enter")
    await page.locator(".map-box[aria-busy=false]").wait_for()
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.matches('.map-box')"):
            break
    steps = {
        "Home": "chain, ",
        "ArrowRight": "version 2",
        "ArrowDown": "fork, ",
        "ArrowLeft": "version 2",
        "End": "fork, ",
    }
    await page.keyboard.press("Home")
    await says(page, "version 1")
    for key, expected in steps.items():
        await page.keyboard.press(key)
        await says(page, expected)
    for key in ("+", "-", "Shift+ArrowRight", "0"):
        await page.keyboard.press(key)
    assert await page.locator(".map-told").get_attribute("aria-live") == "polite"
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**version={fork}*")
    await page.keyboard.press("Escape")
    await says(page, "A click")


async def test_what_lies_around_a_version_is_opened_by_a_click_and_moves_nothing(
    open_tab: Tab, service: Service
) -> None:
    chain, page = await Chain(service).of(4), open_tab.page
    fork = await chain.forked(chain.ids[2])
    await open_tab.visit(f"/patterns/{chain.pattern_id}?version={chain.ids[1]}&view=near&depth=1")
    step = 1.25 * 190
    for number, right in enumerate((-step, 0, step), 1):
        await says_at(page, right, f"version {number}: ")
    await says(page, "0 out")
    x, y = await middle(page)
    await page.mouse.click(x + step, y)
    await page.wait_for_url(f"**open={chain.ids[2]}*")
    await open_tab.settled()
    rows = page.get_by_role("group", name="as a table").locator("tbody tr")
    await page.get_by_role("button", name="As a table").click()
    await until(lambda: _are(rows, 5))
    for number, right in enumerate((-step, 0, step), 1):
        await says_at(page, right, f"version {number}: ")
    await says(page, "2 out")
    assert await rows.locator(f'a[href*="{fork}"]').count() == 1
    address = page.url.split("#", 1)[1]
    await open_tab.visit(address)  # sent to somebody, it shows the same
    await page.get_by_role("button", name="As a table").click()
    await until(lambda: _are(rows, 5))
    await page.get_by_label("Edges away").select_option("2")
    await page.wait_for_url("**depth=2*")
    assert "open=" not in page.url


async def test_a_map_is_as_of_a_day_and_of_those_made_lately(open_tab: Tab, service: Service) -> None:
    """The family grew over 200 days, a version each quarter of one."""
    pattern_id = await family(service.parts.graph, 800, 12)
    page = open_tab.page
    await open_tab.visit(f"/patterns/{pattern_id}?view=map")
    note = page.locator(".panel h2", has_text="History")
    assert "12 patterns, 800 versions" in await note.inner_text()
    slider = page.get_by_label("As of")
    await slider.fill("500")
    await open_tab.settled()
    assert "asOf=" in page.url
    shown = await note.inner_text()
    assert "800 versions" not in shown
    assert " versions, " in shown


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["map", "near"])
async def test_every_view_can_be_used_by_everybody(view: str, theme: str, browser: Browser, service: Service) -> None:
    pattern_id = await family(service.parts.graph, 160, 9)
    async with tab(browser, service.url, theme=theme) as opened:
        await opened.visit(f"/patterns/{pattern_id}?view={view}&depth=3")
        assert await opened.page.locator(".map-legend li").count() > 1
        await opened.page.screenshot(path=PICTURES / f"view-{view}-{theme}.png")
        assert await opened.violations() == []
        await opened.page.get_by_role("button", name="As a table").click()
        assert await opened.violations() == []
        assert (opened.faults, opened.foreign) == ([], [])


async def test_where_no_webgl_is_drawn_a_table_has_all_of_it(browser: Browser, service: Service) -> None:
    chain = await Chain(service).of(2)
    async with tab(browser, service.url) as opened:
        page = opened.page
        await page.add_init_script(DRAWS_NO_WEBGL)
        await opened.visit(f"/map?type={chain.type}")
        await page.get_by_text("This browser draws no WebGL").wait_for()
        assert await page.locator("canvas:visible").count() == 0
        rows = page.locator("tbody tr")
        assert await rows.count() == 2
        assert "refined: chain 1" in await rows.first.inner_text()
        assert await opened.violations() == []
        await rows.first.get_by_role("link", name="chain 2").click()
        await page.locator(".panel", has_text="Version 2").first.wait_for()
        assert opened.faults == []


async def test_a_browser_that_gives_up_drawing_goes_on_where_it_can_again(open_tab: Tab, service: Service) -> None:
    chain, page = await Chain(service).of(2), open_tab.page
    await open_tab.visit(f"/map?type={chain.type}")
    context = "document.querySelector('.map-box canvas').getContext('webgl2')"
    await page.evaluate(f"(window.lost = {context}.getExtension('WEBGL_lose_context')).loseContext()")
    await page.get_by_text("given up drawing").wait_for()
    await until(lambda: _are(page.locator("tbody tr"), 2))
    await page.evaluate("window.lost.restoreContext()")
    await page.get_by_text("given up drawing").wait_for(state="detached")
    await open_tab.settled()
    await says_at(page, STEP, "version 2")


async def test_two_fingers_zoom_and_one_moves_a_map(open_tab: Tab, service: Service) -> None:
    chain, page = await Chain(service).of(2), open_tab.page
    await open_tab.visit(f"/map?type={chain.type}")
    x, y = await middle(page)
    fingers = await page.context.new_cdp_session(page)

    async def touch(kind: str, *rights: float) -> None:
        places = [{"x": x + right, "y": y, "id": number} for number, right in enumerate(rights)]
        await fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    await touch("touchStart", -STEP, STEP)
    for away in (1.5, 2, 2.5, 3):
        await touch("touchMove", -STEP * away, STEP * away)
    await touch("touchEnd")
    await says_at(page, -3 * STEP, "version 1")
    await says_at(page, 3 * STEP, "version 2")
    assert "version=" not in page.url  # nothing was chosen
    await touch("touchStart", 0)
    for right in (20, 60, 100):
        await touch("touchMove", right)
    await touch("touchEnd")
    await says_at(page, 3 * STEP + 100, "version 2")


async def test_a_hostile_name_is_a_text_on_a_map_too(open_tab: Tab, service: Service) -> None:
    chain, page = await Chain(service, HOSTILE[:250]).of(2), open_tab.page
    page.on("dialog", lambda dialog: open_tab.faults.append(dialog.message))
    await open_tab.visit(f"/map?type={chain.type}")
    await says_at(page, STEP, "<script>")
    assert "\u202e" not in await page.locator(".map-told").inner_text()
    await page.mouse.down()
    await page.mouse.up()
    await page.locator(".map-chosen").wait_for()
    await page.get_by_role("button", name="As a table").click()
    assert "\u202e" not in await page.locator("body").inner_text()
    assert await page.locator("main script, main img").count() == 0
    assert await page.title() != "owned"
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1400


async def test_what_was_drawn_stays_when_the_api_fails(browser: Browser, service: Service) -> None:
    chain = await Chain(service).of(2)
    async with tab(browser, service.url) as opened:
        page = opened.page
        await opened.visit(f"/map?type={chain.type}")
        await page.route("**/graphql", lambda route: route.abort())
        await page.get_by_label("Versions that were made").select_option("30")
        await page.get_by_role("alert").wait_for()
        await says_at(page, STEP, "version 2")
        await page.unroute("**/graphql")
        await page.get_by_role("button", name="Try again").click()
        await page.get_by_role("alert").wait_for(state="detached")


async def test_the_worker_is_found_below_a_path_of_a_proxy(
    browser: Browser, embedded_engine: EngineUnderTest, service: Service
) -> None:
    chain = await Chain(service).of(2)
    settings = settings_for(embedded_engine).model_copy(update={"root_path": "/tools/loop"})
    async with serving(settings) as behind, tab(browser, f"{behind.url}/tools/loop") as opened:
        await opened.visit(f"/map?type={chain.type}")
        await says_at(opened.page, STEP, "version 2")
        assert (opened.faults, opened.foreign) == ([], [])


async def test_a_narrow_screen_has_the_map_too(browser: Browser, service: Service) -> None:
    chain = await Chain(service).of(2)
    async with tab(browser, service.url, width=400) as opened:
        for path in (f"/map?type={chain.type}", f"/patterns/{chain.pattern_id}?view=near&version={chain.ids[0]}"):
            await opened.visit(path)
            assert await opened.page.evaluate("document.documentElement.scrollWidth") <= 400


async def test_a_picture_of_a_family(browser: Browser, service: Service) -> None:
    """For the documentation: a family that grew over some months."""
    pattern_id = await family(service.parts.graph, 240, 18, seed=7)
    async with tab(browser, service.url) as opened:
        page = opened.page
        await opened.visit(f"/patterns/{pattern_id}?view=map")
        await page.locator(".map-box").press("End")
        await page.locator(".map-box").press("Enter")
        await page.locator(".map-box").press("0")
        await opened.settled()
        await page.locator(".panel", has=page.locator(".map")).screenshot(path=PICTURES / "map.png")
        assert opened.faults == []
