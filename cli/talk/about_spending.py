"""Commands of a conversation about the governor: receipt, budget, level.

Nothing here draws anything; the commands of the same names do.
"""

from collections.abc import Callable, Mapping
from typing import Final

from cli.commands import budget, level, receipt
from cli.doors import Doors
from cli.governing import levels
from cli.governing.budgets import applying, names
from cli.governing.receipts import fetch, find, last_in, meant
from cli.talk import conversations
from cli.talk.session import Session
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

HELP: Final = (
    ("/receipt [ID]", "what the last answer was allowed, what it used, and why"),
    ("/budget", "what may be spent here, what is left, and when it starts anew"),
    ("/level", "how much of the mesh a turn may use now, and why"),
)


def _receipt(rest: str, session: Session) -> None:
    wanted = meant(rest) if rest else None

    async def work(doors: Doors) -> receipt_pb.Receipt:
        if wanted is None:
            return await fetch(doors, await last_in(doors, session.talk.conversation_id))
        return await fetch(doors, await find(doors, wanted))

    receipt.show_receipt(session.visit(work))


def _budget(_rest: str, session: Session) -> None:
    here = session.talk.conversation_id

    async def work(doors: Doors) -> tuple[list[budget_pb.Budget], Mapping[str, str]]:
        agent_id = (await conversations.one(doors, here)).agent_id if here else ""
        found = await applying(doors, agent_id, here)
        return found, await names(doors, found)

    budget.show_budgets(*session.visit(work))


def _level(_rest: str, session: Session) -> None:
    level.show_level(session.visit(levels.now))


RULES: Final[Mapping[str, Callable[[str, Session], None]]] = {
    "/receipt": _receipt,
    "/budget": _budget,
    "/level": _level,
}
