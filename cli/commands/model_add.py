"""`somastack model add`: gives the mesh a model and its key, and tries whether it answers.

Nothing here keeps a key or calls a provider; chat does.
"""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from config.known_models import Provider
    from soma.chat.v1 import model_service_pb2 as model_pb

_MICROS = 1_000_000
_Dollars = Annotated[float | None, typer.Option(min=0, help="US dollars per million tokens.", show_default=False)]


@dataclass(frozen=True, slots=True)
class Prices:
    """What a person said of prices, in dollars per million tokens."""

    input: float | None
    cached_input: float | None
    output: float | None
    reasoning: float | None

    @property
    def said(self) -> bool:
        """Whether anything was."""
        return any(price is not None for price in (self.input, self.cached_input, self.output, self.reasoning))


def add(
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="openai, anthropic, gemini, ollama, custom …")],
    key_stdin: Annotated[
        bool, typer.Option("--key-stdin", help="Read the key from standard input instead of asking for it.")
    ] = False,
    model: Annotated[str, typer.Option(help="The provider's name of the model; without it the usual one.")] = "",
    base_url: Annotated[str, typer.Option(help="The address, where it is not the provider's own.")] = "",
    model_id: Annotated[str, typer.Option("--id", help="The name it gets here; without it made of the model's.")] = "",
    window: Annotated[int | None, typer.Option(min=1024, help="Its window in tokens.", show_default=False)] = None,
    max_output: Annotated[int | None, typer.Option(min=16, help="Its longest answer.", show_default=False)] = None,
    price_input: _Dollars = None,
    price_cached_input: _Dollars = None,
    price_output: _Dollars = None,
    price_reasoning: _Dollars = None,
    default: Annotated[
        bool | None,
        typer.Option("--default/--no-default", help="Whether it answers from now on; else the first one does."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Add a model to the running mesh and try whether it answers; nothing has to be started anew.

    The key is asked for without showing it, kept where keys are kept, and never shown again. Ends with 1 when the model
    was added but does not answer. With --json: {"model": soma.chat.v1.ModelProfile, "probe":
    soma.chat.v1.ProbeModelResponse}.

    Examples:  somastack model add openai  ·  somastack model add ollama --model llama3.2  ·
    somastack model add anthropic --key-stdin < key.txt  ·
    somastack model add custom --base-url https://models.example.org/v1 --model mine --window 32000
    """
    from cli.commands.model import probe_model
    from cli.doors import reach
    from cli.render import Progress, print_line
    from cli.views.model import added, verdict
    from cli.views.words import to_json, to_object

    known = known_provider(provider)
    wanted = _profile(known, model, base_url, model_id, window, max_output)
    prices = Prices(price_input, price_cached_input, price_output, price_reasoning)
    if prices.said:
        _price(wanted, known, prices)
    key = _key(known, given=key_stdin, elsewhere=bool(base_url))

    async def work(doors: "Doors") -> "tuple[model_pb.ModelProfile, model_pb.ProbeModelResponse]":
        made = await _create(doors, wanted, key, default)
        if not as_json:
            Progress().note(added(made))
        return made, await probe_model(doors, made.model_profile_id)

    made, found = reach(work)
    if as_json:
        print_line(to_json({"model": to_object(made), "probe": to_object(found)}))
    elif found.reachable:
        print_line(verdict(made.model_profile_id, found))
    if not found.reachable:
        if as_json:
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


def _profile(
    provider: "Provider", model: str, base_url: str, model_id: str, window: int | None, max_output: int | None
) -> "model_pb.ModelProfile":
    from soma.chat.v1 import model_service_pb2 as model_pb

    if not model and provider.model is None:
        raise CommandError(f"{provider.name} has no usual model. Name one: --model NAME", Exit.WRONG_USE)
    if not base_url and provider.base_url is None and provider.protocol == "openai":
        raise CommandError(f"{provider.name} has no address of its own. Give one: --base-url URL", Exit.WRONG_USE)
    return model_pb.ModelProfile(
        model_profile_id=model_id,
        provider=provider.name,
        model=model,
        base_url=base_url,
        window_tokens=window or 0,
        max_output_tokens=max_output or 0,
    )


def _price(wanted: "model_pb.ModelProfile", provider: "Provider", prices: Prices) -> None:
    """What was said, and for the rest what is known of the model."""
    from config.known_models import known_model

    known = known_model(wanted.model or provider.model or "").prices

    def micros(dollars: float | None, otherwise: int) -> int:
        return otherwise if dollars is None else round(dollars * _MICROS)

    wanted.price.input_micros_per_million = micros(prices.input, known.input_micros)
    wanted.price.cached_input_micros_per_million = micros(prices.cached_input, known.cached_input_micros)
    wanted.price.output_micros_per_million = micros(prices.output, known.output_micros)
    wanted.price.reasoning_micros_per_million = micros(prices.reasoning, known.reasoning_micros)


def _key(provider: "Provider", *, given: bool, elsewhere: bool) -> str:
    """The key, from standard input or from a person; empty where none is needed or the installation has one."""
    if given:
        key = sys.stdin.read().strip()
        if not key:
            raise CommandError("There is no key on standard input.", Exit.WRONG_USE)
        return key
    if provider.key is None or elsewhere or _installation_has(provider):
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


async def _create(
    doors: "Doors", wanted: "model_pb.ModelProfile", key: str, default: bool | None
) -> "model_pb.ModelProfile":
    from soma.chat.v1 import model_service_pb2 as model_pb
    from soma.chat.v1 import model_service_pb2_grpc as model_grpc

    request = model_pb.CreateModelRequest(model=wanted, api_key=key, request_id=doors.request_id())
    if default is not None:
        request.make_default = default
    return (await doors.stub("chat", model_grpc.ModelServiceStub).CreateModel(request)).model
