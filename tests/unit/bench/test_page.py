"""The page of performance."""

from bench.figures.figure import Figure
from bench.page import page
from bench.rows import Row, Target


def test_the_page_has_facts_targets_and_a_section_a_figure() -> None:
    figure = Figure("turns", "Whole turns", "They are counted.", ("mesh",), lambda _run: [])
    rows = [Row("turns | second", 35.0, "/s", "peer", 20.0, Target(1.0, at_most=False)), Row("CPU", 41.0, "ms")]
    text = page([("Python", "3.11")], [(figure, rows)], ["the peer with 2 workers: why"])
    assert "| Python | 3.11 |" in text
    assert "Left out: the peer with 2 workers: why" in text
    targets, section = text.split("## Whole turns\n")
    assert "| turns \\| second | 35.0 /s | peer: 20.0 /s | 1.75 × | ≥ 1 × | met |" in targets
    assert "CPU" not in targets.split("## Targets")[1].split("## How to read it")[0]
    assert "They are counted." in section
    assert "| CPU | 41.0 ms |  |  |" in section
