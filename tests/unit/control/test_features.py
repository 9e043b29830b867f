"""Whose value of a feature holds."""

from datetime import UTC, datetime
from uuid import UUID

from servers.cognitive.domain.effects import EFFECT_NAMES
from servers.control.domain.features import DEFINITIONS, SetFlag, by_tenant, features_of
from soma_common.kernel.tenancy import SYSTEM_TENANT, TenantId

ADA, BOB = TenantId(UUID(int=1)), TenantId(UUID(int=2))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def flag(tenant_id: UUID, name: str, enabled: bool) -> SetFlag:
    return SetFlag(tenant_id, name, enabled, "ada", NOW)


def of(
    tenant_id: TenantId, rows: list[SetFlag], settings: dict[str, bool] | None = None
) -> dict[str, tuple[bool, str]]:
    return {feature.name: (feature.enabled, feature.source) for feature in features_of(tenant_id, rows, settings or {})}


def test_the_defaults_hold_where_nobody_set_anything() -> None:
    found = of(ADA, [])
    assert found["memory"] == (True, "default")
    assert found["voice"] == (False, "default")
    assert set(found) == set(DEFINITIONS)


def test_the_setting_beats_the_default_the_global_row_the_setting_and_the_own_row_all() -> None:
    settings = {"memory": False}
    world, own = flag(SYSTEM_TENANT, "memory", True), flag(ADA, "memory", False)
    assert of(ADA, [], settings)["memory"] == (False, "settings")
    assert of(ADA, [world], settings)["memory"] == (True, "global")
    assert of(ADA, [world, own], settings)["memory"] == (False, "tenant")
    assert of(BOB, [world, own], settings)["memory"] == (True, "global")


def test_every_tenant_with_own_rows_is_told_and_the_others_under_none() -> None:
    values = by_tenant([flag(ADA, "memory", False), flag(SYSTEM_TENANT, "voice", True)], {})
    assert set(values) == {None, ADA}
    assert (values[ADA]["memory"], values[ADA]["voice"]) == (False, True)
    assert (values[None]["memory"], values[None]["voice"]) == (True, True)


def test_every_effect_of_the_cognitive_service_has_a_flag() -> None:
    assert {f"effect_{name}" for name in EFFECT_NAMES} <= set(DEFINITIONS)
