"""Writing on while an answer comes: what is said then waits, is taken back, or ends what runs."""

import asyncio

from playwright.async_api import Browser, WebSocketRoute, expect

from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.browser.acts import PATIENCE_MS, answers, ask, begun, own_words, whole_answer
from tests.e2e.browser.conftest import OpenPage

SLOW = Script(chunks=2000, gap_seconds=0.05)


async def test_what_is_said_meanwhile_waits_for_its_place_also_after_a_reload(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    model.set_default(SLOW)
    page = await open_page()
    first, second, third = own_words(), own_words(), own_words()
    await ask(page, first)
    await begun(page)
    await ask(page, second)
    await ask(page, third)
    waiting = page.get_by_role("list", name="Waiting messages").get_by_role("listitem")
    await expect(waiting).to_have_text([second, third])
    # A page that is left before the mesh has heard of it takes nothing back.
    async with page.expect_response(lambda response: response.url.endswith(":cancel"), timeout=PATIENCE_MS):
        await waiting.filter(has_text=third).get_by_label("Take it back").click()
    await expect(waiting).to_have_text([second])
    field = page.get_by_label("Message", exact=True)
    await expect(field).to_have_value(third)
    await field.fill("")
    await page.reload()
    await expect(waiting).to_have_text([second])
    model.set_default(Script())
    await page.keyboard.press("Escape")
    questions = page.get_by_role("article", name="You")
    await expect(questions).to_have_count(2, timeout=PATIENCE_MS)
    await expect(questions.last).to_contain_text(second)
    await expect(waiting).to_have_count(0)
    await whole_answer(page)
    await page.reload()
    await expect(questions).to_have_count(2)
    await expect(questions.last).to_contain_text(second)
    await expect(answers(page)).to_have_count(2)


async def test_a_message_is_taken_back_though_the_mesh_has_not_heard_it_yet(
    open_page: OpenPage, model: ScriptedUpstream, browser: Browser
) -> None:
    model.set_default(SLOW)
    context, text = await browser.new_context(), own_words()
    looked = asyncio.Event()

    def slow(socket: WebSocketRoute) -> None:
        """What is said second reaches the mesh once the page has looked for it there."""
        server = socket.connect_to_server()

        async def pass_on(frame: str | bytes) -> None:
            if text in str(frame):
                await looked.wait()
            server.send(frame)

        socket.on_message(pass_on)

    await context.route_web_socket(lambda url: "/ws/" in url, slow)
    page = await open_page(context=context)
    await ask(page, own_words())
    await begun(page)
    await ask(page, text)
    async with page.expect_response(lambda answer: ":cancel" in answer.url and answer.ok):
        async with page.expect_response(lambda answer: "/chat/turns?" in answer.url):
            await page.get_by_label("Take it back").click()
        looked.set()
    await expect(page.get_by_label("Message", exact=True)).to_have_value(text)
    await page.keyboard.press("Escape")
    await whole_answer(page)


async def test_stop_and_send_ends_the_answer_and_keeps_it(open_page: OpenPage, model: ScriptedUpstream) -> None:
    model.set_default(SLOW)
    page = await open_page()
    await ask(page, own_words())
    await begun(page)
    text = own_words()
    await page.get_by_label("Message", exact=True).fill(text)
    await expect(page.get_by_role("button", name="Stop and send")).to_be_visible()
    model.set_default(Script())
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Stopped. What was written is kept.")).to_be_visible()
    await expect(page.get_by_role("article", name="You").last).to_contain_text(text)
    await whole_answer(page)
    await expect(answers(page)).to_have_count(2)
