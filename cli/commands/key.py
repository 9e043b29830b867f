"""`somastack key`: the API keys of a tenant: make, list, rotate and revoke them.

Nothing here makes a key; control does.
"""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import key_ids, role_names, tenant_names
from cli.options import taking
from cli.spans import seconds_of

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.control.v1 import api_key_pb2 as key_pb
    from soma.control.v1 import api_key_service_pb2 as keys_pb

_LONGEST_TTL = 3650 * 86_400
_LONGEST_GRACE = 30 * 86_400
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Tenant = Annotated[
    str,
    typer.Option(help="Of which tenant; without it the one of this installation's owner.", autocompletion=tenant_names),
]
_Id = Annotated[
    str, typer.Argument(metavar="ID", help="The key's id, as `somastack key list` shows it.", autocompletion=key_ids)
]
app = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make, list, rotate and revoke API keys."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """The words of `key create`."""

    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, in your words.")]
    role: Annotated[str, typer.Option(help="viewer, member, operator or admin.", autocompletion=role_names)] = "member"
    scope: Annotated[
        list[str] | None,
        typer.Option(help="A scope that it has; may be given several times. Without it all of its role."),
    ] = None
    sub: Annotated[str, typer.Option(help="For whom it acts; without it for the owner.")] = ""
    ttl: Annotated[str, typer.Option(help="How long it is valid: 1h, 90d. Without it until it is revoked.")] = ""
    tenant: _Tenant = ""
    as_json: _Json = False


@app.command("create")
@taking(NewKey)
def create(wanted: NewKey) -> None:
    """Make an API key: it opens every door that a token opens, for one role and its scopes, until it is revoked.

    Prints the key and nothing else on standard output; it is shown this once. With --json: the message
    soma.control.v1.CreateApiKeyResponse.

    Examples:  somastack key create "ci of the web team" --ttl 90d  ·  somastack key create reader --role viewer  ·
    KEY=$(somastack key create bot --tenant web-team --scope chat:write --scope chat:read)
    """
    from cli.doors import reach
    from cli.tenant_calls import make_key

    async def work(doors: "Doors") -> "tuple[keys_pb.CreateApiKeyResponse, str]":
        return await make_key(doors, wanted.tenant, _request(wanted, doors.request_id())), doors.edge_url

    made, edge_url = reach(work)
    _tell(made, edge_url, as_json=wanted.as_json)


@app.command("list")
def show(
    tenant: _Tenant = "",
    every: Annotated[bool, typer.Option("--all", help="Revoked ones too.")] = False,
    as_json: _Json = False,
) -> None:
    """List the keys of a tenant, the newest first, with when each was used last.

    With --json: {"api_keys": [soma.control.v1.ApiKey …]} as REST answers it at /admin/api-keys.

    Examples:  somastack key list  ·  somastack key list --tenant web-team --all
    """
    from cli.doors import reach
    from cli.render import print_line, print_table
    from cli.tenant_calls import every_key
    from cli.views.tenant import KEY_HEADINGS, key_row
    from cli.views.words import to_json, to_object

    keys = reach(lambda doors: every_key(doors, tenant, with_revoked=every))
    if as_json:
        print_line(to_json({"api_keys": [to_object(key) for key in keys]}))
    elif keys:
        print_table(KEY_HEADINGS, [key_row(key) for key in keys])
    else:
        print_line("There is no API key. `somastack key create NAME` makes one.")


@app.command("rotate")
def rotate(
    key_id: _Id,
    grace: Annotated[
        str, typer.Option(help="How long the key of before works too: 1h, 7d. Without it not at all.")
    ] = "",
    tenant: _Tenant = "",
    as_json: _Json = False,
) -> None:
    """Give a key a new text under its id, so that nothing else about it changes.

    Prints the new key and nothing else on standard output; it is shown this once. With --json: the message
    soma.control.v1.RotateApiKeyResponse.

    Examples:  somastack key rotate k3v9m2x7q1w8z5t4 --grace 1d  ·  somastack key rotate k3v9m2x7q1w8z5t4
    """
    from cli.doors import reach
    from cli.tenant_calls import rotate_key

    seconds = seconds_of(grace, _LONGEST_GRACE) if grace else 0

    async def work(doors: "Doors") -> "tuple[keys_pb.RotateApiKeyResponse, str]":
        from soma.control.v1 import api_key_service_pb2 as keys_pb

        request = keys_pb.RotateApiKeyRequest(key_id=key_id.strip(), request_id=doors.request_id())
        request.grace.FromSeconds(seconds)
        return await rotate_key(doors, tenant, request), doors.edge_url

    made, edge_url = reach(work)
    _tell(made, edge_url, as_json=as_json)


@app.command("revoke")
def revoke(
    key_id: _Id,
    tenant: _Tenant = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """End a key for good; within a minute it is refused everywhere. Says which one and asks first.

    With --json: the message soma.control.v1.ApiKey.

    Examples:  somastack key revoke k3v9m2x7q1w8z5t4  ·  somastack key revoke --yes k3v9m2x7q1w8z5t4
    """
    from cli.consent import ask
    from cli.doors import reach
    from cli.render import print_line
    from cli.tenant_calls import one_key, revoke_key
    from cli.views.tenant import touched
    from cli.views.words import to_json

    wanted = key_id.strip()
    found: key_pb.ApiKey = reach(lambda doors: one_key(doors, tenant, wanted))
    ask(touched(found), "Revoke it?", yes=yes, terminal=sys.stdin.isatty())
    ended = reach(lambda doors: revoke_key(doors, tenant, wanted))
    print_line(to_json(ended) if as_json else f"Revoked: {wanted}")


def _request(wanted: NewKey, request_id: str) -> "keys_pb.CreateApiKeyRequest":
    from soma.control.v1 import api_key_service_pb2 as keys_pb

    request = keys_pb.CreateApiKeyRequest(
        name=wanted.name, role=wanted.role, scopes=wanted.scope or (), sub=wanted.sub, request_id=request_id
    )
    if wanted.ttl:
        request.ttl.FromSeconds(seconds_of(wanted.ttl, _LONGEST_TTL))
    return request


def _tell(made: "keys_pb.CreateApiKeyResponse | keys_pb.RotateApiKeyResponse", edge_url: str, *, as_json: bool) -> None:
    from cli.render import Progress, print_line
    from cli.views.tenant import shown_once
    from cli.views.words import to_json

    if as_json:
        print_line(to_json(made))
        return
    progress = Progress()
    for sentence in shown_once(made.api_key, edge_url):
        progress.note(sentence)
    print_line(made.key)
