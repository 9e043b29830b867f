"""What chat sees of the services and models it calls: a breaker each, and the observations that go into a plan.

Nothing here calls anybody by itself.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from soma_common.kernel.breaker import Breaker, BreakerRule, BreakerState
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

Result = TypeVar("Result")

# A service that is gone costs a few short waits, then nothing until a probe may go.
SERVICE_RULE: Final = BreakerRule(failures=3, rest_seconds=2.0)
MODEL_RULE: Final = BreakerRule(failures=5, rest_seconds=30.0)
# What says that nobody answers there; a refusal or a rate limit is an answer.
MODEL_DOWN: Final = frozenset((Reason.MODEL_UNAVAILABLE, Reason.MODEL_TIMEOUT, Reason.MODEL_PROTOCOL_ERROR))


class Dependencies:
    """The breakers of this process, by name: memory, cognitive, and `model:<profile>`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    async def ask(self, name: str, call: Callable[[], Awaitable[Result]]) -> Result:
        """The call's answer; raises its SomaError, or DEPENDENCY_DOWN at once while the breaker is open."""
        if not self._allows(name, SERVICE_RULE):
            raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": name})
        try:
            answer = await call()
        except SomaError:
            self._failed(name)
            raise
        self._succeeded(name)
        return answer

    def model_allows(self, profile_id: str) -> bool:
        """Whether this model may be tried now.

        After its rest every turn may: the governor asks for several good checks before it lets one call the model, and
        the first call that fails ends the hope again.
        """
        name = _model(profile_id)
        hopeful = name in self._breakers and self._breakers[name].state is BreakerState.HALF_OPEN
        return hopeful or self._allows(name, MODEL_RULE)

    def model_answered(self, profile_id: str) -> None:
        """The model began to answer."""
        self._succeeded(_model(profile_id))

    def model_failed(self, profile_id: str, error: SomaError) -> None:
        """The model failed; only what says that nobody answers counts."""
        if error.reason in MODEL_DOWN:
            self._failed(_model(profile_id))
        else:
            self._succeeded(_model(profile_id))

    def _allows(self, name: str, rule: BreakerRule) -> bool:
        breaker, allowed = self._breakers.get(name, Breaker(rule)).allows(self._clock.monotonic())
        self._breakers[name] = breaker
        return allowed

    def _succeeded(self, name: str) -> None:
        self._breakers[name] = self._breakers[name].succeeded(self._clock.monotonic())

    def _failed(self, name: str) -> None:
        self._breakers[name] = self._breakers[name].failed(self._clock.monotonic())


def _model(profile_id: str) -> str:
    return f"model:{profile_id}"
