"""The page under load: a long conversation opens at once, a fast stream is drawn once a frame."""

from playwright.async_api import expect

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.browser.acts import answers, ask, begun, own_words, whole_answer
from tests.e2e.browser.conftest import OpenPage
from tests.e2e.browser.long_talk import make_long_talk

MESSAGES = 5000
OPENED = """(id) => new Promise((resolve) => {
  const begun = performance.now();
  location.hash = id;
  const look = () => {
    const thread = document.querySelector('soma-app').shadowRoot.querySelector('soma-thread').shadowRoot;
    const last = [...thread.querySelectorAll('soma-message')].at(-1);
    const text = last?.shadowRoot?.querySelector('.prose')?.textContent ?? '';
    if (text.includes('Message 4999')) requestAnimationFrame(() => resolve(performance.now() - begun));
    else requestAnimationFrame(look);
  };
  look();
})"""
# How often the last answer changed, and how many frames were drawn meanwhile.
WATCH = """() => {
  window.changes = 0;
  window.frames = 0;
  const thread = document.querySelector('soma-app').shadowRoot.querySelector('soma-thread').shadowRoot;
  const answer = [...thread.querySelectorAll('soma-message')].at(-1).shadowRoot;
  const all = { childList: true, characterData: true, subtree: true };
  new MutationObserver(() => { window.changes += 1; }).observe(answer, all);
  const tick = () => { window.frames += 1; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""


async def test_a_conversation_of_five_thousand_messages_opens_at_its_end(open_page: OpenPage, mesh: Mesh) -> None:
    conversation = await make_long_talk(mesh, MESSAGES)
    page = await open_page()
    milliseconds = await page.evaluate(OPENED, conversation)
    print(f"5,000 messages: the end is shown after {milliseconds:.0f} ms")
    region = page.get_by_role("region", name="Conversation")
    await expect(answers(page).last).to_be_in_viewport()
    before = await answers(page).count()
    assert before < MESSAGES / 50, "the end of it is read, not all of it"
    await region.hover()
    await page.mouse.wheel(0, -200_000)
    await expect(page.get_by_text("Jump to latest")).to_be_visible()
    await expect(answers(page)).not_to_have_count(before)
    await expect(answers(page).filter(has_text="Message 4939")).to_have_count(1)
    await page.get_by_text("Jump to latest").click()
    await expect(answers(page).last).to_be_in_viewport()
    await expect(page.get_by_text("Jump to latest")).to_be_hidden()


async def test_chunks_that_come_faster_than_frames_are_drawn_once_a_frame(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    model.set_default(Script(chunks=300, gap_seconds=0.01))
    page = await open_page()
    await ask(page, own_words())
    await begun(page)
    await page.evaluate(WATCH)
    await whole_answer(page)
    changes, frames = await page.evaluate("() => [window.changes, window.frames]")
    print(f"{changes} changes in {frames} frames")
    assert 0 < changes < 1.2 * frames + 10
