"""Every setting there is: its name in the environment, its type, what it means and an example. The one list.

No value stands here: values come from a profile, the environment, the settings file or the first start. The rows stand
in `rows/`, by what they are about.
"""

from dataclasses import dataclass
from typing import Final, get_args

from pydantic import ConfigDict, SecretStr
from pydantic.fields import FieldInfo

from config.rows.databases import Databases
from config.rows.identity import Identity
from config.rows.memory import MemoryFading, MemoryLimits, MemorySearch
from config.rows.model import Model
from config.rows.shape import Shape
from config.rows.shared_servers import SharedServers
from config.rows.turns import Turns
from config.rows.web import Web


class Registry(SharedServers, MemoryLimits, MemoryFading, MemorySearch, Web, Turns, Model, Identity, Databases, Shape):
    """All settings by name. None means: not set; what a shape cannot do without is listed in `config/rules.py`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a setting without its value."""

    name: str
    field: str
    description: str
    example: str
    secret: bool


def _row(field: str, info: FieldInfo) -> Row:
    return Row(
        name=str(info.alias),
        field=field,
        description=info.description or "",
        example=str((info.examples or [""])[0]),
        secret=SecretStr in get_args(info.annotation),
    )


ROWS: Final = {row.name: row for row in (_row(field, info) for field, info in Registry.model_fields.items())}
