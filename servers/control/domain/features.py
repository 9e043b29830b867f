"""Which features there are, and whose value of one holds. Pure.

a tenant's own value, else the global one, else the installation's setting, else the default of the table
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from soma_common.kernel.tenancy import SYSTEM_TENANT, TenantId


@dataclass(frozen=True, slots=True)
class Definition:
    """What a feature switches, in one sentence, and whether it is on by itself."""

    default: bool
    description: str


_EFFECTS: Final = {
    "temperature": "Dopamine moves the sampling temperature.",
    "top_p": "Noradrenaline narrows nucleus sampling.",
    "tool_k": "Dopamine and noradrenaline change how many tools are offered.",
    "patience": "Serotonin changes retries and rounds of tools.",
    "warmth": "Serotonin adds the agent's warm style line.",
    "history_share": "Serotonin gives the history a larger share of the window.",
    "recall_breadth": "Acetylcholine widens recall.",
    "learning_rate": "Dopamine changes how fast the agent adapts.",
    "store_threshold": "Noradrenaline raises the threshold for new memories.",
    "sleep_temperature": "Sleep lowers the sampling temperature.",
    "sleep_recall_breadth": "Sleep narrows recall.",
    "sleep_recall_time": "Sleep shortens the time that recall may take.",
    "sleep_learning_rate": "Sleep slows down how the agent adapts, and stops it in deep sleep.",
    "sleep_store_threshold": "Sleep raises the threshold for new memories.",
}
# A flag of an effect is named effect_<name>, as `soma.cognitive.v1` names the effect.
DEFINITIONS: Final[Mapping[str, Definition]] = {
    "agentiq_governor": Definition(
        True, "The governor plans lanes and levels; off means a fixed plan under the same budgets."
    ),
    "code_execution": Definition(False, "Agents may run code."),
    "extraction": Definition(False, "A model finds what is worth remembering; off means that rules do."),
    "mcp": Definition(True, "Agents may use tools of MCP servers."),
    "memory": Definition(True, "Memories are recalled into turns and learned from them."),
    "titles": Definition(True, "A model names conversations; off means that their first words do."),
    "voice": Definition(False, "Voice sessions are offered."),
    **{f"effect_{name}": Definition(True, description) for name, description in _EFFECTS.items()},
}


@dataclass(frozen=True, slots=True)
class SetFlag:
    """A value that somebody set; the system tenant's rows are the global ones."""

    tenant_id: UUID
    name: str
    enabled: bool
    updated_by: str
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature as it holds for a tenant; `source` is default, settings, global or tenant."""

    name: str
    enabled: bool
    source: str
    updated_by: str = ""
    update_time: datetime | None = None


def features_of(tenant_id: TenantId, rows: Iterable[SetFlag], settings: Mapping[str, bool]) -> list[Feature]:
    """Every feature as it holds for the tenant, by name."""
    own, world = dict[str, SetFlag](), dict[str, SetFlag]()
    for row in rows:
        if row.tenant_id == SYSTEM_TENANT:
            world[row.name] = row
        elif row.tenant_id == tenant_id:
            own[row.name] = row
    return [_feature(name, own.get(name), world.get(name), settings) for name in sorted(DEFINITIONS)]


def _feature(name: str, own: SetFlag | None, world: SetFlag | None, settings: Mapping[str, bool]) -> Feature:
    row = own or world
    if row is not None:
        return Feature(name, row.enabled, "tenant" if row is own else "global", row.updated_by, row.update_time)
    if name in settings:
        return Feature(name, settings[name], "settings")
    return Feature(name, DEFINITIONS[name].default, "default")


def by_tenant(rows: Iterable[SetFlag], settings: Mapping[str, bool]) -> dict[UUID | None, dict[str, bool]]:
    """The values of every tenant that has its own, and under None those of all others."""
    listed = list(rows)
    tenants = {row.tenant_id for row in listed} - {SYSTEM_TENANT}
    values: dict[UUID | None, dict[str, bool]] = {None: _values(SYSTEM_TENANT, listed, settings)}
    for tenant_id in tenants:
        values[tenant_id] = _values(TenantId(tenant_id), listed, settings)
    return values


def _values(tenant_id: TenantId, rows: list[SetFlag], settings: Mapping[str, bool]) -> dict[str, bool]:
    return {feature.name: feature.enabled for feature in features_of(tenant_id, rows, settings)}
