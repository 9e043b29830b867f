"""Tenants and API keys as tables and sentences.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator
from typing import Final

from cli.views.words import NONE, moment
from soma.control.v1 import api_key_pb2 as key_pb
from soma.control.v1 import tenant_service_pb2 as tenant_pb

TENANT_HEADINGS: Final = ("NAME", "DISPLAY NAME", "ID", "OWNER", "MADE")
KEY_HEADINGS: Final = ("ID", "NAME", "FOR", "ROLE", "STATE", "MADE", "USED", "EXPIRES")
_INSTALLATION: Final = "runs this installation"


def tenant_row(tenant: tenant_pb.Tenant) -> tuple[str, ...]:
    """One tenant under the headings."""
    shown = f"{tenant.display_name} ({_INSTALLATION})" if tenant.runs_installation else tenant.display_name
    return tenant.name, shown, tenant.tenant_id, tenant.owner_sub or NONE, moment(tenant, "create_time")


def key_row(key: key_pb.ApiKey) -> tuple[str, ...]:
    """One key under the headings."""
    return (
        key.key_id,
        key.name,
        key.sub,
        key.role,
        "revoked" if key.HasField("revoke_time") else "in force",
        moment(key, "create_time"),
        moment(key, "last_used_time"),
        moment(key, "expire_time"),
    )


def about_tenant(tenant: tenant_pb.Tenant) -> Iterator[tuple[str, str]]:
    """All that is known of a tenant, line by line."""
    yield "Name", tenant.name
    yield "Display name", tenant.display_name
    yield "Id", tenant.tenant_id
    yield "Owner", tenant.owner_sub or NONE
    yield "Made by", tenant.created_by
    yield "Made", moment(tenant, "create_time")
    yield "Changed", moment(tenant, "update_time")
    if tenant.runs_installation:
        yield "Role", _INSTALLATION


def made_tenant(made: tenant_pb.CreateTenantResponse) -> Iterator[str]:
    """What a new tenant begins with."""
    tenant = made.tenant
    yield (
        f"The tenant {tenant.name} ({tenant.tenant_id}) is there, with its owner {tenant.owner_sub}, a budget and the "
        f"agent {made.agent.name}. The saga {made.saga_id} made it."
    )


def shown_once(key: key_pb.ApiKey, edge_url: str) -> Iterator[str]:
    """What to do with the text of a key."""
    yield f"This is the key {key.key_id} ({key.role}). It is shown this once and kept nowhere: put it away now."
    yield "With the OpenAI client, or with curl:"
    yield f"  export OPENAI_BASE_URL={edge_url}/v1 OPENAI_API_KEY=soma_{key.key_id}_…"
    yield f'  curl -H "Authorization: Bearer $OPENAI_API_KEY" {edge_url}/v1/models'


def touched(key: key_pb.ApiKey) -> str:
    """What revoking a key touches."""
    used = moment(key, "last_used_time")
    last = "It was never used." if used == NONE else f"It was used last about {used}."
    return f"This ends the key {key.key_id} ({key.name}, {key.role}) of {key.sub} for good. {last}"
