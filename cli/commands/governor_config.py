"""`somastack governor config`: the planner's numbers: show, change, check, edit, compare and restore them.

Nothing here judges a value; the governor does, and refuses with a sentence.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import config_paths
from cli.exits import CommandError, Exit
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.governor.v1 import config_pb2 as config_pb
    from soma.governor.v1 import governor_service_pb2 as governor_pb

_MOST = 2**32 - 1
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Check = Annotated[bool, typer.Option("--check", help="Only say what would change, and whether it is accepted.")]
_Comment = Annotated[str, typer.Option("--comment", "-m", metavar="WORDS", help="Why, for the list of versions.")]
_Number = Annotated[int, typer.Argument(min=0, max=_MOST, metavar="VERSION", help="0: what comes with the system.")]
app = typer.Typer(help="Show, change, compare and restore what the planner works with.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Show, change, compare and restore what the planner works with."""


@app.command("show")
def show(
    version: Annotated[
        int | None, typer.Option(min=0, max=_MOST, help="As it was in this version; without it, as it is now.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Show every value, a line each; `config set --from` reads these lines.

    With --json: the message soma.governor.v1.ConfigVersion, which `config set --from` reads as well.

    Examples:  somastack governor config show  ·  somastack governor config show --version 0  ·
    somastack governor config show > governor.conf
    """
    from cli.doors import reach
    from cli.governing.configs import read
    from cli.render import print_line
    from cli.views.governor import lines
    from cli.views.words import to_json

    found = reach(lambda doors: read(doors, version))
    if as_json:
        print_line(to_json(found))
        return
    for line in lines(found):
        print_line(line)


@app.command("versions")
def show_versions(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="Most versions.")] = 20,
    as_json: _Json = False,
) -> None:
    """List the versions, the newest first: who made each, when, what it changed, and why.

    With --json: {"versions": [soma.governor.v1.ConfigVersion …]} as REST has them at /api/v1/governor/config/versions.

    Examples:  somastack governor config versions  ·  somastack governor config versions -n 5 --json
    """
    from cli.doors import reach
    from cli.governing.configs import versions
    from cli.render import print_line, print_table
    from cli.views.governor import VERSION_HEADINGS, version_row
    from cli.views.words import to_json, to_object

    found = reach(lambda doors: versions(doors, limit))
    if as_json:
        print_line(to_json({"versions": [to_object(each) for each in found]}))
    else:
        print_table(VERSION_HEADINGS, [version_row(each) for each in found])


@dataclass(frozen=True, slots=True)
class SetOptions:
    """What is changed, and how."""

    given: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH=VALUE]...", help="New values.", autocompletion=config_paths, show_default=False),
    ] = None
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="New values from a file; - is standard input.")
    ] = None
    check: _Check = False
    comment: _Comment = ""
    as_json: _Json = False


@app.command("set")
@taking(SetOptions)
def change(options: SetOptions) -> None:
    """Change values; what is not given stays. It makes a new version, and the next turn is planned with it.

    Paths are as `config show` prints them. A threshold goes with the value none. Says what will change, on standard
    error, and is refused when somebody else makes a version meanwhile. With --json: the message
    soma.governor.v1.ConfigVersion.

    Examples:  somastack governor config set levels.L0.tool_k=7 -m "more tools"  ·
    somastack governor config set --check weights.context_quality=0.5 weights.tool_relevance=0.2  ·
    somastack governor config set --from governor.conf
    """
    from cli.doors import reach
    from cli.governing.configs import read
    from cli.governing.paths import assignment, update, update_of_file
    from soma.governor.v1 import governor_service_pb2 as governor_pb

    given = [assignment(word) for word in options.given or ()]
    if bool(given) == (options.source is not None):
        raise CommandError("Give values like weights.context_quality=0.5, or a file with --from.", Exit.WRONG_USE)
    text = "" if options.source is None else _text(options.source)

    async def work(doors: "Doors") -> "tuple[int, config_pb.ConfigVersion]":
        now = await read(doors)
        wanted = update(now.config, given) if given else update_of_file(now.config, text)
        request = governor_pb.UpdateConfigRequest(config=wanted, comment=options.comment)
        return now.version, await _make(doors, now, request, check=options.check)

    _told(*reach(work), check=options.check, as_json=options.as_json)


@app.command("edit")
def edit(
    comment: _Comment = "",
    check: _Check = False,
    editor: Annotated[
        str, typer.Option(envvar=["VISUAL", "EDITOR"], metavar="COMMAND", help="What the lines are edited with.")
    ] = "vi",
) -> None:
    """Edit all values in an editor; what is changed there becomes a new version.

    A threshold whose line is taken out goes. What is refused is kept in a file, so that nothing is written twice.

    Examples:  somastack governor config edit  ·  somastack governor config edit --editor nano -m "for the pilot"
    """
    from cli.doors import reach
    from cli.governing.configs import read
    from cli.governing.editing import edited
    from cli.governing.paths import edits, update
    from cli.views.governor import lines
    from soma.governor.v1 import governor_service_pb2 as governor_pb

    now = reach(read)
    with edited("\n".join(lines(now)) + "\n", editor) as text:
        changed = edits(now.config, text)
        if not changed:
            raise CommandError("Nothing was changed.")
        request = governor_pb.UpdateConfigRequest(config=update(now.config, changed), comment=comment)
        done = reach(lambda doors: _make(doors, now, request, check=check))
    _told(now.version, done, check=check, as_json=False)


@app.command("diff")
def diff(
    one: _Number,
    other: Annotated[
        int | None,
        typer.Argument(min=0, max=_MOST, metavar="[VERSION]", help="Without it, the one that holds now."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Say in which values two versions differ.

    With --json: {"differences": [{"path", "before", "after"} …]}.

    Examples:  somastack governor config diff 0  ·  somastack governor config diff 3 5
    """
    from cli.doors import reach
    from cli.governing.configs import read
    from cli.render import print_line, print_table
    from cli.views.governor import differences
    from cli.views.words import to_json

    async def work(doors: "Doors") -> "tuple[config_pb.ConfigVersion, config_pb.ConfigVersion]":
        return await read(doors, one), await read(doors, other)

    before, after = reach(work)
    found = differences(before.config, after.config)
    if as_json:
        told = [{"path": path, "before": was, "after": becomes} for path, was, becomes in found]
        print_line(to_json({"differences": told}))
    elif found:
        print_table(("VALUE", f"VERSION {before.version}", f"VERSION {after.version}"), found)
    else:
        print_line(f"Versions {before.version} and {after.version} have the same values.")


@app.command("restore")
def restore(version: _Number, comment: _Comment = "", check: _Check = False, as_json: _Json = False) -> None:
    """Let the values of an older version hold again. It makes a new version, so that this too can be taken back.

    Says what will change, on standard error, and does it. With --json: the message soma.governor.v1.ConfigVersion.

    Examples:  somastack governor config restore 3 -m "5 was too strict"  ·
    somastack governor config restore 0 --check
    """
    from cli.doors import reach
    from cli.governing.configs import read
    from soma.governor.v1 import governor_service_pb2 as governor_pb

    async def work(doors: "Doors") -> "tuple[int, config_pb.ConfigVersion]":
        now = await read(doors)
        request = governor_pb.UpdateConfigRequest(restore_version=version, comment=comment)
        return now.version, await _make(doors, now, request, check=check)

    _told(*reach(work), check=check, as_json=as_json)


async def _make(
    doors: "Doors", now: "config_pb.ConfigVersion", request: "governor_pb.UpdateConfigRequest", *, check: bool
) -> "config_pb.ConfigVersion":
    """Have a change judged, say what it changes, and make it unless it is only to be checked or changes nothing."""
    from cli.governing.configs import store
    from cli.render import Progress
    from cli.views.governor import differences

    request.based_on_version = now.version
    request.validate_only = True
    judged = await store(doors, request)
    found = differences(now.config, judged.config)
    for path, was, becomes in found:
        Progress().note(f"{path}: {was} → {becomes}")
    if check or not found:
        return now if not found else judged
    request.validate_only = False
    return await store(doors, request)


def _told(before: int, done: "config_pb.ConfigVersion", *, check: bool, as_json: bool) -> None:
    from cli.render import print_line
    from cli.views.words import to_json

    if as_json:
        print_line(to_json(done))
    elif done.version == before:
        print_line(f"Nothing changes: version {before} has these values.")
    else:
        print_line("It would be accepted." if check else f"Version {done.version} holds now.")


def _text(source: Path) -> str:
    if str(source) == "-":
        return sys.stdin.read()
    return source.read_text("utf-8", "replace")
