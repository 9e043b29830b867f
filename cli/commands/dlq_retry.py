"""`somastack dlq retry`: one dead letter tried again, as it is or with a mended payload, or all that are parked.

Nothing here tries an event; its consumer does.
"""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import houses, letter_ids
from cli.exits import CommandError, Exit
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.events.v1 import dead_letter_pb2 as letter_pb


@dataclass(frozen=True, slots=True)
class RetryOptions:
    """Which letters are tried again, and as what."""

    letter_id: Annotated[
        str,
        typer.Argument(metavar="[ID]", help="The event's id or its first digits, or --all.", autocompletion=letter_ids),
    ] = ""
    every: Annotated[bool, typer.Option("--all", help="All that are parked, or those of the filters.")] = False
    payload: Annotated[
        str, typer.Option("--payload", metavar="FILE", help="Try this payload instead, in JSON; - is standard input.")
    ] = ""
    consumer: Annotated[str, typer.Option(help="Only this consumer. Example: chat.intents.")] = ""
    house: Annotated[str, typer.Option(help="Only this house.", autocompletion=houses)] = ""
    system: Annotated[
        bool, typer.Option("--system", help="One of the installation itself: bytes that were no event.")
    ] = False
    stream: Annotated[str, typer.Option(help="With --all: only this stream.")] = ""
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False


@taking(RetryOptions)
def retry(options: RetryOptions) -> None:
    """Have an event tried again at once, and say what came of it; or all that are parked.

    Mend what made it fail first. --payload takes the JSON of the event's payload, as `dlq show` prints it; the original
    is kept. Ends with 1 when it fails again. With --json: {"outcome": "done" | "failed" | "pending", "dead_letter"}, or
    with --all {"retried", "unreachable_houses"}.

    Examples:  somastack dlq retry 0197a0c2-1111  ·  somastack dlq retry 0197a0c2-1111 --payload mended.json  ·
    somastack dlq retry --all --consumer chat.intents
    """
    if options.every == bool(options.letter_id):
        raise CommandError("Give either the id of one event or --all.", Exit.WRONG_USE)
    if options.every and options.payload:
        raise CommandError("A payload is for one event: give its id instead of --all.", Exit.WRONG_USE)
    if options.every and options.system:
        raise CommandError("Letters of the installation are retried one by one: give an id.", Exit.WRONG_USE)
    if options.stream and not options.every:
        raise CommandError("--stream goes with --all.", Exit.WRONG_USE)
    if options.every:
        _retry_all(options)
    else:
        _retry_one(options)


def _retry_one(options: RetryOptions) -> None:
    from cli.doors import reach
    from cli.operations.letters import Wanted, find, outcome, refuse_if_settled, whole
    from cli.operations.letters import retry as try_again
    from cli.operations.partial import checked_house
    from cli.operations.payloads import from_json
    from cli.render import Progress, print_line
    from cli.views.letter import after_retry
    from cli.views.words import to_json, to_object

    wanted = Wanted(options.consumer, checked_house(options.house), system=options.system)
    text = _read(options.payload) if options.payload else None

    async def work(doors: "Doors") -> "tuple[letter_pb.DeadLetter, letter_pb.DeadLetter | None]":
        letter = await find(doors, options.letter_id, wanted)
        await refuse_if_settled(doors, letter, "retried")
        payload = b""
        if text is not None:
            letter = await whole(doors, letter)
            payload = from_json(letter.event, text, "Standard input" if options.payload == "-" else options.payload)
        await try_again(doors, letter, payload)
        with Progress() as progress:
            progress.step(f"Waiting for {letter.consumer}")
            return letter, await outcome(doors, letter)

    letter, now = reach(work)
    failed = now is not None and now.attempts > letter.attempts
    if options.as_json:
        word = "done" if now is None else "failed" if failed else "pending"
        print_line(to_json({"outcome": word, "dead_letter": to_object(now or letter)}))
    elif not failed:
        print_line(after_retry(letter, now))
    if failed:
        raise typer.Exit(Exit.FAILED) if options.as_json else CommandError(after_retry(letter, now))


def _retry_all(options: RetryOptions) -> None:
    from cli.doors import reach
    from cli.operations.letters import Wanted, listed, retry_all, status_number
    from cli.operations.partial import checked_house, refuse_if_unanswered, say_missing
    from cli.render import Progress, print_line
    from cli.views.words import count, to_json

    wanted = Wanted(options.consumer, checked_house(options.house), options.stream, status_number("parked"))

    async def work(doors: "Doors") -> "tuple[int, set[str]]":
        found = await listed(doors, wanted, None)
        refuse_if_unanswered(found.letters, found.missing, options.house)
        if not found.letters:
            return 0, found.missing
        with Progress() as progress:
            return await retry_all(doors, wanted, progress.count("Retrying", len(found.letters)))

    retried, missing = reach(work)
    if options.as_json:
        print_line(to_json({"retried": retried, "unreachable_houses": sorted(missing)}))
        return
    print_line(
        f"{_events(count(retried), retried)} tried again. `somastack dlq list` shows what fails once more."
        if retried
        else "No event is parked that fits: there is nothing to try again."
    )
    say_missing(missing)


def _events(amount: str, number: int) -> str:
    return "1 event is" if number == 1 else f"{amount} events are"


def _read(name: str) -> str:
    """The text of a file. Raises CommandError."""
    from pathlib import Path

    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CommandError(f"There is no file {name}.", Exit.WRONG_USE) from None
    except UnicodeDecodeError:
        raise CommandError(f"{name} is no text in UTF-8.", Exit.WRONG_USE) from None
