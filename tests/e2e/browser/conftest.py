"""A person in a real browser: the system's Chromium, and the page of the running mesh."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from soma_common.testing.mesh import Mesh, fresh_sub
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person, person_of

HERE = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
OpenPage = Callable[..., Awaitable[Page]]
# A machine that runs other tests beside these is slow, and that is no fault of the page.
expect.set_options(timeout=20_000)


def chromium() -> str | None:
    """Where the system's Chromium is."""
    return next((found for name in NAMES if (found := shutil.which(name)) is not None), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All journeys of this folder share a loop, as they share a browser; without one each is skipped by its name."""
    reason = "no Chromium is installed: `apt-get install chromium` (Debian), or put one on the PATH"
    for item in (item for item in items if HERE in item.path.parents):
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        if chromium() is None:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all journeys; each opens a context of its own, which knows nothing of the others."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def admin(mesh: Mesh, model: ScriptedUpstream) -> AsyncIterator[Person]:
    """An administrator of the tenant, in the loop of the browser."""
    sub = fresh_sub()
    async with person_of(mesh, sub, mesh.token_for(sub, ("admin",))) as person:
        yield person


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, mesh: Mesh, model: ScriptedUpstream) -> AsyncIterator[OpenPage]:
    """Opens the page as a fresh visitor or in a given context; what the browser complains of fails the test."""
    complaints: list[str] = []
    contexts: set[BrowserContext] = set()

    async def open_it(
        width: int = 1280, height: int = 800, context: BrowserContext | None = None, **options: Any
    ) -> Page:
        home = context or await browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.add(home)
        page = await home.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda asked: complaints.append(asked.url) if _foreign(asked.url, mesh) else None)
        await page.goto(mesh.edge_url)
        await page.get_by_text("Connected", exact=True).wait_for()
        return page

    yield open_it
    for home in contexts:
        await home.close()
    assert complaints == []


def _foreign(url: str, mesh: Mesh) -> bool:
    return not url.startswith((mesh.edge_url, "data:", "blob:"))
