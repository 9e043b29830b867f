"""`somastack model add`: gives the mesh a model and its key, and tries whether it answers.

Nothing here keeps a key or calls a provider; chat does.
"""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import model_ids
from cli.exits import CommandError, Exit
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from config.known_models import Provider
    from soma.chat.v1 import model_service_pb2 as model_pb
    from soma.common.v1 import usage_pb2 as usage_pb

_MICROS = 1_000_000
_DOLLARS = "In US dollars per million tokens."
_Price = Annotated[float | None, typer.Option(min=0, help=_DOLLARS, show_default=False)]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person says of a model."""

    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="openai, anthropic, gemini, ollama, custom …")]
    key_stdin: Annotated[
        bool, typer.Option("--key-stdin", help="Read the key from standard input instead of asking for it.")
    ] = False
    model: Annotated[str, typer.Option(help="The provider's name of the model; without it the usual one.")] = ""
    base_url: Annotated[str, typer.Option(help="The address, where it is not the provider's own.")] = ""
    model_id: Annotated[str, typer.Option("--id", help="The name it gets here; without it made of the model's.")] = ""
    window: Annotated[int | None, typer.Option(min=1024, help="Its window in tokens.", show_default=False)] = None
    max_output: Annotated[
        int | None, typer.Option(min=16, help="Its longest answer in tokens.", show_default=False)
    ] = None
    price_input: _Price = None
    price_cached_input: _Price = None
    price_output: _Price = None
    price_reasoning: _Price = None
    fallback: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="A model that answers in its place when it cannot; give it again for a second one.",
            autocompletion=model_ids,
            show_default=False,
        ),
    ] = None
    default: Annotated[
        bool | None,
        typer.Option("--default/--no-default", help="Whether it answers from now on; else the first one does."),
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False

    @property
    def prices(self) -> tuple[float | None, ...]:
        """What was said of prices, in the order of the contract."""
        return (self.price_input, self.price_cached_input, self.price_output, self.price_reasoning)


@taking(Wish)
def add(wish: Wish) -> None:
    """Add a model to the running mesh and try whether it answers; nothing has to be started anew.

    The key is asked for without showing it, kept where keys are kept, and never shown again. Ends with 1 when the model
    was added but does not answer. With --json: {"model": soma.chat.v1.ModelProfile, "probe":
    soma.chat.v1.ProbeModelResponse}.

    Examples:  somastack model add openai  ·  somastack model add ollama --model llama3.2  ·
    somastack model add anthropic --key-stdin < key.txt  ·
    somastack model add custom --base-url https://models.example.org/v1 --model mine --window 32000  ·
    somastack model add openai --fallback claude-haiku-4-5 --fallback llama3.2
    """
    from cli.doors import reach
    from cli.model_calls import create, probe
    from cli.render import Progress, print_line
    from cli.views.model import added, verdict
    from cli.views.words import to_json, to_object

    known = known_provider(wish.provider)
    wanted = _profile(known, wish)
    key = _key(known, wish)

    async def work(doors: "Doors") -> "tuple[model_pb.ModelProfile, model_pb.ProbeModelResponse]":
        made = await create(doors, wanted, key, wish.default)
        if not wish.as_json:
            Progress().note(added(made))
        return made, await probe(doors, made.model_profile_id)

    made, found = reach(work)
    if wish.as_json:
        print_line(to_json({"model": to_object(made), "probe": to_object(found)}))
    elif found.reachable:
        print_line(verdict(made.model_profile_id, found))
    if not found.reachable:
        if wish.as_json:
            raise typer.Exit(Exit.FAILED)
        mend = f"It stays until `somastack model remove {made.model_profile_id}`."
        raise CommandError(f"{verdict(made.model_profile_id, found)} {mend}")


def known_provider(name: str) -> "Provider":
    """The provider of this name. Raises CommandError with the list."""
    from config.known_models import providers

    found = providers().get(name.strip().lower())
    if found is None:
        names = ", ".join(providers())
        raise CommandError(f"The provider “{name[:80]}” is not known. It may be {names}.", Exit.WRONG_USE)
    return found


def _profile(provider: "Provider", wish: Wish) -> "model_pb.ModelProfile":
    from soma.chat.v1 import model_service_pb2 as model_pb

    if not wish.model and provider.model is None:
        raise CommandError(f"{provider.name} has no usual model. Name one: --model NAME", Exit.WRONG_USE)
    if not wish.base_url and provider.base_url is None and provider.protocol == "openai":
        raise CommandError(f"{provider.name} has no address of its own. Give one: --base-url URL", Exit.WRONG_USE)
    wanted = model_pb.ModelProfile(
        model_profile_id=wish.model_id,
        provider=provider.name,
        model=wish.model,
        base_url=wish.base_url,
        window_tokens=wish.window or 0,
        max_output_tokens=wish.max_output or 0,
        fallback_profile_ids=wish.fallback or (),
    )
    if any(price is not None for price in wish.prices):
        wanted.price.CopyFrom(_price(wish.model or provider.model or "", wish))
    return wanted


def _price(model: str, wish: Wish) -> "usage_pb.Price":
    """What was said, and for the rest what is known of the model."""
    from config.known_models import known_model
    from soma.common.v1 import usage_pb2 as usage_pb

    known = known_model(model).prices
    otherwise = (known.input_micros, known.cached_input_micros, known.output_micros, known.reasoning_micros)
    micros = [
        usual if said is None else round(said * _MICROS) for said, usual in zip(wish.prices, otherwise, strict=True)
    ]
    return usage_pb.Price(
        input_micros_per_million=micros[0],
        cached_input_micros_per_million=micros[1],
        output_micros_per_million=micros[2],
        reasoning_micros_per_million=micros[3],
    )


def _key(provider: "Provider", wish: Wish) -> str:
    """The key, from standard input or from a person; empty where none is needed or the installation has one."""
    if wish.key_stdin:
        key = sys.stdin.read().strip()
        if not key:
            raise CommandError("There is no key on standard input.", Exit.WRONG_USE)
        return key
    if provider.key is None or wish.base_url or _installation_has(provider):
        return ""
    if not sys.stdin.isatty():
        way = f'printf %s "$KEY" | somastack model add {provider.name} --key-stdin'
        raise CommandError(f"{provider.name} needs a key, and nobody can be asked here. Give it: {way}", Exit.WRONG_USE)
    key = str(typer.prompt(f"The key for {provider.name} (it is not shown)", hide_input=True, err=True)).strip()
    if not key:
        raise CommandError(f"{provider.name} needs a key. Nothing was changed.", Exit.WRONG_USE)
    return key


def _installation_has(provider: "Provider") -> bool:
    """Whether the settings have a key for the provider's own address."""
    from config import load_settings

    return provider.name in load_settings().secrets.given
