"""`somastack model`: the models that can answer, and whether one does.

Nothing here calls a provider; chat does.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.chat.v1 import model_service_pb2 as model_pb
    from soma.chat.v1 import model_service_pb2_grpc as model_grpc

_PROBE_SECONDS = 90.0
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(help="List the models and test whether they answer.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """List the models and test whether they answer."""


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
    from soma.chat.v1 import model_service_pb2 as model_pb

    if not wanted:
        found = [model.model_profile_id for model in await every(doors) if model.tenant_default]
        if not found:
            raise CommandError("There is no default model. `somastack model list` shows which there are.")
        wanted = found[0]
    request = model_pb.ProbeModelRequest(model_profile_id=wanted, request_id=doors.request_id())
    return wanted, await _models(doors).ProbeModel(request, timeout=_PROBE_SECONDS)
