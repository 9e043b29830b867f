"""The calls of the commands that deal with tenants and API keys: one function each, by the owner's session.

Nothing here prints or asks a person.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from cli.doors import Doors
from soma.control.v1 import api_key_pb2 as key_pb
from soma.control.v1 import api_key_service_pb2 as keys_pb
from soma.control.v1 import api_key_service_pb2_grpc as keys_grpc
from soma.control.v1 import tenant_service_pb2 as tenant_pb
from soma.control.v1 import tenant_service_pb2_grpc as tenant_grpc
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason

_PAGE: Final = 200
_MAKING_SECONDS: Final = 20.0


async def every_tenant(doors: Doors) -> list[tenant_pb.Tenant]:
    """All tenants, by name. Raises SomaError."""
    found: list[tenant_pb.Tenant] = []
    token = ""
    while True:
        page = await _tenants(doors).ListTenants(tenant_pb.ListTenantsRequest(page_size=_PAGE, page_token=token))
        found += page.tenants
        token = page.next_page_token
        if not token:
            return found


async def one_tenant(doors: Doors, name: str) -> tenant_pb.Tenant:
    """The tenant of this name or id. Raises SomaError."""
    wanted = name.strip()
    found = next((each for each in await every_tenant(doors) if wanted in (each.name, each.tenant_id)), None)
    if found is None:
        raise not_found("tenant", wanted)
    return found


async def make_tenant(
    doors: Doors, wanted: tenant_pb.CreateTenantRequest, waits: Callable[[str], None]
) -> tenant_pb.CreateTenantResponse:
    """Make a tenant, and wait until its saga ends; `waits` hears when that takes longer. Raises SomaError."""
    while True:
        try:
            return await _tenants(doors).CreateTenant(wanted, timeout=_MAKING_SECONDS)
        except SomaError as error:
            if error.reason is not Reason.SAGA_RUNNING:
                raise
            waits(f"A service is away, so this takes longer. The saga {wanted.request_id} waits for it.")


async def every_key(doors: Doors, tenant: str, *, with_revoked: bool) -> list[key_pb.ApiKey]:
    """All keys of a tenant, newest first. Raises SomaError."""
    stub = await _keys(doors, tenant)
    found: list[key_pb.ApiKey] = []
    token = ""
    while True:
        request = keys_pb.ListApiKeysRequest(page_size=_PAGE, page_token=token, include_revoked=with_revoked)
        page = await stub.ListApiKeys(request)
        found += page.api_keys
        token = page.next_page_token
        if not token:
            return found


async def one_key(doors: Doors, tenant: str, key_id: str) -> key_pb.ApiKey:
    """One key of a tenant. Raises SomaError."""
    found = next((key for key in await every_key(doors, tenant, with_revoked=True) if key.key_id == key_id), None)
    if found is None:
        raise not_found("API key", key_id)
    return found


async def make_key(doors: Doors, tenant: str, wanted: keys_pb.CreateApiKeyRequest) -> keys_pb.CreateApiKeyResponse:
    """Make a key. Raises SomaError."""
    return await (await _keys(doors, tenant)).CreateApiKey(wanted)


async def revoke_key(doors: Doors, tenant: str, key_id: str) -> key_pb.ApiKey:
    """End a key. Raises SomaError."""
    request = keys_pb.RevokeApiKeyRequest(key_id=key_id, request_id=doors.request_id())
    return (await (await _keys(doors, tenant)).RevokeApiKey(request)).api_key


async def rotate_key(doors: Doors, tenant: str, wanted: keys_pb.RotateApiKeyRequest) -> keys_pb.RotateApiKeyResponse:
    """Give a key a new text. Raises SomaError."""
    return await (await _keys(doors, tenant)).RotateApiKey(wanted)


def _tenants(doors: Doors) -> tenant_grpc.TenantServiceStub:
    return doors.stub("control", tenant_grpc.TenantServiceStub)


async def _keys(doors: Doors, tenant: str) -> keys_grpc.ApiKeyServiceStub:
    tenant_id = UUID((await one_tenant(doors, tenant)).tenant_id) if tenant else None
    return doors.stub("control", keys_grpc.ApiKeyServiceStub, tenant_id=tenant_id)
