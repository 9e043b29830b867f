"""Servicer of tenants: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from typing import Any, Final
from uuid import UUID

from servers.control.domain.tenants import Tenant
from servers.control.key_rpc import key_message
from servers.control.provisioning import TenantOrder
from servers.control.tenant_making import TenantMaking
from servers.control.tenants import Tenants
from soma.control.v1 import tenant_service_pb2 as tenant_pb
from soma.control.v1 import tenant_service_pb2_grpc as tenant_grpc
from soma.governor.v1 import budget_pb2 as budget_pb
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.paging import next_page_token, page_of
from soma_common.rpc.call import current_call

_CHANGEABLE: Final = ("display_name",)


def tenant_message(tenant: Tenant) -> tenant_pb.Tenant:
    """A tenant as the contract has it."""
    message = tenant_pb.Tenant(
        tenant_id=str(tenant.tenant_id),
        name=tenant.name,
        display_name=tenant.display_name,
        owner_sub=tenant.owner_sub or "",
        runs_installation=tenant.runs_installation,
        created_by=tenant.created_by,
        etag=tenant.etag,
    )
    message.create_time.FromDatetime(tenant.create_time)
    message.update_time.FromDatetime(tenant.update_time)
    return message


class TenantServicer(tenant_grpc.TenantServiceServicer):
    """`soma.control.v1.TenantService`; `usual` is the budget of a tenant that was made without one."""

    def __init__(self, tenants: Tenants, making: TenantMaking, usual: budget_pb.Budget) -> None:
        self._tenants = tenants
        self._making = making
        self._usual = usual

    async def CreateTenant(  # noqa: N802 - the contract's name
        self, request: tenant_pb.CreateTenantRequest, _: Any
    ) -> tenant_pb.CreateTenantResponse:
        """Make a tenant."""
        made = await self._making.make(current_call().caller, self._order(request), UUID(request.request_id))
        return tenant_pb.CreateTenantResponse(
            tenant=tenant_message(made.tenant),
            budget=made.budget,
            agent=made.agent,
            api_key=key_message(made.api_key),
            key=made.key,
            saga_id=str(made.saga_id),
        )

    async def GetTenant(  # noqa: N802 - the contract's name
        self, request: tenant_pb.GetTenantRequest, _: Any
    ) -> tenant_pb.GetTenantResponse:
        """One tenant."""
        found = await self._tenants.read(current_call().caller, UUID(request.tenant_id))
        return tenant_pb.GetTenantResponse(tenant=tenant_message(found))

    async def ListTenants(  # noqa: N802 - the contract's name
        self, request: tenant_pb.ListTenantsRequest, _: Any
    ) -> tenant_pb.ListTenantsResponse:
        """The tenants by name."""
        page = page_of(request.page_size, request.page_token, {})
        after = str(page.after[0]) if page.after else ""
        found = await self._tenants.list(current_call().caller, after, page.size + 1)
        answer = tenant_pb.ListTenantsResponse(tenants=[tenant_message(each) for each in found[: page.size]])
        if len(found) > page.size:
            answer.next_page_token = next_page_token((found[page.size - 1].name,), {})
        return answer

    async def UpdateTenant(  # noqa: N802 - the contract's name
        self, request: tenant_pb.UpdateTenantRequest, _: Any
    ) -> tenant_pb.UpdateTenantResponse:
        """Change the display name."""
        wanted = request.tenant
        if not wanted.tenant_id:
            raise invalid_field("tenant.tenant_id", "it must say which tenant to change")
        for path in request.update_mask.paths:
            if path not in _CHANGEABLE:
                raise invalid_field("update_mask", f"{path} cannot be changed")
        return await self._tenants.rename(
            current_call().caller,
            UUID(wanted.tenant_id),
            wanted.display_name,
            wanted.etag,
            lambda tenant: tenant_pb.UpdateTenantResponse(tenant=tenant_message(tenant)),
        )

    def _order(self, request: tenant_pb.CreateTenantRequest) -> TenantOrder:
        budget = request.budget if request.HasField("budget") else self._usual
        if budget.period == budget_pb.BUDGET_PERIOD_UNSPECIFIED:
            raise invalid_field("budget.period", "it must say how long the budget lasts")
        return TenantOrder(
            name=request.name,
            display_name=request.display_name,
            owner_sub=request.owner_sub,
            agent_name=request.agent_name,
            period=budget.period,
            limit_tokens=budget.limit_tokens,
            limit_micros=budget.limit_micros,
            hard=budget.hard,
        )
