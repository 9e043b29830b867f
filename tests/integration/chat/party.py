"""Somebody with models of their own at the scripted upstream, and what those received."""

from dataclasses import dataclass
from typing import Any, Final

from soma.chat.v1 import model_service_pb2 as model_pb
from soma.common.v1 import usage_pb2
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import ReceivedRequest, Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said

DEAR: Final = usage_pb2.Price(input_micros_per_million=2_000_000, output_micros_per_million=8_000_000)
CHEAP: Final = usage_pb2.Price(input_micros_per_million=100_000, output_micros_per_million=300_000)


@dataclass
class Party:
    """The person, the upstream, and stubs of `ModelService`."""

    person: Person
    upstream: ScriptedUpstream
    models: Any

    async def add(self, name: str, **fields: Any) -> str:
        """A model at the upstream, called there by the same name."""
        fields = {"provider": "custom", "model": name, "base_url": self.upstream.base_url, **fields}
        profile = model_pb.ModelProfile(model_profile_id=name, **fields)
        with self.person.acting():
            request = model_pb.CreateModelRequest(model=profile, request_id=said("").request_id)
            return str((await self.models.CreateModel(request)).model.model_profile_id)

    async def plan(self, *scripts: Script) -> None:
        """What the upstream does with the next requests."""
        await self.upstream.aio.enqueue(*scripts)

    async def say(self, model: str, text: str = "What do herons eat?", **fields: Any) -> Told:
        """Asks this model and reads to the end."""
        return await self.person.say(text, model_profile_id=model, **fields)

    async def received(self, *names: str) -> list[ReceivedRequest]:
        """The requests that asked for these models, once all have come to their end."""

        rows: list[ReceivedRequest] = []

        async def ended() -> bool:
            rows[:] = [row for row in await self.upstream.aio.requests() if row.body["model"] in names]
            return all(row.outcome != "running" for row in rows)

        await eventually(ended, within_seconds=60)
        return rows

    async def booked(self, tokens: int) -> None:
        """Returns when the ledger has so many tokens used and nothing held."""

        async def look() -> bool:
            with self.person.acting():
                (budget,) = (await self.person.governor.GetBudget(governor_pb.GetBudgetRequest())).budgets
            return bool(budget.open_holds == 0 and budget.used_tokens == tokens)

        await eventually(look, within_seconds=60)


def switches(told: Told) -> list[tuple[str, str, str]]:
    """The seams that were told: from which model to which one, and for what reason."""
    seams = [event.notice for event in told.events if event.notice.code == "provider_switched"]
    assert all(seam.sentence.endswith(".") and seam.metadata["from_model"] in seam.sentence for seam in seams)
    names = ("from_model", "to_model", "reason")
    return [(seam.metadata[names[0]], seam.metadata[names[1]], seam.metadata[names[2]]) for seam in seams]
