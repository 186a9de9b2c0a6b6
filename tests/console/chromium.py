"""A real Chromium, as the distribution or Playwright has it; tests that need one say why they are skipped where there is none."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest

from support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES: Final = Path(__file__).parents[2] / "build" / "console"
AXE: Final = Path(__file__).parent / "javascript/node_modules/axe-core/axe.min.js"


@contextlib.asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """A Chromium, until the end of the block; skips the tests where there is none."""
    playwright = pytest.importorskip("playwright.async_api", reason="the extra `browser` is not installed")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no Chromium is on the path: none of {', '.join(NAMES)}")
    async with playwright.async_playwright() as started:
        browser = await started.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Tab:
    """A page of a browser, and what went wrong in it."""

    page: Page
    base: str
    others: frozenset[str] = frozenset()
    faults: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    async def visit(self, path: str) -> None:
        """Goes to a view as somebody who was sent its address, and waits until all of it is there."""
        await self.page.goto("about:blank")
        await self.page.goto(f"{self.base}#{path}")
        await self.settled()

    async def settled(self) -> None:
        """Returns when the page has its heading and waits for nothing."""
        await self.page.wait_for_selector("main h1")
        await self.page.wait_for_function(
            "() => !document.querySelector('.boot, .loading, [aria-busy=true]') && document.querySelector('main h1')"
        )

    async def violations(self) -> list[str]:
        """What axe finds on the page as it is."""
        if not AXE.exists():
            pytest.skip("axe-core is not installed: `make console` brings it")
        await self.page.evaluate(AXE.read_text())
        found: Any = await self.page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
            ".map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(' | ')}`)"
        )
        return list(found)


@contextlib.asynccontextmanager
async def tab(
    browser: Browser, base: str, *, theme: Any = "light", width: int = 1400, others: frozenset[str] = frozenset()
) -> AsyncIterator[Tab]:
    """A new page in a profile of its own; ``others`` are origins beside that of ``base`` which it may ask."""
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=False, reduced_motion="reduce"
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_S * 1_000)
    opened = Tab(page, base if base.endswith("/") else f"{base}/", others)
    allowed = {_origin(base), *others}
    page.on("console", lambda said: opened.faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: opened.faults.append(str(error)))
    page.on("request", lambda asked: opened.foreign.append(asked.url) if _foreign(asked.url, allowed) else None)
    try:
        yield opened
    finally:
        await context.close()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _foreign(url: str, allowed: set[str]) -> bool:
    return url.startswith(("http", "ws")) and _origin(url) not in allowed
