"""Requests that name what belongs to somebody, made of the contract itself: each method and each field there is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

from google.protobuf import symbol_database
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.tenancy import TenantId

METHODS: Final[dict[str, MethodDescriptor]] = dict(
    service_pb.DESCRIPTOR.services_by_name["MemoryService"].methods_by_name
)
_SYMBOLS: Final = symbol_database.Default()
NAMESPACES: Final = ("shared", "user:ada", "user:bob", "agent:00000000-0000-7000-8000-00000000000a")
_MOST: Final = {"derived_from": 60, "recalled_memory_ids": 150, "memories": 12}
# Time enough, so that answers do not depend on the machine.
_BUDGETS: Final = {"time_budget_milliseconds": 5_000}
_WHOLE: Final = {"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.Struct"}
_MEMORIES: Final = {
    "memory_id", "memory_ids", "target_memory_id", "source_memory_id", "derived_from", "recalled_memory_ids",
    "superseded_by",
}  # fmt: skip
_NUMBERS: Final = (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT32)


@dataclass
class Estate:
    """A tenant: a word that stands in all its texts, and the ids of what it has."""

    tenant_id: TenantId
    canary: str
    ids: dict[str, list[str]] = field(default_factory=dict)

    def everything(self) -> list[str]:
        return [one for ids in self.ids.values() for one in ids]


class Attacker:
    """Makes requests in the name of one tenant about what others have; counts what of theirs it names.

    Now and then it names what is its own, so that a call gets further than to the first thing that is not there.
    """

    def __init__(self, chance: Random, own: Estate, foreign: Sequence[Estate], own_share: float = 0.2) -> None:
        self._chance = chance
        self._own = own
        self._foreign = foreign
        self._own_share = own_share
        self.named = 0
        self._makers: Final[dict[str, Callable[[], str]]] = {
            "request_id": lambda: str(uuid4()),
            "query": self._foreign_word,
            "text": lambda: f"{own.canary} said number {chance.getrandbits(60)} to the gardener.",
            "sub": lambda: "ada",
            "confirm_sub": lambda: "ada",
            "type": lambda: "related",
            "source_id": lambda: self._foreign_id("sources"),
        }

    def request(self, method: str) -> Any:
        return self._message(METHODS[method].input_type)

    def _message(self, kind: Descriptor) -> Any:
        message: Any = _SYMBOLS.GetSymbol(kind.full_name)()
        chosen = {oneof.name: self._chance.choice(oneof.fields) for oneof in kind.oneofs}
        for each in kind.fields:
            if each.containing_oneof is not None and chosen[each.containing_oneof.name] is not each:
                continue
            self._fill(message, each)
        return message

    def _fill(self, message: Any, each: FieldDescriptor) -> None:
        if each.message_type is not None:
            self._fill_message(message, each, each.message_type)
        elif each.is_repeated:
            amount = self._chance.randint(0, _MOST.get(each.name, 2))
            getattr(message, each.name).extend(self._value(each) for _ in range(amount))
        else:
            setattr(message, each.name, self._value(each))

    def _fill_message(self, message: Any, each: FieldDescriptor, kind: Descriptor) -> None:
        if kind.full_name in _WHOLE:
            return
        if kind.full_name == "google.protobuf.FieldMask":
            message.update_mask.paths.append(self._chance.choice(("text", "importance", "tags")))
        elif each.is_repeated:
            made = [self._message(kind) for _ in range(self._chance.randint(1, _MOST.get(each.name, 2)))]
            getattr(message, each.name).extend(made)
        else:
            getattr(message, each.name).CopyFrom(self._message(kind))

    def _value(self, each: FieldDescriptor) -> Any:
        if each.enum_type is not None:
            return self._chance.choice(each.enum_type.values).number
        if each.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            return self._string(each.name)
        if each.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
            return self._chance.random() < 0.5
        if "budget" in each.name:
            return _BUDGETS.get(each.name, 0)
        return self._chance.randint(1, 4) if each.cpp_type in _NUMBERS else self._chance.random()

    def _string(self, name: str) -> str:
        if name in self._makers:
            return self._makers[name]()
        if name.startswith("namespace"):
            return self._chance.choice(NAMESPACES)
        if name in _MEMORIES:
            return self._foreign_id("memories")
        if name.endswith("_id"):
            return self._foreign_id(name.removesuffix("_id") + "s")
        return ""

    def _foreign_word(self) -> str:
        self.named += 1
        return f"what did {self._chance.choice(self._foreign).canary} say to the gardener"

    def _foreign_id(self, kind: str) -> str:
        owns = self._chance.random() < self._own_share
        self.named += not owns
        estate = self._own if owns else self._chance.choice(self._foreign)
        return self._chance.choice(estate.ids.get(kind) or [str(UUID(int=self._chance.getrandbits(128), version=4))])
