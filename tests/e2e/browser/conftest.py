"""A person in a real browser: the system's Chromium, and the page of the running mesh."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream

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
    """Without a browser the journeys of this folder are skipped, each by its name."""
    if chromium() is not None:
        return
    reason = "no Chromium is installed: `apt-get install chromium` (Debian), or put one on the PATH"
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser of its own for each journey."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield opened
        await opened.close()


@pytest.fixture
async def open_page(browser: Browser, mesh: Mesh, model: ScriptedUpstream) -> AsyncIterator[OpenPage]:
    """Opens the page as a fresh visitor or in a given context; what the browser complains of fails the test."""
    complaints: list[str] = []

    async def open_it(
        width: int = 1280, height: int = 800, context: BrowserContext | None = None, **options: Any
    ) -> Page:
        home = context or await browser.new_context(viewport={"width": width, "height": height}, **options)
        page = await home.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda asked: complaints.append(asked.url) if _foreign(asked.url, mesh) else None)
        await page.goto(mesh.edge_url)
        await page.get_by_text("Connected", exact=True).wait_for()
        return page

    yield open_it
    assert complaints == []


def _foreign(url: str, mesh: Mesh) -> bool:
    return not url.startswith((mesh.edge_url, "data:", "blob:"))
