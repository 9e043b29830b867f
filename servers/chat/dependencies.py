"""What chat sees of the services and models it calls: a breaker each, and the observations that go into a plan.

Nothing here calls anybody by itself.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

from servers.chat.domain.model import ModelProfile
from soma_common.kernel.breaker import Breaker, BreakerRule, BreakerState
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.health import DependencyState
from soma_common.rpc.health_reports import Sight

Result = TypeVar("Result")

# A service that is gone costs a few short waits, then nothing until a probe may go.
SERVICE_RULE: Final = BreakerRule(failures=3, rest_seconds=2.0)
MODEL_RULE: Final = BreakerRule(failures=5, rest_seconds=30.0)
# What says that nobody answers there; a refusal or a rate limit is an answer.
MODEL_DOWN: Final = frozenset((Reason.MODEL_UNAVAILABLE, Reason.MODEL_TIMEOUT, Reason.MODEL_PROTOCOL_ERROR))


class Dependencies:
    """The breakers of this process, by name: memory, cognitive, and one for each place where a model is."""

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
            self._failed(name, SERVICE_RULE)
            raise
        self._succeeded(name, SERVICE_RULE)
        return answer

    def model_allows(self, profile: ModelProfile) -> bool:
        """Whether this model may be tried now.

        After its rest every turn may: the governor asks for several good checks before it lets one call the model, and
        the first call that fails ends the hope again.
        """
        name = _model(profile)
        hopeful = name in self._breakers and self._breakers[name].state is BreakerState.HALF_OPEN
        return hopeful or self._allows(name, MODEL_RULE)

    def model_answered(self, profile: ModelProfile) -> None:
        """The model began to answer."""
        self._succeeded(_model(profile), MODEL_RULE)

    def model_failed(self, profile: ModelProfile, error: SomaError) -> None:
        """The model failed; only what says that nobody answers counts, and a silence, a long wait, twice."""
        if error.reason in MODEL_DOWN:
            for _ in range(2 if error.reason is Reason.MODEL_TIMEOUT else 1):
                self._failed(_model(profile), MODEL_RULE)
        else:
            self._succeeded(_model(profile), MODEL_RULE)

    def sights(self, shared: ModelProfile) -> Iterator[Sight]:
        """What the breakers say; of the models only where the one is that tenants share. Changes nothing."""
        for name in ("memory", "cognitive"):
            if self._rests(name):
                yield Sight(name, DependencyState.DOWN, "it failed several times a moment ago")
        if self._rests(_model(shared)):
            stands_in = any(not self._rests(_model(profile)) for profile in shared.fallbacks)
            state = DependencyState.DEGRADED if stands_in else DependencyState.DOWN
            yield Sight("model", state, f"{shared.profile_id} is failing")
        elif self._answers(_model(shared)):
            yield Sight("model", DependencyState.UP)

    def _rests(self, name: str) -> bool:
        breaker = self._breakers.get(name)
        return breaker is not None and breaker.retry_after_seconds(self._clock.monotonic()) > 0

    def _answers(self, name: str) -> bool:
        breaker = self._breakers.get(name)
        return breaker is not None and breaker.state is BreakerState.CLOSED and not breaker.failures_in_a_row

    def _allows(self, name: str, rule: BreakerRule) -> bool:
        breaker, allowed = self._breakers.get(name, Breaker(rule)).allows(self._clock.monotonic())
        self._breakers[name] = breaker
        return allowed

    def _succeeded(self, name: str, rule: BreakerRule) -> None:
        self._breakers[name] = self._breakers.get(name, Breaker(rule)).succeeded(self._clock.monotonic())

    def _failed(self, name: str, rule: BreakerRule) -> None:
        self._breakers[name] = self._breakers.get(name, Breaker(rule)).failed(self._clock.monotonic())


def _model(profile: ModelProfile) -> str:
    """The place where the model is: another tenant's profile of this name may go elsewhere, and has its own fate."""
    return f"model:{profile.provider} {profile.base_url or ''} {profile.model}"
