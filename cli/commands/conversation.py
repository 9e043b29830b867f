"""`somastack conversation`: what was talked about; listing, finding, taking along, taking in and deleting it.

Nothing here decides; the chat service does.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from cli.commands.completing import conversation_ids
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.chat.v1 import conversation_service_pb2 as conversation_pb

_Id = Annotated[
    str,
    typer.Argument(metavar="ID", help="The conversation's id, as `list` shows it.", autocompletion=conversation_ids),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Most = Annotated[int, typer.Option("--most", "-n", min=1, max=100, help="Most rows to show.")]
app = typer.Typer(help="List, search, export, import and delete conversations.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """List, search, export, import and delete conversations."""


@app.command("list")
def list_conversations(
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Only those whose title has this text.")] = "",
    archived: Annotated[bool, typer.Option("--archived", help="Those that are archived.")] = False,
    most: _Most = 20,
    as_json: _Json = False,
) -> None:
    """List your conversations, the last used first.

    With --json: the message soma.chat.v1.ListConversationsResponse as REST answers it at /api/v1/chat/conversations.

    Examples:  somastack conversation list  ·  somastack conversation list --title invoice -n 5
    """
    from cli.conversation_calls import listed
    from cli.doors import reach
    from cli.render import print_line, print_table
    from cli.talk.conversations import HEADINGS, row
    from cli.views.words import to_json

    answer = reach(lambda doors: listed(doors, most, title, archived=archived))
    if as_json:
        print_line(to_json(answer))
    elif answer.conversations:
        print_table(HEADINGS[1:], [row(each, "")[1:] for each in answer.conversations])
    else:
        print_line("There is no such conversation.")


@app.command("search")
def search(
    query: Annotated[list[str], typer.Argument(metavar="WORDS…", help="All of them must occur; quart* finds quarter.")],
    within: Annotated[
        str, typer.Option("--in", metavar="ID", help="Only in this conversation.", autocompletion=conversation_ids)
    ] = "",
    most: _Most = 20,
    as_json: _Json = False,
) -> None:
    """Find what was said, in all branches of your conversations, the best first.

    With --json: the message soma.chat.v1.SearchMessagesResponse as REST answers it at /api/v1/chat/messages:search.

    Examples:  somastack conversation search budget 'quart*'  ·  somastack conversation search rain -n 3 --json
    """
    from cli.conversation_calls import found
    from cli.doors import checked_id, reach
    from cli.render import print_line, print_table
    from cli.views.conversation import FOUND_HEADINGS, found_row
    from cli.views.words import to_json

    conversation_id = checked_id(within, "conversation") if within else ""
    answer = reach(lambda doors: found(doors, " ".join(query), most, conversation_id))
    if as_json:
        print_line(to_json(answer))
    elif answer.messages:
        print_table(FOUND_HEADINGS, [found_row(message) for message in answer.messages])
    else:
        print_line("Nothing that was said has all of these words.")


@app.command("export")
def export(
    conversation: _Id,
    markdown: Annotated[bool, typer.Option("--markdown", help="The branch that is shown, as a document.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here instead of to standard output.")
    ] = None,
) -> None:
    """Write a whole conversation, every branch of it, as JSON that `import` reads; or as markdown for people.

    The JSON has "header", a soma.chat.v1.ConversationHeader, and "messages", soma.chat.v1.Message, parents first.

    Examples:  somastack conversation export 0197a0c2-1111-7000-8000-000000000001 -o talk.json  ·
    somastack conversation export --markdown 0197a0c2-1111-7000-8000-000000000001
    """
    from cli.doors import checked_id, reach

    wanted = checked_id(conversation, "conversation")
    write = _write_markdown if markdown else write_json
    if output is None:
        reach(lambda doors: write(doors, wanted, sys.stdout))
        return
    with whole_file(output) as file:
        reach(lambda doors: write(doors, wanted, file))


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A file to write; it is there once it is whole. Raises CommandError where it cannot be written."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(path)
    except OSError as problem:
        raise CommandError(f"{path} cannot be written: {problem.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)


async def write_json(doors: "Doors", conversation_id: str, file: TextIO) -> None:
    """Write a whole conversation, one message a line, so that no more than one is held. Raises SomaError."""
    from cli.conversation_calls import exported
    from cli.render import Progress
    from cli.views.words import to_json

    separator, tick = "", None
    with Progress() as progress:
        async for part in exported(doors, conversation_id):
            if part.HasField("header"):
                tick = progress.count("writing messages", part.header.message_count)
                file.write(f'{{"header": {to_json(part.header)},\n"messages": [')
                continue
            file.write(f"{separator}\n{to_json(part.message)}")
            separator = ","
            if tick is not None:
                tick(1)
        file.write("\n]}\n")


async def _write_markdown(doors: "Doors", conversation_id: str, file: TextIO) -> None:
    from cli.conversation_calls import exported
    from cli.views.conversation import markdown
    from cli.views.words import visible
    from soma.chat.v1 import conversation_service_pb2 as conversation_pb

    header, messages = conversation_pb.ConversationHeader(), []
    async for part in exported(doors, conversation_id):
        if part.HasField("header"):
            header = part.header
        else:
            messages.append(part.message)
    # On a screen it is text only; in a file it is what was written.
    shown = visible if file.isatty() else str
    file.writelines(f"{shown(line)}\n" for line in markdown(header, messages))


@app.command("import")
def import_conversation(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `export` wrote; - reads standard input.")],
    as_json: _Json = False,
) -> None:
    """Make a conversation of an exported one. Its messages get new ids; nothing is billed, nothing is learned from it.

    Prints the new conversation's id. With --json: the message soma.chat.v1.Conversation.

    Example:  somastack conversation import talk.json
    """
    from cli.conversation_calls import read_export, taken_in
    from cli.doors import reach
    from cli.render import Progress, print_line
    from cli.views.words import to_json

    value = _read(file)

    async def work(doors: "Doors") -> "conversation_pb.Conversation":
        request = read_export(value, doors.request_id())
        with Progress() as progress:
            progress.step(f"taking in {len(request.messages)} messages")
            return await taken_in(doors, request)

    made = reach(work)
    print_line(to_json(made) if as_json else made.conversation_id)


def _read(file: Path) -> Any:
    import json

    try:
        return json.loads(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise CommandError(f"{file} cannot be read: {problem.strerror}.", Exit.WRONG_USE) from None
    except (ValueError, RecursionError):
        raise CommandError(
            f"{file} is no JSON. Give a file that `conversation export` wrote.", Exit.WRONG_USE
        ) from None


@app.command("delete")
def delete(
    conversation: _Id,
    keep_memories: Annotated[bool, typer.Option("--keep-memories", help="What was learned in it stays.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Delete a conversation with its messages and what was learned in it. Says what it will touch and asks first.

    With --json: the message soma.chat.v1.DeleteConversationResponse.

    Example:  somastack conversation delete 0197a0c2-1111-7000-8000-000000000001
    """
    from cli.consent import ask
    from cli.conversation_calls import deleted
    from cli.doors import checked_id, reach
    from cli.render import print_line
    from cli.talk.conversations import one
    from cli.views.conversation import touched
    from cli.views.words import to_json

    wanted = checked_id(conversation, "conversation")
    there = reach(lambda doors: one(doors, wanted))
    ask(touched(there, keep_memories=keep_memories), "Delete it?", yes=yes, terminal=sys.stdin.isatty())
    done = reach(lambda doors: deleted(doors, wanted, keep_memories=keep_memories))
    print_line(to_json(done) if as_json else f"Deleted: {wanted}")
