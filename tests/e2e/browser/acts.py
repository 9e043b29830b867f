"""What a person does on the page, in the page's own words."""

from uuid import uuid4

from playwright.async_api import Locator, Page

from tests.e2e.support.person import Person

PATIENCE_MS = 30_000

# The elements that reach beyond the right edge, other than what scrolls by itself.
SIDEWAYS = """() => {
  const wide = [];
  const look = (root) => root.querySelectorAll('*').forEach((each) => {
    const box = each.getBoundingClientRect();
    const scrolls = each.closest('pre, .table, .command code') !== null;
    if (box.width > 0 && box.right > innerWidth + 1 && !scrolls) wide.push(each.localName + '.' + each.className);
    if (each.shadowRoot) look(each.shadowRoot);
  });
  look(document);
  return wide;
}"""


def own_words() -> str:
    """Something that nobody said before, so that a journey finds its own conversation."""
    return f"Tell me of {uuid4().hex[:10]}"


async def ask(page: Page, text: str) -> None:
    """Write and send, by the keyboard."""
    await page.get_by_label("Message", exact=True).fill(text)
    await page.keyboard.press("Enter")


def answers(page: Page) -> Locator:
    """All answers of the conversation."""
    return page.get_by_role("article", name="Answer")


async def whole_answer(page: Page) -> str:
    """The text of the last answer, once it is complete."""
    last = answers(page).last
    await last.get_by_label("Copy the answer").wait_for(timeout=PATIENCE_MS)
    return "\n".join(await last.locator(".prose").all_inner_texts())


async def begun(page: Page) -> None:
    """Wait until some of the last answer is there, and it goes on."""
    await answers(page).last.locator(".prose p").first.wait_for(timeout=PATIENCE_MS)
    await page.get_by_label("Stop", exact=True).wait_for()


async def stored_answer(person: Person, page: Page) -> str:
    """The last answer of the conversation that is shown, as the mesh has it."""
    conversation = page.url.partition("#")[2]
    async with person.http.get(f"/api/v1/chat/conversations/{conversation}/messages") as response:
        messages = (await response.json())["messages"]
    return str(messages[-1]["content"][0]["text"])


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in white space only."""
    return "".join(one.split()) == "".join(other.split())
