"""`somastack tenant`: the tenants of this installation: make, list and show them.

Nothing here makes a tenant; control does, by a saga.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import tenant_names
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.control.v1 import tenant_service_pb2 as tenant_pb

_MOST = 2**63 - 1
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(help="Make, list and show the tenants of this installation.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make, list and show the tenants of this installation."""


@dataclass(frozen=True, slots=True)
class NewTenant:
    """The words of `tenant create`."""

    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and dashes, as in web-team.")]
    display_name: Annotated[str, typer.Option(help="How people call it; without it the name.")] = ""
    owner: Annotated[str, typer.Option(help="Its first administrator.")] = "owner"
    agent: Annotated[str, typer.Option(help="The name of its default agent.")] = "assistant"
    tokens: Annotated[int | None, typer.Option(min=0, max=_MOST, help="Most tokens a day; 0 means no limit.")] = None
    micros: Annotated[
        int | None,
        typer.Option(min=0, max=_MOST, help="Most money a day in millionths of a dollar; 0 means no limit."),
    ] = None
    request_id: Annotated[
        str, typer.Option(help="That of an earlier call whose answer was lost: gives the same tenant and key.")
    ] = ""
    as_json: _Json = False


@app.command("create")
@taking(NewTenant)
def create(wanted: NewTenant) -> None:
    """Make a tenant with its owner, a budget, a default agent and a first API key, all of it or nothing.

    Prints the key and nothing else on standard output; it is shown this once. Without --tokens and --micros the tenant
    may use what the settings give a tenant. While a service is away it waits; the id of the saga that it tells then is
    the --request-id to ask again with. With --json: the message soma.control.v1.CreateTenantResponse.

    Examples:  somastack tenant create web-team  ·  somastack tenant create web-team --display-name "The web team"
    --tokens 500000  ·  KEY=$(somastack tenant create web-team)
    """
    from cli.doors import checked_id, reach
    from cli.render import Progress, print_line
    from cli.views.tenant import made_tenant, shown_once
    from cli.views.words import to_json

    progress = Progress()
    asked_before = checked_id(wanted.request_id, "request") if wanted.request_id else ""

    async def work(doors: "Doors") -> "tuple[tenant_pb.CreateTenantResponse, str]":
        from cli.tenant_calls import make_tenant

        request = _request(wanted, asked_before or doors.request_id())
        return await make_tenant(doors, request, progress.note), doors.edge_url

    made, edge_url = reach(work)
    if wanted.as_json:
        print_line(to_json(made))
        return
    for sentence in (*made_tenant(made), *shown_once(made.api_key, edge_url)):
        progress.note(sentence)
    print_line(made.key)


@app.command("list")
def show_all(as_json: _Json = False) -> None:
    """List the tenants, by name.

    With --json: {"tenants": [soma.control.v1.Tenant …]} as REST answers it at /admin/tenants.

    Examples:  somastack tenant list  ·  somastack tenant list --json
    """
    from cli.doors import reach
    from cli.render import print_line, print_table
    from cli.tenant_calls import every_tenant
    from cli.views.tenant import TENANT_HEADINGS, tenant_row
    from cli.views.words import to_json, to_object

    tenants = reach(every_tenant)
    if as_json:
        print_line(to_json({"tenants": [to_object(tenant) for tenant in tenants]}))
    else:
        print_table(TENANT_HEADINGS, [tenant_row(tenant) for tenant in tenants])


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The tenant's name or id.", autocompletion=tenant_names)],
    as_json: _Json = False,
) -> None:
    """Show one tenant.

    With --json: the message soma.control.v1.Tenant.

    Examples:  somastack tenant show web-team  ·  somastack tenant show installation --json
    """
    from cli.doors import reach
    from cli.render import print_line
    from cli.tenant_calls import one_tenant
    from cli.views.tenant import about_tenant
    from cli.views.words import to_json

    found = reach(lambda doors: one_tenant(doors, name))
    if as_json:
        print_line(to_json(found))
        return
    for what, value in about_tenant(found):
        print_line(f"{what:<14}{value}")


def _request(wanted: NewTenant, request_id: str) -> "tenant_pb.CreateTenantRequest":
    from soma.control.v1 import tenant_service_pb2 as tenant_pb
    from soma.governor.v1 import budget_pb2 as budget_pb

    request = tenant_pb.CreateTenantRequest(
        name=wanted.name.strip(),
        display_name=wanted.display_name,
        owner_sub=wanted.owner,
        agent_name=wanted.agent,
        request_id=request_id,
    )
    if wanted.tokens is not None or wanted.micros is not None:
        budget = budget_pb.Budget(
            period=budget_pb.BUDGET_PERIOD_DAY,
            limit_tokens=wanted.tokens or 0,
            limit_micros=wanted.micros or 0,
            hard=True,
        )
        request.budget.CopyFrom(budget)
    return request
