"""A task in words becomes the steps that it names."""

import pytest

from servers.cognitive.domain.tasks import steps_of

TASKS = {
    "Water the plants.": ["Water the plants."],
    "Book a flight to Lisbon. Reserve a table for six!": ["Book a flight to Lisbon.", "Reserve a table for six!"],
    "- wash the car\n- call   Ada\n\n3) pay the bill": ["wash the car", "call Ada", "pay the bill"],
    "Boil water, then pour it over the leaves and then wait": ["Boil water", "pour it over the leaves", "wait"],
    "Fix the boiler. Then order coal. And then, rest.": ["Fix the boiler.", "order coal.", "rest."],
    "Strengthen the fence": ["Strengthen the fence"],
    "Ask Dr. Gray about version 3.5, e.g. by mail. Wait.": ["Ask Dr. Gray about version 3.5, e.g. by mail.", "Wait."],
    "买票。打包行李。": ["买票。", "打包行李。"],
    "Go on until it hurts ... a bit": ["Go on until it hurts ... a bit"],
    "???": ["???"],
    "\n": ["\n"],
}


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_split_where_it_says_so(task: str) -> None:
    assert steps_of(task) == TASKS[task]
