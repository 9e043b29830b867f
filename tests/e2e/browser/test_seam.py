"""Where another model goes on: a thin line in the text at that place, and a leg of its own in the receipt."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from soma_common.testing.upstream import Continues, Fault, FaultKind, Script, ScriptedUpstream
from tests.e2e.browser.acts import answers, ask, own_words, same_words, stored_answer, whole_answer
from tests.e2e.browser.conftest import OpenPage
from tests.e2e.support.person import Person

TEXT = "Herons stand still in shallow water for a long time, and then they strike faster than an eye can follow."


@pytest_asyncio.fixture(loop_scope="session")
async def pair(admin: Person, model: ScriptedUpstream) -> AsyncIterator[tuple[str, str]]:
    """Two models of the tenant, of which the second answers in the first one's place."""
    first, second = (f"{name}-{uuid4().hex[:6]}" for name in ("first", "second"))
    for name, others in ((second, []), (first, [second])):
        profile = {"model_profile_id": name, "provider": "custom", "model": "scripted", "base_url": model.base_url}
        asked = {"model": {**profile, "fallback_profile_ids": others}, "make_default": False}
        async with admin.http.post("/api/v1/models", json=asked) as response:
            assert response.status == 200, await response.text()
    yield first, second
    for name in (first, second):
        async with admin.http.delete(f"/api/v1/models/{name}") as response:
            assert response.status == 200, await response.text()


async def test_the_model_that_goes_on_is_named_at_the_place_and_in_the_receipt(
    open_page: OpenPage, browser: Browser, model: ScriptedUpstream, admin: Person, pair: tuple[str, str]
) -> None:
    first, second = pair
    text = own_words()
    model.enqueue(
        Script(match=text, text=TEXT, chunks=10, fault=Fault(FaultKind.CUT, at_chunk=5)),
        Script(match=text, text=TEXT, chunks=10, continues=Continues.LAST_WORDS),
    )
    context, looked = await browser.new_context(), asyncio.Event()

    async def late(route: Route) -> None:
        """The models come once the person looks for one."""
        await looked.wait()
        await route.continue_()

    await context.route(lambda url: "/api/v1/models" in url, late)
    page = await open_page(context=context)
    await page.keyboard.press("Control+k")
    await page.get_by_label("Command", exact=True).fill(f"{first} answers")
    await expect(page.get_by_text("No command and no chat is called so.")).to_be_visible()
    looked.set()
    found = page.get_by_role("listbox", name="Commands").get_by_role("option")
    await expect(found.first).to_contain_text(f"{first} answers")
    await page.keyboard.press("Enter")
    await ask(page, text)
    shown = await whole_answer(page)
    assert same_words(shown, TEXT)
    assert same_words(shown, await stored_answer(admin, page))
    seam = answers(page).get_by_role("note")
    await expect(seam).to_have_text(f"From here on answered by {second}")
    before, after = await answers(page).locator(".prose").all_inner_texts()
    assert 0 < len(before) < len(TEXT) - len(after) + 2
    await answers(page).get_by_role("button", name="Receipt:").click()
    legs = page.get_by_role("region", name="Model calls").get_by_role("listitem")
    await expect(legs).to_have_count(2)
    await expect(legs.nth(0)).to_contain_text(first)
    await expect(legs.nth(1)).to_contain_text(f"Went on where {first} broke off")
    await expect(legs.nth(1)).to_contain_text(second)
