"""This house's frozen slice of the settings.

Nothing here reads the environment: `config` does.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from servers.governor.domain.ledger import Amount

if TYPE_CHECKING:
    from config import Settings


@dataclass(frozen=True, slots=True)
class GovernorSettings:
    """What a new tenant may use up a day, and how often expired holds are looked for."""

    default_day_limit: Amount
    expiry_check_seconds: float = 5.0

    @classmethod
    def from_settings(cls, settings: "Settings") -> "GovernorSettings":
        """Cuts the slice."""
        return cls(Amount(settings.budget.day_tokens, settings.budget.day_micros))
