"""Signing in to the console, in a real browser: by a token, and by a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from conftest import settings_for
from console.chromium import tab
from loopgraph.contracts.access import Role
from loopgraph.effects.clock import new_id
from loopgraph.orchestrators.access import remembering
from support.access import MAKER, Team, team
from support.engines import EngineUnderTest
from support.identity_provider import StandIn, settings_of, stand_in

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[StandIn]:
    async with stand_in() as provider:
        yield provider


@pytest.fixture(scope="module")
async def office(browser: Browser, embedded_engine: EngineUnderTest, provider: StandIn) -> AsyncIterator[Team]:
    """Not started where there is no browser."""
    trust = {**settings_of(provider), "oidc_client_secret": SecretStr(settings_of(provider)["oidc_client_secret"])}
    async with team(settings_for(embedded_engine), loop_poll_ms=3_600_000, **trust) as office:
        yield office


async def test_a_member_signs_in_by_a_token_and_out_again(browser: Browser, office: Team) -> None:
    name = f"ann-{new_id()[-6:]}"
    _, secret = await office.token(name, projects=["shop"])
    async with tab(browser, office.service.url) as opened:
        page = opened.page
        await opened.visit("/patterns")
        assert await page.locator("main h1").inner_text() == "Sign in"
        assert await page.locator("nav a").count() == 0
        await page.get_by_label("Token").fill(secret)
        await page.get_by_role("button", name="Sign in").click()
        await page.locator("main h1", has_text="Patterns").wait_for()  # what was asked for
        assert f"{name} member" in " ".join((await page.locator(".who").inner_text()).split())
        [cookie] = await page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert await page.evaluate(
            "document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"
        ) == (await page.evaluate("'' + JSON.stringify(localStorage) + '{}'"))
        assert secret not in await page.content()
        for path in (
            "/",
            "/sessions",
            "/traces",
            "/patterns",
            "/patterns?order=uses",
            "/improve",
            "/learned",
            "/chains",
            "/map",
        ):
            await opened.visit(path)
            assert await page.locator("[role=alert]").count() == 0, path
        await opened.visit("/dashboard")
        assert "This page is not for your role." in await page.locator("main").inner_text()
        await page.get_by_role("button", name="Sign out").click()
        await page.locator("main h1", has_text="Sign in").wait_for()
        assert await page.context.cookies() == []
        assert (opened.faults, opened.foreign) == ([], [])


async def test_what_one_has_asked_for_ahead_is_not_shown_to_who_signs_in_next(browser: Browser, office: Team) -> None:
    (_, ann), (_, bob) = [await office.token(f"{name}-{new_id()[-6:]}") for name in ("ann", "bob")]
    async with tab(browser, office.service.url) as opened:
        page, asked = opened.page, list[Any]()
        await opened.visit("/patterns")
        page.on(
            "request",
            lambda request: asked.append(request) if "query ConsoleStart" in (request.post_data or "") else None,
        )
        await page.evaluate(
            """async ([ann, bob, session, api]) => {
                const [{ signIn, signOut }, { ask, query }] = await Promise.all([import(session), import(api)]);
                const question = ["start", { figures: false }];
                await signIn(ann);
                ask({ operation: question[0], variables: question[1] });
                await signOut();
                await signIn(bob);
                await query(...question).catch(() => {});
            }""",
            [ann, bob, *(f"{office.service.url}/console/lib/{name}.js" for name in ("session", "api"))],
        )
        assert len(asked) == 2


async def test_everybody_can_use_the_view_to_sign_in(browser: Browser, office: Team) -> None:
    for theme in ("light", "dark"):
        async with tab(browser, office.service.url, theme=theme) as opened:
            await opened.visit("/")
            assert await opened.violations() == []
    async with tab(browser, office.service.url, width=400) as narrow:
        await narrow.visit("/")
        assert await narrow.page.evaluate("document.documentElement.scrollWidth") <= 400


async def test_who_is_signed_in_is_out_when_the_token_is_revoked(
    browser: Browser, office: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "REMEMBERED_S", 0.0)
    token, secret = await office.token(f"eve-{new_id()[-6:]}", Role.OPERATOR)
    async with tab(browser, office.service.url) as opened:
        await opened.visit("/dashboard")
        await opened.page.get_by_label("Token").fill(secret)
        await opened.page.get_by_role("button", name="Sign in").click()
        await opened.page.locator("main h1", has_text="Dashboard").wait_for()
        await office.tokens.revoke(token.token_id, MAKER)
        # Whatever asks first learns it: this, or what the dashboard asks for by itself, and then there is no link to click.
        await opened.page.evaluate("location.hash = '#/traces'")
        await opened.page.locator("main h1", has_text="Sign in").wait_for()
        assert "was revoked" in await opened.page.locator("[role=alert]").first.inner_text()


async def test_somebody_signs_in_by_a_provider_and_goes_on_where_they_were(
    browser: Browser, office: Team, provider: StandIn
) -> None:
    async with tab(browser, office.service.url, others=frozenset({provider.url})) as opened:
        await opened.visit("/traces?status=ERROR")
        await opened.page.get_by_role("link", name="Sign in with").click()
        await opened.page.locator("main h1", has_text="Traces").wait_for()
        assert opened.page.url.endswith("#/traces?status=ERROR")
        assert "ann" in await opened.page.locator(".who").inner_text()
        assert (opened.faults, opened.foreign) == ([], [])
    provider.user = {"sub": "sal", "groups": ["sales"]}
    try:
        async with tab(browser, office.service.url, others=frozenset({provider.url})) as opened:
            await opened.visit("/")
            await opened.page.get_by_role("link", name="Sign in with").click()
            await opened.page.get_by_text("You are in no group that may use this service.").wait_for()
    finally:
        provider.user = {"sub": "ann", "groups": ["engineers"]}
