"""What an action is asked for, and with what mind. Values only."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from servers.cognitive.acting.store import Asked, Session
from servers.cognitive.domain.neuromodulators import Values
from soma.common.v1 import modulation_pb2 as common_pb

TOP_K: Final = 3


@dataclass(frozen=True, slots=True)
class Order:
    """A task in a session; without a `universe` it looks where its caller may and keeps in that person's namespace."""

    session: Session
    asked: Asked
    task: str
    universe: str
    top_k: int
    dry_run: bool

    @property
    def place(self) -> str:
        """The namespace in which it is remembered."""
        return self.universe or f"user:{self.session.owner_sub}"

    def key_of_step(self, number: int) -> UUID:
        """The repeat key under which a step (from 1) is stored."""
        return uuid5(self.asked.request_id, f"soma.cognitive.v1.ActStep/{number}")


@dataclass(frozen=True, slots=True)
class Mind:
    """What of an agent's state an action goes by: its neuromodulators, and the knobs of recalling and keeping."""

    values: Values
    store_threshold: float
    recall_limit: int
    recall_time_factor: float
    weights: common_pb.RetrievalWeights
