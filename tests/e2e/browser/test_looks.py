"""The page as it looks: wide and narrow, light and dark; nothing is cut off and nothing scrolls sideways."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import expect

from tests.e2e.browser.acts import SIDEWAYS, answers, ask, own_words, whole_answer
from tests.e2e.browser.conftest import OpenPage

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.mark.parametrize("width", [1280, 360])
async def test_pictures(open_page: OpenPage, tmp_path: Path, width: int) -> None:
    page = await open_page(width, 800)

    async def picture(name: str) -> None:
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            assert await page.evaluate(SIDEWAYS) == []
            taken = await page.screenshot(path=tmp_path / f"{name}-{width}-{scheme}.png")
            assert len(taken) > 5000
            ground = await page.evaluate("() => getComputedStyle(document.body).backgroundColor")
            assert (ground == "rgb(255, 255, 255)") == (scheme == "light")

    await picture("welcome")
    await ask(page, own_words())
    await whole_answer(page)
    await picture("answer")
    await answers(page).last.get_by_role("button", name="Receipt:").click()
    await expect(page.get_by_role("heading", name="Facts")).to_be_visible()
    await picture("receipt")
    seen = {"Mind": "What moved this", "Memory": "memories are found by meaning"}
    for tab, sign in (seen | {"Budget": "What applies here", "Level": "Level between turns"}).items():
        await page.get_by_role("tab", name=tab).click()
        await expect(page.get_by_text(sign)).to_be_visible()
        await picture(tab.lower())
