"""The page under load: a long conversation opens at once, a fast stream is drawn smoothly."""

from itertools import pairwise

from playwright.async_api import expect

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.browser.acts import answers, ask, own_words, whole_answer
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
# How long the page was busy in one piece while an answer came, and how many frames were drawn in a second of it.
WATCH = """() => {
  window.longest = 0;
  window.frames = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
  }).observe({ type: 'longtask', buffered: false });
  const tick = (now) => { window.frames.push(now); requestAnimationFrame(tick); };
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


async def test_a_hundred_chunks_a_second_are_drawn_smoothly(open_page: OpenPage, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=500, gap_seconds=0.01))
    page = await open_page()
    await page.evaluate(WATCH)
    await page.wait_for_function("() => window.frames.length > 60")
    at_rest = gaps_between(await page.evaluate("() => window.frames.splice(0)"))
    await ask(page, own_words())
    await whole_answer(page)
    longest, frames = await page.evaluate("() => [window.longest, window.frames]")
    gaps = gaps_between(frames)
    median, rest = gaps[len(gaps) // 2], at_rest[len(at_rest) // 2]
    print(f"longest task {longest:.0f} ms; frames: median gap {median:.1f} ms, at rest {rest:.1f} ms")
    assert median < 2 * rest, "the page draws nearly as often as when nothing comes"
    assert longest < 5000 / 10, "no piece of work takes a tenth of the whole answer"


def gaps_between(frames: list[float]) -> list[float]:
    """The milliseconds between frames, the shortest first."""
    return sorted(later - earlier for earlier, later in pairwise(frames))
