"""The `somastack` command: its list of commands, and the net that turns every failure into a sentence and an exit code.

Nothing here does a command's work; each file of `commands/` loads what it needs when it is called.
"""

import sys
import traceback
from io import TextIOWrapper
from typing import Annotated

import typer

from cli.commands import (
    approval,
    backup,
    budget,
    chat,
    config,
    conversation,
    dlq,
    doctor,
    down,
    events,
    governor,
    key,
    level,
    logs,
    memory,
    mind,
    model,
    receipt,
    restore,
    saga,
    status,
    tenant,
    token,
    up,
    usage,
)
from cli.exits import CommandError, Exit

_INTERRUPTED = 130
_EPILOG = (
    "First steps:  somastack up  ·  somastack chat 'Hello'  ·  somastack status  ·  somastack down.    "
    "Exit codes: 0 done, 1 failed, 2 wrong use, 3 cannot reach, 4 not allowed."
)

app = typer.Typer(
    name="somastack",
    help="SomaStack: AI agents with memory, a mind and a budget, on your own machine.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("down")(down.down)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("logs")(logs.logs)
app.command("chat")(chat.chat)
app.command("token")(token.token)
app.command("usage")(usage.usage)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.add_typer(approval.app, name="approval")
app.add_typer(budget.app, name="budget")
app.add_typer(conversation.app, name="conversation")
app.add_typer(events.app, name="events")
app.add_typer(governor.app, name="governor")
app.add_typer(level.app, name="level")
app.add_typer(memory.app, name="memory")
app.add_typer(mind.app, name="mind")
app.add_typer(model.app, name="model")
app.add_typer(receipt.app, name="receipt")
app.add_typer(saga.app, name="saga")
app.add_typer(dlq.app, name="dlq")
app.add_typer(tenant.app, name="tenant")
app.add_typer(key.app, name="key")
app.add_typer(config.app, name="config")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"somastack {version('somastack')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """SomaStack: AI agents with memory, a mind and a budget, on your own machine."""


def main() -> None:
    """The entry of the command; never shows a stack."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what a terminal cannot show must not end an answer
    try:
        app()
    except CommandError as failure:
        _end(failure.sentence, failure.code)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(Exit.FAILED)
    except PermissionError as failure:
        _end(f"This account may not do that: {failure}", Exit.NOT_ALLOWED)
    except Exception as failure:  # noqa: BLE001 - the outermost net: whatever is left becomes a sentence
        _end(*_explain(failure))


def _end(sentence: str, code: Exit) -> None:
    from cli.render import print_failure

    print_failure(sentence)
    sys.exit(code)


def _explain(failure: Exception) -> tuple[str, Exit]:
    """The sentence of a failure that knows its own, else one that says where the details are."""
    from cli.failures import code_of, explained, keep_details
    from soma_common.kernel.errors import SomaError

    if isinstance(failure, SomaError):
        return explained(failure), code_of(failure)
    sentence = getattr(failure, "sentence", None)
    if isinstance(sentence, str):
        return sentence, code_of(failure)
    if isinstance(failure, OSError) and failure.strerror:
        where = f": {failure.filename}" if failure.filename else ""
        return f"The system refused: {failure.strerror}{where}.", Exit.FAILED
    kept = keep_details("".join(traceback.format_exception(failure)))
    where = f"in {kept}" if kept else "not kept, for no temporary file could be made"
    return f"An error inside somastack stopped this. Its details are {where}; please report it.", Exit.FAILED


if __name__ == "__main__":
    main()
