"""A command that has verbs and works without one as well: its verb `show` may be left out.

Nothing here knows a command.
"""

from typing import Any, Final

import typer.core

_SHOW: Final = "show"
_HELP: Final = ("-h", "--help")


class ShowByDefault(typer.core.TyperGroup):
    """Takes what does not begin with one of its verbs as what is to be shown."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words behind the command; while they are being completed, none of them is none."""
        spoken = bool(args) and args[0] in (*self.commands, *_HELP)
        if not spoken and (args or not ctx.resilient_parsing):
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The verbs, and what could follow `show`."""
        show = self.commands[_SHOW]
        with show.make_context(_SHOW, [], parent=ctx, resilient_parsing=True) as inner:
            offered = show.shell_complete(inner, incomplete)
            for given in show.params:
                if given.param_type_name == "argument" and not incomplete.startswith("-"):
                    offered += given.shell_complete(inner, incomplete)
        return [*super().shell_complete(ctx, incomplete), *offered]
