"""Markdown: tables and texts that stand in them.

Nothing here knows what is written.
"""

from collections.abc import Iterable, Sequence

MADE = "<!-- Made by `poe docs` from the code; change that and run it again. -->"


def page(title: str, *parts: str) -> str:
    """A page of these parts, empty ones left out."""
    return "\n\n".join((f"# {title}", MADE, *(part for part in parts if part))) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty where there is no row."""
    lines = [_row(cells) for cells in rows]
    return "\n".join((_row(headings), _row(["---"] * len(headings)), *lines)) if lines else ""


def code(text: str) -> str:
    """A word of code; empty stays empty."""
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Text in which nothing is taken for markup."""
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
