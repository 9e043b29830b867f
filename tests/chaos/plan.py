"""What a process of the chaos tests is told: where everything is, and where it is to be cut short."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from soma_common.postgres.house import HouseDatabase


@dataclass(frozen=True, slots=True)
class Plan:
    """`point` and `hit` say at which passing of which failpoint the process gets `signal`; empty means nowhere.

    `pause_seconds` is the longest pause of a writer between two changes; `over` is a file: when it is there, no saga
    is begun any more.
    """

    app_dsn: str
    worker_dsn: str
    bus_relay_dsn: str
    bus_worker_dsn: str
    participant_app_dsn: str
    participant_worker_dsn: str
    history: str
    sagas: str
    over: str
    kafka_bootstrap: str = ""
    topic_prefix: str = ""
    tenants: tuple[str, ...] = ()
    seed: int = 0
    pause_seconds: float = 0.3
    point: str = ""
    hit: int = 1
    signal: str = "SIGKILL"

    @classmethod
    def read(cls, path: Path) -> Self:
        values = json.loads(path.read_text("utf-8"))
        return cls(**{**values, "tenants": tuple(values["tenants"])})

    def write(self, path: Path) -> Path:
        path.write_text(json.dumps(asdict(self)))
        return path

    def cut(self, point: str, hit: int, signal: str = "SIGKILL") -> "Plan":
        return replace(self, point=point, hit=hit, signal=signal)

    def house(self) -> HouseDatabase:
        return HouseDatabase("chat", "chat", self.app_dsn, self.worker_dsn)

    def participant(self) -> HouseDatabase:
        return HouseDatabase("memory", "memory", self.participant_app_dsn, self.participant_worker_dsn)

    def bus_relay(self) -> HouseDatabase:
        return HouseDatabase("bus", "bus", self.bus_relay_dsn, self.bus_relay_dsn)

    def bus_reader(self) -> HouseDatabase:
        return HouseDatabase("bus", "bus", self.bus_worker_dsn, self.bus_worker_dsn)
