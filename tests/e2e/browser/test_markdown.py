"""Text that grows: read piece by piece it gives the same blocks as read at once."""

import pytest

from tests.e2e.browser.acts import ask, own_words, whole_answer
from tests.e2e.browser.conftest import OpenPage

DIFFERS = """(text) => {
  const entry = document.querySelector('soma-app').store.talk.entries.value.at(-1);
  const Blocks = entry.blocks.constructor;
  const grown = new Blocks();
  for (let end = 1; end <= text.length; end += 1) grown.of(text.slice(0, end));
  const shape = (blocks) => JSON.stringify(blocks.map((block) => [block.from, block.token]));
  return [shape(grown.of(text)), shape(new Blocks().of(text))];
}"""
TEXTS = (
    "One paragraph\nof two lines.\n\nAnother one.\n",
    "# Head\ntext\n\nSetext\n======\n\nmore",
    "- one\n- two\n\n  still two\n\n- three\n\nafter the list\n\n1. a\n2. b\n   - c\n",
    "before\n\n```python\nx = 1\n\n\ny = 2\n```\n\nafter\n\n    indented\n    code\n\nend",
    "|a|b|\n|-|-:|\n|1|2|\n|3|4|\n\n> quoted\n> more\n\n> another\n\n***\n\nend",
    "**bold *and* more** `code` ~~gone~~ [link](https://example.org)\n\n<b>no</b>\n\n<!-- remark -->\n\nend\n",
)


@pytest.mark.parametrize("text", TEXTS)
async def test_growing_text_gives_the_same_blocks(open_page: OpenPage, text: str) -> None:
    page = await open_page()
    await ask(page, own_words())
    await whole_answer(page)
    grown, whole = await page.evaluate(DIFFERS, text)
    assert grown == whole
