"""What a setting is made of: a row of the registry, and the types that rows share.

Nothing here names a setting.
"""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from config.values import LogLevel

# What the contract between chat and governor takes, and what a column of 64 bits counts for years.
_MOST_TOKENS: Final = 100_000_000
_MOST_MICROS: Final = 10**12
_MOST_COUNTED: Final = 10**18


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
Port = Annotated[int, Field(ge=1, le=65535)]
Price = Annotated[int, Field(ge=0, le=_MOST_MICROS)]
DayLimit = Annotated[int, Field(ge=0, le=_MOST_COUNTED)]
WindowTokens = Annotated[int, Field(ge=1024, le=_MOST_TOKENS)]
OutputTokens = Annotated[int, Field(ge=16, le=_MOST_TOKENS)]
AnyCaseLevel = Annotated[
    LogLevel,
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]
Workers = Annotated[int, Field(ge=1, le=4)]
Seconds = Annotated[float, Field(ge=0.1, le=600)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


def setting(name: str, description: str, example: str) -> Any:
    """One row of the registry; `name` stands in the environment exactly as here."""
    return Field(default=None, alias=name, description=description, examples=[example])
