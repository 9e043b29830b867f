"""`somastack model`: the models that can answer: list, add, test, choose and remove them.

Nothing here calls a provider; chat does. Adding one stands in `model_add.py`.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands import model_add
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.chat.v1 import model_service_pb2 as model_pb
    from soma.chat.v1 import model_service_pb2_grpc as model_grpc

_PROBE_SECONDS = 90.0
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Id = Annotated[str, typer.Argument(metavar="ID", help="The model's id, as `somastack model list` shows it.")]
app = typer.Typer(help="List, add, test, choose and remove the models that answer.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """List, add, test, choose and remove the models that answer."""


@app.command("list")
def show(as_json: _Json = False) -> None:
    """List the models that can answer, with window, prices per million tokens, and which one is the default.

    With --json: {"models": [soma.chat.v1.ModelProfile …]} as REST answers it at /api/v1/models.

    Examples:  somastack model list  ·  somastack model list --json
    """
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.words import to_json, to_object

    models = reach(every)
    if as_json:
        print_line(to_json({"models": [to_object(model) for model in models]}))
    else:
        show_models(models)


@app.command("test")
def probe(
    model_id: Annotated[str, typer.Argument(metavar="[ID]", help="Which model; without it the default one.")] = "",
    as_json: _Json = False,
) -> None:
    """Ask a model for one word, to see whether it answers and how fast. It costs a few tokens.

    Ends with 1 when it does not answer. With --json: the message soma.chat.v1.ProbeModelResponse.

    Examples:  somastack model test  ·  somastack model test --json
    """
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.model import verdict
    from cli.views.words import to_json

    wanted, found = reach(lambda doors: _probe(doors, model_id.strip()))
    if as_json:
        print_line(to_json(found))
    elif found.reachable:
        print_line(verdict(wanted, found))
    if not found.reachable:
        raise typer.Exit(Exit.FAILED) if as_json else CommandError(verdict(wanted, found))


app.command("add")(model_add.add)


@app.command("default")
def choose(model_id: _Id, as_json: _Json = False) -> None:
    """Choose the model that answers where neither the agent nor the question names one. Works at once.

    With --json: the message soma.chat.v1.ModelProfile.

    Example:  somastack model default gpt-4.1-mini
    """
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.words import to_json

    chosen = reach(lambda doors: _set_default(doors, model_id.strip()))
    print_line(to_json(chosen) if as_json else f"{chosen.model_profile_id} answers from now on.")


@app.command("remove")
def remove(
    model_id: _Id,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Remove a model and its key. Says what it will touch and asks first.

    With --json: the message soma.chat.v1.DeleteModelResponse.

    Examples:  somastack model remove llama3.2  ·  somastack model remove --yes llama3.2
    """
    from cli.consent import ask
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.model import touched
    from cli.views.words import to_json

    wanted = model_id.strip()
    found, agents = reach(lambda doors: _look(doors, wanted))
    ask(touched(found, agents), "Remove it?", yes=yes, terminal=sys.stdin.isatty())
    left = reach(lambda doors: _delete(doors, found))
    if as_json:
        print_line(to_json(left))
        return
    print_line(f"Removed: {wanted}")
    if found.tenant_default:
        print_line(f"{left.default_model_profile_id} answers from now on.")


async def every(doors: "Doors") -> "list[model_pb.ModelProfile]":
    """All models. Raises SomaError."""
    from soma.chat.v1 import model_service_pb2 as model_pb

    found: list[model_pb.ModelProfile] = []
    token = ""
    while True:
        page = await _models(doors).ListModels(model_pb.ListModelsRequest(page_size=200, page_token=token))
        found += page.models
        token = page.next_page_token
        if not token:
            return found


def show_models(models: "list[model_pb.ModelProfile]") -> None:
    """Print models for people."""
    from cli.render import print_line, print_table
    from cli.views.model import HEADINGS, row

    if models:
        print_table(HEADINGS, [row(model) for model in models])
    else:
        print_line("No model is configured.")


def _models(doors: "Doors") -> "model_grpc.ModelServiceStub":
    from soma.chat.v1 import model_service_pb2_grpc as model_grpc

    return doors.stub("chat", model_grpc.ModelServiceStub)


async def _probe(doors: "Doors", wanted: str) -> "tuple[str, model_pb.ProbeModelResponse]":
    wanted = wanted or (await default_model(doors)).model_profile_id
    return wanted, await probe_model(doors, wanted)


async def default_model(doors: "Doors") -> "model_pb.ModelProfile":
    """The model that answers where none is named. Raises SomaError."""
    return next(model for model in await every(doors) if model.tenant_default)


async def probe_model(doors: "Doors", model_id: str) -> "model_pb.ProbeModelResponse":
    """Try a model. Raises SomaError."""
    from soma.chat.v1 import model_service_pb2 as model_pb

    request = model_pb.ProbeModelRequest(model_profile_id=model_id, request_id=doors.request_id())
    return await _models(doors).ProbeModel(request, timeout=_PROBE_SECONDS)


async def _set_default(doors: "Doors", model_id: str) -> "model_pb.ModelProfile":
    from soma.chat.v1 import model_service_pb2 as model_pb

    request = model_pb.SetDefaultModelRequest(model_profile_id=model_id, request_id=doors.request_id())
    return (await _models(doors).SetDefaultModel(request)).model


async def _look(doors: "Doors", model_id: str) -> "tuple[model_pb.ModelProfile, list[str]]":
    """A model, and the names of the agents that name it."""
    from soma.chat.v1 import agent_service_pb2 as agent_pb
    from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
    from soma.chat.v1 import model_service_pb2 as model_pb

    found = (await _models(doors).GetModel(model_pb.GetModelRequest(model_profile_id=model_id))).model
    agents, token = doors.stub("chat", agent_grpc.AgentServiceStub), ""
    names: list[str] = []
    while True:
        page = await agents.ListAgents(agent_pb.ListAgentsRequest(page_size=200, page_token=token))
        names += [agent.name for agent in page.agents if agent.model_profile_id == model_id]
        token = page.next_page_token
        if not token:
            return found, names


async def _delete(doors: "Doors", found: "model_pb.ModelProfile") -> "model_pb.DeleteModelResponse":
    from soma.chat.v1 import model_service_pb2 as model_pb

    request = model_pb.DeleteModelRequest(
        model_profile_id=found.model_profile_id, etag=found.etag, request_id=doors.request_id()
    )
    return await _models(doors).DeleteModel(request)
