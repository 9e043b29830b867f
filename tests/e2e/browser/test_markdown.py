"""Text that grows: read piece by piece it gives the same blocks as read at once."""

from tests.e2e.browser.acts import ask, own_words, whole_answer
from tests.e2e.browser.conftest import OpenPage

PIECES = """
  const thread = document.querySelector('soma-app').shadowRoot.querySelector('soma-thread').shadowRoot;
  const Pieces = [...thread.querySelectorAll('soma-message')].at(-1).pieces.constructor;
"""
DIFFERS = f"""(text) => {{
  {PIECES}
  const grown = new Pieces();
  for (let end = 1; end <= text.length; end += 1) grown.of(text.slice(0, end), [], [], false);
  const shape = (pieces) => JSON.stringify(pieces[0].blocks.map((block) => [block.from, block.token]));
  return [shape(grown.of(text, [], [], false)), shape(new Pieces().of(text, [], [], true))];
}}"""
PLACES = f"""([text, tools, seams]) => {{
  {PIECES}
  const places = (list) => list.map((at) => ({{ at }}));
  return new Pieces().of(text, places(tools), places(seams), true).map((piece) =>
    piece.kind === 'text' ? piece.blocks.map((block) => block.token.raw).join('').trim() : piece.kind);
}}"""
TEXTS = (
    "One paragraph\nof two lines.\n\nAnother one.\n",
    "# Head\ntext\n\nSetext\n======\n\nmore",
    "- one\n- two\n\n  still two\n\n- three\n\nafter the list\n\n1. a\n2. b\n   - c\n",
    "before\n\n```python\nx = 1\n\n\ny = 2\n```\n\nafter\n\n    indented\n    code\n\nend",
    "|a|b|\n|-|-:|\n|1|2|\n|3|4|\n\n> quoted\n> more\n\n> another\n\n***\n\nend",
    "**bold *and* more** `code` ~~gone~~ [link](https://example.org)\n\n<b>no</b>\n\n<!-- remark -->\n\nend\n",
)


async def test_growing_text_gives_the_same_blocks_and_tools_and_seams_stand_where_they_happened(
    open_page: OpenPage,
) -> None:
    page = await open_page()
    await ask(page, own_words())
    await whole_answer(page)
    for text in TEXTS:
        grown, whole = await page.evaluate(DIFFERS, text)
        assert grown == whole, text
    expected: list[tuple[str, list[int], list[int], list[str]]] = [
        ("one two", [4], [], ["one", "tools", "two"]),
        ("one two", [0, 0], [], ["tools", "one two"]),
        ("one two", [7], [7], ["one two", "tools", "seam"]),
        ("one two", [], [0], ["seam", "one two"]),
        ("one two", [], [3], ["one", "seam", "two"]),
        ("one two", [], [7], ["one two", "seam"]),
        ("a\n\nb c\n\nd", [], [5], ["a\n\nb", "seam", "c\n\nd"]),
        ("- a\n- b\n\nend", [], [5], ["- a\n- b", "seam", "end"]),
        ("```\nx\n```\nend", [], [5], ["```\nx\n```", "seam", "end"]),
    ]
    for text, tools, seams, pieces in expected:
        assert await page.evaluate(PLACES, [text, tools, seams]) == pieces, (text, tools, seams)
