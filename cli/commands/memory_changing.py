"""`somastack memory edit`, `correct`, `pin`, `unpin`, `forget`: changing what is remembered.

Nothing here stores; the memory service does.
"""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import conversation_ids, memory_ids
from cli.commands.memory_options import Json, Kind, MemoryId, Yes, moment
from cli.exits import CommandError, Exit
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.memory.v1 import memory_pb2 as memory_pb
    from soma.memory.v1 import memory_service_pb2 as service_pb

_NEVER = "never"
_Text = Annotated[list[str], typer.Argument(metavar="TEXT…", help="What is so, in your own words.")]


def add_to(app: typer.Typer) -> None:
    """Hang the commands into their group."""
    app.command("edit")(edit_command)
    app.command("correct")(correct)
    app.command("pin")(pin)
    app.command("unpin")(unpin)
    app.command("forget")(forget)


@dataclass(frozen=True, slots=True)
class EditOptions:
    """Which memory, and what it shall be."""

    memory_id: MemoryId
    text: Annotated[str | None, typer.Option(help="The new text.")] = None
    kind: Annotated[Kind | None, typer.Option(help="The new sort.")] = None
    importance: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="How much it matters.")] = None
    trust: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="How far it is believed.")] = None
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="A label in the place of those it has, '' for none; repeatable.")
    ] = None
    subject: Annotated[str | None, typer.Option(help="Whom or what it is about.")] = None
    expires: Annotated[str, typer.Option("--expires", metavar="TIME", help="When it expires, or never.")] = ""
    as_json: Json = False


@taking(EditOptions)
def edit_command(options: EditOptions) -> None:
    """Change fields of a memory; what it was stays as a version. For what is no longer true, use `memory correct`.

    With --json: the message soma.memory.v1.Memory.

    Example:  somastack memory edit 0197a0c2-1111-7000-8000-000000000001 --importance 0.9 --tag family
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import changed, kind_number, one
    from cli.render import print_line
    from cli.views.words import to_json

    wanted = checked_id(options.memory_id, "memory")
    expires = None if options.expires == _NEVER else moment(options.expires, "--expires")
    values = {
        "text": options.text,
        "kind": None if options.kind is None else kind_number(options.kind),
        "importance": options.importance,
        "trust": options.trust,
        "subject": options.subject,
    }
    given = {name: value for name, value in values.items() if value is not None}
    paths = [*given, *(["tags"] if options.tag is not None else []), *(["expire_time"] if options.expires else [])]
    if not paths:
        raise CommandError("There is nothing to change. Give --text, --importance or another field.", Exit.WRONG_USE)

    async def work(doors: "Doors") -> "memory_pb.Memory":
        memory = await one(doors, wanted)
        for name, value in given.items():
            setattr(memory, name, value)
        if options.tag is not None:
            memory.tags[:] = [tag for tag in options.tag if tag]
        if options.expires == _NEVER:
            memory.ClearField("expire_time")
        elif expires is not None:
            memory.expire_time.FromDatetime(expires)
        return await changed(doors, memory, paths)

    now = reach(work)
    print_line(to_json(now) if options.as_json else f"Changed: {wanted}, now version {now.version}")


def correct(
    memory_id: MemoryId,
    text: _Text,
    value: Annotated[str, typer.Option("--object", help="For a fact: its value now.")] = "",
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="Since when that is so; without it: now.")] = "",
    as_json: Json = False,
) -> None:
    """Say what is true instead. The old memory stays, valid until then, and names the new one.

    Prints the new memory's id. With --json: the message soma.memory.v1.CorrectMemoryResponse.

    Example:  somastack memory correct 0197a0c2-1111-7000-8000-000000000001 Ada lives in Porto --since 2026-03-01
    """
    from cli.doors import checked_id, reach
    from cli.failures import by_option
    from cli.memory_calls import memory, stamp
    from cli.render import print_line
    from cli.views.words import to_json
    from soma.memory.v1 import memory_service_pb2 as service_pb

    wanted, at = checked_id(memory_id, "memory"), stamp(moment(since, "--since"))

    async def work(doors: "Doors") -> "service_pb.CorrectMemoryResponse":
        request = service_pb.CorrectMemoryRequest(
            memory_id=wanted,
            text=" ".join(text),
            object=value,
            valid_from_time=at,
            request_id=doors.request_id(),
        )
        with by_option({"valid_from_time": "--since", "object": "--object"}):
            return await memory(doors).CorrectMemory(request)

    done = reach(work)
    print_line(to_json(done) if as_json else done.memory.memory_id)


def pin(memory_id: MemoryId) -> None:
    """Keep a memory from every sweep.

    Example:  somastack memory pin 0197a0c2-1111-7000-8000-000000000001
    """
    _pin(memory_id, pinned=True)


def unpin(memory_id: MemoryId) -> None:
    """Let sweeps take a memory again once it has faded.

    Example:  somastack memory unpin 0197a0c2-1111-7000-8000-000000000001
    """
    _pin(memory_id, pinned=False)


def _pin(memory_id: str, *, pinned: bool) -> None:
    from cli.doors import checked_id, reach
    from cli.memory_calls import changed
    from cli.render import print_line
    from soma.memory.v1 import memory_pb2 as memory_pb

    wanted = checked_id(memory_id, "memory")
    reach(lambda doors: changed(doors, memory_pb.Memory(memory_id=wanted, pinned=pinned), ["pinned"]))
    print_line(f"{'Pinned' if pinned else 'No longer pinned'}: {wanted}")


def forget(
    memory_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="The memory's id, as `memory list` shows it.", autocompletion=memory_ids),
    ] = None,
    conversation: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Everything that was learned in this conversation.", autocompletion=conversation_ids
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="ID", help="Everything that was learned from this message or document.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Delete one memory, or what a conversation or a source taught, for good. Says what it will touch and asks first.

    What was learned elsewhere too stays. Messages stay; what is said in the conversation later is learned as ever.

    Examples:  somastack memory forget 0197a0c2-1111-7000-8000-000000000001  ·
    somastack memory forget --yes --conversation 0197a0c2-2222-7000-8000-000000000001
    """
    if sum(each is not None for each in (memory_id, conversation, source)) != 1:
        raise CommandError("Say which memory to forget, or which --conversation or --source.", Exit.WRONG_USE)
    if memory_id is not None:
        _forget_memory(memory_id, yes=yes)
    else:
        _forget_source(conversation, source or "", yes=yes)


def _forget_memory(memory_id: str, *, yes: bool) -> None:
    from cli.consent import ask
    from cli.doors import checked_id, reach
    from cli.memory_calls import memory, one
    from cli.render import print_line
    from cli.views.memory import touched
    from soma.memory.v1 import memory_service_pb2 as service_pb

    wanted = checked_id(memory_id, "memory")
    ask(touched(reach(lambda doors: one(doors, wanted))), "Forget it?", yes=yes, terminal=sys.stdin.isatty())

    async def work(doors: "Doors") -> None:
        request = service_pb.DeleteMemoryRequest(memory_id=wanted, request_id=doors.request_id())
        await memory(doors).DeleteMemory(request)

    reach(work)
    print_line(f"Forgotten: {wanted}")


def _forget_source(conversation: str | None, source: str, *, yes: bool) -> None:
    from cli.consent import ask
    from cli.doors import checked_id, reach
    from cli.memory_calls import memory
    from cli.render import print_line
    from cli.views.memory import forgotten, touched_of_conversation, touched_of_source
    from soma.memory.v1 import memory_service_pb2 as service_pb

    wanted = None if conversation is None else checked_id(conversation, "conversation")
    touched = touched_of_source(source) if wanted is None else touched_of_conversation(wanted)
    ask(touched, "Forget it?", yes=yes, terminal=sys.stdin.isatty())

    async def work(doors: "Doors") -> "service_pb.DeleteBySourceResponse":
        request = service_pb.DeleteBySourceRequest(request_id=doors.request_id())
        if wanted is None:
            request.source_id = source
        else:
            request.conversation_id = wanted
        return await memory(doors).DeleteBySource(request)

    print_line(forgotten(reach(work)))
