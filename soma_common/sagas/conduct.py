"""How sagas are run by one process: its pace, its leases, how many at once, and what it counts.

Values only.
"""

from dataclasses import dataclass, field
from typing import Final

from soma_common.dlq.policy import LetterPolicy
from soma_common.sagas.metrics import SagaMetrics
from soma_common.sagas.plan import Pace

LEASE_SECONDS: Final = 10.0
AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Conduct:
    """`lease_seconds` is how long a process that dies keeps its sagas from the others.

    `letters` says when what is stuck is tried again by itself, and how often.
    """

    metrics: SagaMetrics = field(default_factory=SagaMetrics)
    pace: Pace = field(default_factory=Pace)
    letters: LetterPolicy = field(default_factory=LetterPolicy)
    lease_seconds: float = LEASE_SECONDS
    at_once: int = AT_ONCE
