"""The whole examination: what is looked at, in which order, and what is skipped while something else is bad.

Nothing here prints; each step is told to whoever asked.
"""

from collections.abc import Callable

from cli.doctor import machine
from cli.doctor.finding import Finding, bad, good, skipped, stack_is_down
from cli.doctor.keys import keys
from config import DeployMode, Settings, SettingsError, load_settings
from soma_common.kernel.clock import Clock
from soma_common.supervision.client import SupervisorClient

_RUNNING = ("database", "servers", "events", "model", "turn")


async def examine(tell: Callable[[str], None]) -> list[Finding]:
    """Look at everything; never raises for what is wrong."""
    tell("Looking at this machine")
    found = [machine.python()]
    try:
        settings = load_settings()
    except SettingsError as problem:
        found += [bad("settings", f"{each.name} {each.wrong}", each.remedy) for each in problem.problems]
        rest = ("disk", "folders", "ports", "clock", "keys", *_RUNNING)
        return found + [skipped(name, "it needs the settings", "Mend the settings first.") for name in rest]
    home = settings.home_folders
    running = await SupervisorClient(settings.supervisor_socket).answers()
    found.append(good("settings", f"shape {settings.mode}, data in {settings.home}"))
    found += [machine.disk(settings.home), machine.folders(home)]
    if settings.mode is DeployMode.STANDALONE:
        found.append(machine.ports(settings, running=running))
    found += [machine.clock(home, Clock().now()), keys(settings)]
    return found + await _look_at_stack(settings, tell, running=running)


async def _look_at_stack(settings: Settings, tell: Callable[[str], None], *, running: bool) -> list[Finding]:
    from cli.doctor import mesh, operations

    if settings.mode is not DeployMode.STANDALONE:
        tell("Asking one question")
        return [await operations.waiting(settings), await mesh.model(settings), await mesh.one_turn(settings)]
    if not running:
        return [stack_is_down(name) for name in _RUNNING]
    tell("Looking at the database")
    found = [await mesh.database(settings)]
    tell("Looking at the servers")
    found += [*await mesh.servers(settings), await operations.waiting(settings), await mesh.model(settings)]
    tell("Asking one question")
    return [*found, await mesh.one_turn(settings)]
