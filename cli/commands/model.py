"""`somastack model`: the models that can answer: list, add, test, choose, back and remove them.

Nothing here calls a provider; chat does. Adding one stands in `model_add.py`.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands import model_add
from cli.commands.completing import model_ids
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.chat.v1 import model_service_pb2 as model_pb

_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Id = Annotated[
    str,
    typer.Argument(metavar="ID", help="The model's id, as `somastack model list` shows it.", autocompletion=model_ids),
]
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
    from cli.model_calls import every
    from cli.render import print_line
    from cli.views.words import to_json, to_object

    models = reach(every)
    if as_json:
        print_line(to_json({"models": [to_object(model) for model in models]}))
    else:
        show_models(models)


@app.command("test")
def probe(
    model_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="Which model; without it the default one.", autocompletion=model_ids)
    ] = "",
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
    from cli.model_calls import set_default
    from cli.render import print_line
    from cli.views.words import to_json

    chosen = reach(lambda doors: set_default(doors, model_id.strip()))
    print_line(to_json(chosen) if as_json else f"{chosen.model_profile_id} answers from now on.")


@app.command("fallbacks")
def back_up(
    model_id: _Id,
    fallbacks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...", help="Who answers in its place, in order.", autocompletion=model_ids, show_default=False
        ),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Nobody answers in its place any more.")] = False,
    as_json: _Json = False,
) -> None:
    """Choose the models that answer in another's place when it cannot, in order. Without any it says which they are.

    They also go on with an answer that broke off. With --json: the message soma.chat.v1.ModelProfile.

    Examples:  somastack model fallbacks gpt-4.1-mini claude-haiku-4-5 llama3.2  ·
    somastack model fallbacks gpt-4.1-mini --none
    """
    from cli.doors import reach
    from cli.model_calls import find, set_fallbacks
    from cli.render import print_line
    from cli.views.model import backed
    from cli.views.words import to_json

    wanted = [name.strip() for name in fallbacks or ()]
    if wanted and none:
        raise CommandError("Name models, or say --none; not both.", Exit.WRONG_USE)
    if wanted or none:
        found = reach(lambda doors: set_fallbacks(doors, model_id.strip(), wanted))
    else:
        found = reach(lambda doors: find(doors, model_id.strip()))
    print_line(to_json(found) if as_json else backed(found))


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
    from cli.model_calls import delete, look
    from cli.render import print_line
    from cli.views.model import touched
    from cli.views.words import to_json

    wanted = model_id.strip()
    found, agents = reach(lambda doors: look(doors, wanted))
    ask(touched(found, agents), "Remove it?", yes=yes, terminal=sys.stdin.isatty())
    left = reach(lambda doors: delete(doors, found))
    if as_json:
        print_line(to_json(left))
        return
    print_line(f"Removed: {wanted}")
    if found.tenant_default:
        print_line(f"{left.default_model_profile_id} answers from now on.")


def show_models(models: "list[model_pb.ModelProfile]") -> None:
    """Print models for people."""
    from cli.render import print_line, print_table
    from cli.views.model import HEADINGS, row

    if models:
        print_table(HEADINGS, [row(model) for model in models])
    else:
        print_line("No model is configured.")


async def _probe(doors: "Doors", wanted: str) -> "tuple[str, model_pb.ProbeModelResponse]":
    from cli.model_calls import default_model, probe

    wanted = wanted or (await default_model(doors)).model_profile_id
    return wanted, await probe(doors, wanted)
