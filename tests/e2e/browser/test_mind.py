"""The mind on the page: an operator puts an agent to sleep, wakes it by an answer, thaws it, and runs a cycle."""

from uuid import uuid4

from playwright.async_api import expect

from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.browser.acts import answers, ask, own_words, whole_answer
from tests.e2e.browser.conftest import OpenPage
from tests.e2e.support.person import Person


async def test_an_agent_rests_is_woken_frozen_and_thawed(
    open_page: OpenPage, admin: Person, model: ScriptedUpstream
) -> None:
    model.set_default(Script(text="I am awake."))
    name = f"sleeper-{uuid4().hex[:8]}"
    async with admin.http.post("/api/v1/chat/agents", json={"agent": {"name": name}}) as response:
        assert response.status == 200, await response.text()
    page = await open_page()
    await page.get_by_label("Agent").select_option(label=name)
    await ask(page, own_words())
    await whole_answer(page)
    await answers(page).last.get_by_role("button", name="Receipt:").click()
    await page.get_by_role("tab", name="Mind").click()
    panel = page.get_by_role("tabpanel", name="Mind")
    sleep = panel.get_by_role("region", name="Sleep")
    await sleep.get_by_label("How long it sleeps").select_option(label="for 10 minutes")
    await sleep.get_by_role("button", name="Rest lightly").click()
    await expect(sleep.get_by_text("Active again at")).to_be_visible()
    await expect(sleep.get_by_text("Light sleep lowered the temperature")).to_be_visible()
    await sleep.get_by_role("button", name="Sleep deeply").click()
    await expect(sleep.get_by_text("Deep sleep", exact=True)).to_be_visible()
    await ask(page, own_words())
    await page.get_by_role("button", name="Wake and answer").click()
    await expect(answers(page).last.get_by_text("I am awake.")).to_be_visible()
    await sleep.get_by_role("button", name="Freeze").click()
    await page.get_by_role("dialog").get_by_role("button", name="Freeze it").click()
    await expect(sleep.get_by_text("Frozen", exact=True)).to_be_visible()
    await ask(page, own_words())
    await page.get_by_role("button", name="Wake it and send again").click()
    await expect(answers(page).last.get_by_text("I am awake.")).to_be_visible()
    await expect(sleep.get_by_text("Active", exact=True)).to_be_visible()
    await sleep.get_by_role("button", name="Run a cycle now").click()
    await expect(sleep.get_by_text("Completed, started by hand")).to_be_visible()
    await panel.get_by_text("Examine this mind").click()
    await expect(panel.get_by_text("Replay", exact=True)).to_be_visible()
    await expect(panel.get_by_text("wrong", exact=True)).to_have_count(0)
