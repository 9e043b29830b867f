"""What Tab offers for the words of a command: processes, conversations, memories, models, houses, letters, sagas, keys,
threads and cycles.

It must be quick and never say why it has nothing to offer. Nothing here does a command's work.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from typer import Context

if TYPE_CHECKING:
    from cli.doors import Doors

_PATIENCE_SECONDS = 1.5
_CONVERSATIONS = 20
_MEMORIES = 50
_LETTERS = 50
_SAGAS = 50
_RECEIPTS = 20
_THOUGHTS = 50


def processes(begin: str) -> list[str]:
    """The processes that have a log."""
    from config import SettingsError, load_settings

    try:
        folder = load_settings().home_folders.logs
    except SettingsError:
        return []
    return sorted(path.stem for path in folder.glob("*.log") if path.stem.startswith(begin))


def conversation_ids(begin: str) -> list[tuple[str, str]]:
    """The newest conversations, each with its title."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.talk.conversations import latest

        return [(each.conversation_id, each.title) for each in await latest(doors, _CONVERSATIONS)]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def memory_ids(begin: str) -> list[tuple[str, str]]:
    """The newest memories, each with the beginning of its text."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.memory_calls import newest
        from cli.views.words import one_line

        return [(each.memory_id, one_line(each.text, 60)) for each in await newest(doors, _MEMORIES)]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def model_ids(begin: str) -> list[tuple[str, str]]:
    """The models that can answer, each with its provider."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.model_calls import every

        return [(each.model_profile_id, each.provider) for each in await every(doors)]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def houses(begin: str) -> list[str]:
    """The houses that have letters and sagas."""
    from config.values import HOUSES

    return sorted(name for name in HOUSES if name.startswith(begin))


def letter_ids(begin: str) -> list[tuple[str, str]]:
    """The oldest dead letters, each with what it is and whose."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.operations.letters import Wanted, listed

        found = await listed(doors, Wanted(), _LETTERS)
        return [(each.event_id, f"{each.event_type} for {each.consumer}") for each in found.letters]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def saga_ids(begin: str) -> list[tuple[str, str]]:
    """The newest sagas, each with its name."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.operations.sagas import Wanted, listed

        return [(each.saga_id, each.name) for each in (await listed(doors, Wanted(), _SAGAS)).sagas]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def tenant_names(begin: str) -> list[tuple[str, str]]:
    """The tenants, each with how people call it."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.tenant_calls import every_tenant

        return [(each.name, each.display_name) for each in await every_tenant(doors)]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def key_ids(context: Context, begin: str) -> list[tuple[str, str]]:
    """The keys in force of the tenant that is named before, each with what it is for."""
    tenant = str(context.params.get("tenant") or "")

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.tenant_calls import every_key

        return [(each.key_id, each.name) for each in await every_key(doors, tenant, with_revoked=False)]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def waiting_turn_ids(begin: str) -> list[tuple[str, str]]:
    """The turns that wait for consent, each with the tool."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.approval_calls import pending

        return [(each.turn_id, each.request.call.name) for each in await pending(doors)]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def agent_names(begin: str) -> list[tuple[str, str]]:
    """The agents, each with its id."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.governing.budgets import agents

        return [(each.name, each.agent_id) for each in await agents(doors)]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def thread_ids(begin: str) -> list[tuple[str, str]]:
    """The newest threads of the default agent, each with its goal."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.mind_calls import thread_list
        from cli.views.words import one_line

        found = (await thread_list(doors, "", _THOUGHTS)).threads
        return [(each.thread_id, one_line(each.goal, 60)) for each in found]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def cycle_ids(begin: str) -> list[tuple[str, str]]:
    """The newest sleep cycles of the default agent, each with how far it is."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.mind_calls import cycles
        from cli.views.mind_sleep import cycle_word

        return [(each.cycle_id, cycle_word(each).lower()) for each in (await cycles(doors, "", _THOUGHTS)).cycles]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def budget_subjects(context: Context, begin: str) -> list[tuple[str, str]]:
    """Whose budget it may be, by the scope that is named before."""
    scope = str(context.params.get("scope") or "")
    asking = {"agent": agent_names, "conversation": conversation_ids}.get(scope)
    named = asking(begin) if asking is not None else []
    each = [("each", "all that have none of their own")] if scope != "tenant" else []
    return [found for found in (*each, *named) if found[0].startswith(begin)]


def receipt_ids(begin: str) -> list[tuple[str, str]]:
    """The newest turns of one's own, by their place and their id, each with its model."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.governing.receipts import newest

        found = await newest(doors, _RECEIPTS)
        places = [(f"last~{number}" if number else "last", each.model) for number, each in enumerate(found[:3])]
        return [*places, *((each.receipt_id, each.model) for each in found)]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def levels(begin: str) -> list[str]:
    """The levels, in the case of what is written already: a shell takes no other."""
    letter = "l" if begin.startswith("l") else "L"
    return [f"{letter}{number}" for number in range(5) if f"{letter}{number}".startswith(begin)]


def config_paths(begin: str) -> list[tuple[str, str]]:
    """The values of the governor's configuration, each with what it is now."""

    async def work(doors: "Doors") -> list[tuple[str, str]]:
        from cli.governing.configs import read
        from cli.governing.paths import values

        return [(f"{path}=", value) for path, value in values((await read(doors)).config).items()]

    return [each for each in _asked(work) if each[0].startswith(begin)]


def role_names(begin: str) -> list[str]:
    """The roles."""
    from soma_common.kernel.tenancy import ROLES

    return [role for role in ROLES if role.startswith(begin)]


def _asked(work: "Callable[[Doors], Awaitable[list[tuple[str, str]]]]") -> list[tuple[str, str]]:
    """The answer of a service, or nothing where there is none at once."""
    import asyncio

    from cli.doors import reach
    from cli.exits import CommandError
    from config import SettingsError
    from soma_common.kernel.errors import SomaError

    async def in_time(doors: "Doors") -> Any:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await work(doors)

    try:
        return list(reach(in_time))
    except (SomaError, CommandError, SettingsError, TimeoutError, OSError):
        return []
