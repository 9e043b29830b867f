"""Commands with many options: the fields of a dataclass are the options, one value is what the command gets.

Nothing here knows a command.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

Options = TypeVar("Options")


def taking(kind: type[Options]) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """A decorator for a command of one dataclass, whose fields are annotated as options of typer are."""

    def wrapped(command: Callable[[Options], None]) -> Callable[..., None]:
        def run(**given: Any) -> None:
            command(kind(**given))

        parameters = [_parameter(each) for each in fields(kind)]  # type: ignore[arg-type]  # every kind is a dataclass
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect looks for
        return run

    return wrapped


def _parameter(field: Field[Any]) -> inspect.Parameter:
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=field.type)
