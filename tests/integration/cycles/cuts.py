"""Where a sleep cycle is cut: between any two statements of its saga, and before and behind each call to memory."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from soma_common.sagas.failpoints import SagaFailpoint


class KilledError(BaseException):
    """Ends a saga's task as a kill would: nothing after it happens."""


@dataclass
class Cut:
    """Dies at the n-th passing of a failpoint, or at the n-th call of a method of memory, before or behind it."""

    at: SagaFailpoint | str
    hit: int
    behind: bool = True
    die: Callable[[], None] | None = None

    @property
    def name(self) -> str:
        """For people."""
        if isinstance(self.at, SagaFailpoint):
            return f"{self.at.value} {self.hit}"
        return f"{'behind' if self.behind else 'before'} {self.at} {self.hit}"

    def reached(self, here: SagaFailpoint) -> None:
        """The failpoints of the process that dies."""
        if here is self.at:
            self._count()

    def _count(self) -> None:
        self.hit -= 1
        if self.hit == 0:
            self._end()

    def _end(self) -> None:
        if self.die is not None:
            self.die()
        raise KilledError

    def memory(self, stub: Any) -> Any:
        """Memory as the process that dies calls it."""
        return _CutMemory(stub, self)

    async def call(self, real: Callable[..., Any], request: Any, **options: Any) -> Any:
        """One call of the method at which it is cut."""
        if not self.behind:
            self._count()
            return await real(request, **options)
        answer = await real(request, **options)
        self._count()
        return answer


class _CutMemory:
    def __init__(self, stub: Any, cut: Cut) -> None:
        self._stub, self._cut = stub, cut

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._stub, name)
        if name != self._cut.at:
            return real
        return lambda request, **options: self._cut.call(real, request, **options)


def all_cuts() -> list[Cut]:
    """Every place, once: a cycle of two groups with all steps."""
    return [
        Cut(SagaFailpoint.CLAIMED, 1),
        *(Cut(SagaFailpoint.ACTED, hit) for hit in range(1, 7)),
        Cut(SagaFailpoint.RECORDED, 1),
        *(Cut(SagaFailpoint.MOVED, hit) for hit in range(1, 7)),
        *(Cut("ReplayMemories", hit, behind) for hit in (1, 2) for behind in (False, True)),
        *(Cut("Consolidate", hit, behind) for hit in (1, 2) for behind in (False, True)),
        *(Cut("BatchStoreMemories", 1, behind) for behind in (False, True)),
        *(Cut("SweepMemories", 1, behind) for behind in (False, True)),
    ]
