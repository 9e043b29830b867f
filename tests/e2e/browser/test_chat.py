"""The first minutes: asking, reading the receipt, stopping, reloading, coming back."""

import re

from playwright.async_api import expect

from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream
from tests.e2e.browser.acts import (
    answers,
    ask,
    begun,
    own_words,
    same_words,
    stored_answer,
    whole_answer,
)
from tests.e2e.browser.conftest import OpenPage
from tests.e2e.support.person import Person

SLOW = Script(chunks=100, gap_seconds=0.1)


async def test_a_first_visitor_asks_and_opens_the_receipt(open_page: OpenPage) -> None:
    page = await open_page()
    await expect(page.get_by_role("heading", name="What shall we do?")).to_be_visible()
    text = own_words()
    await ask(page, text)
    assert len(await whole_answer(page)) > 20
    rail = page.get_by_role("navigation", name="Conversations")
    await expect(rail.get_by_role("button", name=text, exact=True)).to_have_attribute("aria-current", "page")
    line = answers(page).last.get_by_role("button", name="Receipt:")
    await expect(line).to_contain_text(re.compile(r"^\s*L0 · \d+ tokens · \$0\.\d+ · .* to first token\s*$"))
    await line.click()
    drawer = page.get_by_role("tabpanel", name="Receipt")
    await expect(drawer.get_by_role("heading", name="Lanes")).to_be_visible()
    for lane in ("system policy", "history", "memory", "tools", "tool results", "buffer"):
        await expect(drawer.get_by_text(lane, exact=True).first).to_be_visible()
    for phase in ("recall", "plan", "first token", "stream"):
        await expect(drawer.locator(".phase").get_by_text(phase, exact=True)).to_be_visible()
    await expect(drawer.get_by_text("Kept: always sent")).to_be_visible()


async def test_an_answer_is_markdown_and_no_markup_of_the_model_is_obeyed(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    text = (
        "## A head\n\n- one\n- **two**\n\n```python\nprint('<b>')\n```\n\n"
        "<img src=x onerror=alert(1)> ![far](https://example.org/a.png) [bad](javascript:alert(1)) [good](https://example.org)\n"
    )
    model.set_default(Script(text=text, chunks=30))
    page = await open_page()
    await ask(page, own_words())
    await whole_answer(page)
    answer = answers(page).last
    await expect(answer.get_by_role("heading", name="A head")).to_be_visible()
    await expect(answer.get_by_role("listitem").filter(has_text="two").locator("strong")).to_have_text("two")
    await expect(answer.get_by_role("group", name="Code")).to_have_text("print('<b>')")
    await expect(answer.locator("img")).to_have_count(0)
    await expect(answer.get_by_role("link")).to_have_count(1)
    await expect(answer.get_by_role("link", name="good")).to_have_attribute("href", "https://example.org")
    await expect(answer).to_contain_text("<img src=x onerror=alert(1)>")


async def test_stop_keeps_what_was_written(open_page: OpenPage, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=2000, gap_seconds=0.05))
    page = await open_page()
    await ask(page, own_words())
    await begun(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Stopped. What was written is kept.")).to_be_visible()
    kept = await whole_answer(page)
    await expect(page.get_by_label("Send", exact=True)).to_be_visible()
    await page.reload()
    assert await whole_answer(page) == kept
    await expect(page.get_by_text("Stopped. What was written is kept.")).to_be_visible()


async def test_a_reload_in_mid_stream_goes_on_where_it_was(
    open_page: OpenPage, model: ScriptedUpstream, admin: Person
) -> None:
    model.set_default(SLOW)
    page = await open_page()
    await ask(page, own_words())
    await begun(page)
    await page.reload()
    await begun(page)
    shown = await whole_answer(page)
    assert same_words(shown, await stored_answer(admin, page))
    assert len(model.requests()) == 1


async def test_a_reload_before_the_turn_began_says_it_once(open_page: OpenPage, model: ScriptedUpstream) -> None:
    page = await open_page()
    text = own_words()
    await page.get_by_label("Message", exact=True).fill(text)
    await page.evaluate(f"() => {{ document.querySelector('soma-app').store.turns.say('{text}'); location.reload(); }}")
    await whole_answer(page)
    assert [request.body["messages"][-1]["content"] for request in model.requests()] == [text]


async def test_a_refusal_of_the_provider_is_a_sentence_with_an_id_and_a_retry(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    text = own_words()
    model.enqueue(Script(match=text, fault=Fault(FaultKind.UNAUTHORIZED)))
    page = await open_page()
    await ask(page, text)
    problem = answers(page).last.get_by_role("alert")
    await expect(problem).to_contain_text("refused the key. Set a valid key and try again.")
    await expect(problem).to_contain_text(re.compile("MODEL_REFUSED_KEY · id [0-9a-f-]{36}"))
    await problem.get_by_role("button", name="Try again").click()
    assert len(await whole_answer(page)) > 20
