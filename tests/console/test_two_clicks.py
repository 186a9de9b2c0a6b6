"""A newcomer with a home full of transcripts: how far it is to "which of my skills works"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import settings_for
from console.chromium import tab
from loopgraph.effects.clock import new_id, now
from support.command import command, settings_of
from support.engines import EngineUnderTest
from support.service import serving
from support.transcripts import SKILLS, Fresh, copied

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = pytest.mark.slow

SKILL = "triage"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
COUNTING = """
addEventListener("click", (event) => { if (event.isTrusted) window.clicked = (window.clicked ?? 0) + 1; }, true);
"""


def lately(folder: Path, skill: str) -> None:
    """What was recorded becomes what happened within the last days, with a skill that nobody else has."""
    texts = {path: path.read_text() for path in folder.rglob("*.jsonl")}
    instants = [datetime.fromisoformat(text) for each in texts.values() for text in INSTANT.findall(each)]
    later = timedelta(days=(now() - max(instants)).days)

    def moved(found: re.Match[str]) -> str:
        at = datetime.fromisoformat(found[0]).astimezone(UTC) + later
        return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03}Z"

    for path, text in texts.items():
        path.write_text(INSTANT.sub(moved, text).replace(SKILL, skill))


async def test_which_of_my_skills_works_is_at_most_two_clicks_from_the_start(
    browser: Browser, embedded_engine: EngineUnderTest, tmp_path: Path
) -> None:
    skill = f"{SKILL}-{new_id()[-6:]}"
    copied(SKILLS / "projects", tmp_path / ".claude" / "projects", Fresh())
    lately(tmp_path, skill)
    async with serving(settings_for(embedded_engine)) as service:
        environment = settings_of(embedded_engine) | {"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": ""}
        code, _, complaints = await command("import", "claude-code", **environment)
        assert (code, complaints) == (0, "")
        await service.parts.rolling.caught_up()
        async with tab(browser, service.url) as opened:
            page = opened.page
            await page.add_init_script(COUNTING)
            await opened.visit("/")
            assert await page.evaluate("window.clicked ?? 0") == 0
            await page.get_by_role("link", name="Patterns", exact=True).first.click()
            await opened.settled()
            row = page.locator("tbody tr", has_text=skill)
            await row.first.wait_for()
            assert re.search(r"\d+ % to \d+ %", await row.first.inner_text()), "the list says it already"
            await row.first.get_by_role("link").click()
            await opened.settled()
            assert skill in await page.locator("main h1").inner_text()
            succeeded = page.locator(".figure", has_text="Succeeded").first
            assert re.search(r"\d+ %\s*\d+(\.\d)? % to \d+(\.\d)? %", await succeeded.inner_text())
            assert await page.evaluate("window.clicked") <= 2
            assert (opened.faults, opened.foreign) == ([], [])
