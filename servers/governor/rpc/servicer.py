"""The servicer of the governor, out of its subjects."""

from dataclasses import dataclass

from servers.governor.rpc.budgets import BudgetServicing
from servers.governor.rpc.configuration import ConfigurationServicing
from servers.governor.rpc.health import HealthServicing
from servers.governor.rpc.ledger import LedgerServicing
from servers.governor.rpc.levels import LevelServicing
from servers.governor.rpc.plans import PlanServicing
from servers.governor.rpc.receipts import ReceiptServicing


@dataclass(frozen=True, kw_only=True)
class GovernorServicer(
    PlanServicing,
    LedgerServicing,
    ReceiptServicing,
    BudgetServicing,
    ConfigurationServicing,
    LevelServicing,
    HealthServicing,
):
    """`soma.governor.v1.GovernorService`."""
