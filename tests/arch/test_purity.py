"""Rules and values stay pure: no waiting, no clock, no chance, no driver."""

import ast
import sys
from collections.abc import Iterator

from tests.arch.source import Source, dotted, imports, need, product, pure

UNREPEATABLE_MODULES = {"random", "secrets", "time", "asyncio", "os", "socket", "subprocess", "threading"}
NOW_AND_CHANCE = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid.uuid7",
    "uuid1",
    "uuid4",
    "uuid7",
    "random.random",
    "random.randint",
    "random.choice",
    "random.uniform",
}
THE_CLOCK_AND_THE_IDS = ("soma_common/kernel/clock.py", "soma_common/kernel/ids.py")


def awaiting(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
            yield source.at(node, type(node).__name__)


def calls(source: Source, names: set[str]) -> Iterator[str]:
    """Calls of these names, and the names handed on as values (a default factory)."""
    for node in source.nodes:
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load) and dotted(node) in names:
            yield source.at(node, dotted(node))


def own_house(path: str) -> str:
    """The import path of the domain a file belongs to."""
    if path == "soma_common/sagas/plan.py":
        return "soma_common.sagas.models"
    return path.partition("/domain/")[0].replace("/", ".") + ".domain" if "/domain/" in path else "soma_common.kernel"


def test_pure_files_do_not_wait() -> None:
    need([line for source in pure() for line in awaiting(source)], "waiting in pure files")


def test_the_edge_session_does_not_wait() -> None:
    machines = (source for source in product() if source.within("edge/session.py"))
    need([line for source in machines for line in awaiting(source)], "waiting in the state machine of the edge")


def test_pure_files_import_the_standard_library_and_the_kernel_only() -> None:
    broken = []
    for source in pure():
        allowed = ("soma_common.kernel", own_house(source.path))
        for node, name in imports(source):
            root = name.partition(".")[0]
            foreign = root not in sys.stdlib_module_names and not name.startswith(allowed)
            chance = root in UNREPEATABLE_MODULES and not source.within(*THE_CLOCK_AND_THE_IDS)
            if foreign or chance:
                broken.append(source.at(node, name))
    need(broken, "imports that a pure file may not have")


def test_now_and_chance_come_from_the_clock_and_the_ids() -> None:
    makers = (source for source in product() if not source.within(*THE_CLOCK_AND_THE_IDS, "soma_common/testing/"))
    need([line for source in makers for line in calls(source, NOW_AND_CHANCE)], "bare clocks and chance")
