"""An agent that asks before it calculates."""

from uuid import uuid4

from playwright.async_api import Page

from soma_common.testing.upstream import ToolCall
from tests.e2e.browser.acts import ask
from tests.e2e.support.person import Person

SUM = ToolCall("math_evaluate", '{"expression": "6*7"}')
QUESTION = "what is six times seven, calculate it"


async def make_careful_agent(person: Person) -> str:
    """The name of such an agent."""
    name = f"careful-{uuid4().hex[:8]}"
    rules = [{"tool": "math.evaluate", "permission": "TOOL_PERMISSION_APPROVAL"}]
    asked = {"agent": {"name": name, "tool_rules": rules}, "request_id": str(uuid4())}
    async with person.http.post("/api/v1/chat/agents", json=asked) as response:
        assert response.status == 200, await response.text()
    return name


async def ask_careful(page: Page, name: str, text: str) -> None:
    """Ask that agent for a sum."""
    await page.get_by_label("Agent").select_option(label=name)
    await ask(page, f"{text}: {QUESTION}")
