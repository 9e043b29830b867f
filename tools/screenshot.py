"""`python -m tools.screenshot [FILE]`: the picture of the README, taken of the page of a running mesh in Chromium.

The mesh is started for it with a scripted model; what is shown is found by the page's accessible names.
"""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream

PICTURE: Final = Path(__file__).resolve().parent.parent / "docs/images/page.png"
_WIDTH, _HEIGHT = 1280, 860
_PATIENCE_MS: Final = 30_000
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_TOLD: Final = "My daughter Clara is nine, plays the violin and loves the sea."
_FIRST: Final = "What could I give Clara for her birthday? Three ideas, please."
_SECOND: Final = "Which of them costs the least?"
_ANSWERS: Final = {
    _TOLD: "How lovely. I will keep that in mind: Clara, nine, the violin, the sea.",
    _FIRST: "Since she plays the violin and loves the sea, three that fit her:\n\n"
    "1. **A clip-on tuner** in the shape of a shell. Nine is the age to begin tuning by herself.\n"
    "2. **A day by the sea** with a small concert at the harbour in the evening.\n"
    "3. **Easy sea shanties for violin**, a book with a play-along recording.\n\n"
    "For the book, look that the pieces stay in *first position*.",
    _SECOND: "The tuner: good ones begin at about 15 €. With a card that she can colour in, it is a whole present.",
}


def main(words: list[str]) -> int:
    browser = next((found for name in _BROWSERS if (found := shutil.which(name)) is not None), None)
    if browser is None:
        sys.stderr.write("No Chromium is installed: `apt-get install chromium` on Debian, or put one on the PATH.\n")
        return 1
    target = Path(words[0]) if words else PICTURE
    target.parent.mkdir(parents=True, exist_ok=True)
    # The tokenizer of the mesh, so that what the model reports and what was planned are the same figures.
    model = ScriptedUpstream(models=("scripted",), tokenizer="model")
    with model, Mesh(model) as mesh, _page(mesh, browser) as page:
        _ask(page, model, _TOLD)
        _wait_until_remembered(mesh)
        page.get_by_role("button", name="New chat").click()
        _ask(page, model, _FIRST)
        _ask(page, model, _SECOND)
        page.get_by_role("article", name="Answer").last.get_by_role("button", name="Receipt:").click()
        page.get_by_role("heading", name="Facts").wait_for()
        page.screenshot(path=target, animations="disabled", caret="hide")
    print(f"{target} is the page at {_WIDTH} × {_HEIGHT}")
    return 0


@contextmanager
def _page(mesh: Mesh, browser: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        context = opened.new_context(
            viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light", reduced_motion="reduce", locale="en"
        )
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.goto(mesh.edge_url)
        page.get_by_text("Connected", exact=True).wait_for()
        yield page
        opened.close()


def _ask(page: Page, model: ScriptedUpstream, question: str) -> None:
    """Ask by the keyboard and wait for the whole answer."""
    before = page.get_by_label("Copy the answer").count()
    model.set_default(Script(text=_ANSWERS[question]))
    page.get_by_label("Message", exact=True).fill(question)
    page.keyboard.press("Enter")
    page.get_by_label("Copy the answer").nth(before).wait_for()


def _wait_until_remembered(mesh: Mesh) -> None:
    """What was told is a memory a moment after the answer."""
    deadline = time.monotonic() + _PATIENCE_MS / 1000
    while "violin" not in mesh.cli("memory", "search", "What does Clara play?").stdout:
        if time.monotonic() > deadline:
            raise SystemExit("What was told did not become a memory, so the picture would lack it.")
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
