"""Every setting as a page: what it means, its type, its default, its older names, who reads it.

Nothing here reads the environment.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, get_args, get_origin
from uuid import UUID

from annotated_types import Ge, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.loading import read_profile
from config.modes import OLDER_NAMES
from config.settings_registry import ROWS, Registry, Row
from config.values import DeployMode
from tools.reference.markdown import code, page, plain, table

_ABOUT: Final = """\
A setting has one name, which is that of its environment variable. Its value comes from the first of these places that
has one: the environment; an older name in the environment; for a secret, the file that `<NAME>_FILE` names; the
settings file (`settings.toml` in the data folder, or the file that `SOMA_SETTINGS_FILE` names, with lines like
`SOMA_LOG_LEVEL = "info"`); what the first start wrote; the profile of the shape. `somastack config show` lists every
setting with its value and where that came from. What is missing or does not go together stops the start, and all of it
is said at once."""
_UNREAD: Final = "nothing yet"
# Who reads what, by the name; the first that fits. A setting that fits nowhere is not documented, and that is refused.
_READERS: Final[tuple[tuple[str, str], ...]] = (
    (r"SOMA_MEMORY_API_TOKEN|KEYCLOAK_.*|SPICEDB_.*|OPA_URL", _UNREAD),
    (r"SOMA_DEPLOY_TARGET|SOMA_FEATURE_(VOICE|MCP|CODE_EXECUTION)", "control"),
    (r"SOMA_(DEPLOY_MODE|AAAS_MODE|ENV|INSTANCE|HOME|SETTINGS_FILE|BIND|PORT_SHIFT|WORKER)", "every process"),
    (r"SOMA_(LOG_.*|OTLP_ENDPOINT|JWKS_PATH|SERVICE_KEY_PATH|TENANT_ID|OWNER_SUB|ISSUER)", "every process"),
    (r"SOMA_\w+_WORKERS", "every process that calls it"),
    (r"SOMA_\w+_TARGETS", "every process that calls it"),
    (r"SOMA_KAFKA_.*", "every service with tables"),
    (r"SOMA_REDIS_URL|SOMA_APPROVAL_HOURS", "chat"),
    (r"SOMA_LOCAL_.*", "every service with tables, the command line"),
    (r"SOMA_MESSAGES_PER_MINUTE", "edge, chat"),
    (r"SOMA_BUS_(APP|OWNER)_PASSWORD", "the command line"),
    (r"SOMA_(BUS|POSTGRES)_.*", "every service with tables, the command line"),
    (r"SOMA_AGENT_DSN", "chat, governor, control"),
    (r"SOMA_BRAIN_DSN", "cognitive"),
    (r"SOMA_MEMORY_(DSN|NAMESPACES|DAILY_WRITES|SHELF_MEGABYTES|SWEEP|MIN_RETENTION)", "memory"),
    (r"SOMA_VECTOR_INDEX|SOMA_EMBEDDER_.*|MILVUS_.*", "memory"),
    (r"SOMA_(MEMORY|COGNITIVE|GOVERNOR|CHAT|CONTROL)_(APP|WORKER|OWNER)_PASSWORD", r"\1, the command line"),
    (r"SOMA_SECRETS|VAULT_\w+", "every process that needs a secret"),
    (r"SOMA_USER_KEY_PATH", "edge, the command line"),
    (r"SOMA_TOKEN_KEY_PATH", "control"),
    (r"SOMA_MODEL.*|\w+_API_KEY", "chat"),
    (r"SOMA_BUDGET_.*", "governor, control"),
    (r"SOMA_FEATURE_.*", "chat, control"),
    (
        r"SOMA_(ALLOWED_.*|CONNECTIONS_PER_.*|SESSION_MINUTES|TLS_.*)",
        "edge",
    ),
)


def settings_page() -> str:
    """The page."""
    defaults = {mode: read_profile(mode)["settings"] for mode in DeployMode}
    older = _older_names()
    rows = [
        (
            code(row.name) + (" (secret)" if row.secret else ""),
            _type_of(Registry.model_fields[row.field]),
            _default(row, defaults),
            _readers(row.name),
            plain(row.description) + _example(row),
            ", ".join(code(name) for name in older.get(row.name, ())),
        )
        for row in ROWS.values()
    ]
    headings = ("Setting", "Type", "Default", "Read by", "Meaning", "Older names")
    return page("Settings", _ABOUT, table(headings, rows), "## Older names", _older_page())


def _example(row: Row) -> str:
    return f" Example: {code(row.example)}." if row.example and " " not in row.example else ""


def _default(row: Row, defaults: Mapping[DeployMode, Mapping[str, Any]]) -> str:
    """The value of the standalone shape, and of the others where they have another one."""
    if row.field == "deploy_mode":
        return code(DeployMode.STANDALONE)
    own = _written(defaults[DeployMode.STANDALONE].get(row.name))
    others = [
        f"{_written(values.get(row.name)) or 'none'} in {mode}"
        for mode, values in defaults.items()
        if mode is not DeployMode.STANDALONE and _written(values.get(row.name)) != own
    ]
    return "; ".join(part for part in (own, *others) if part)


def _written(value: object) -> str:
    if value is None or value == "":
        return ""
    return code(str(value).lower() if isinstance(value, bool) else str(value))


def _type_of(field: FieldInfo) -> str:
    """The type of a setting in words."""
    given = next((it for it in get_args(field.annotation) if it is not type(None)), field.annotation)
    limits: tuple[Any, ...] = tuple(field.metadata)
    if get_origin(given) is Annotated:
        given, *more = get_args(given)
        limits = (*limits, *(it for extra in more for it in getattr(extra, "metadata", (extra,))))
    return _name_of(given) + _limits_of(limits)


def _name_of(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "one of " + ", ".join(code(str(value)) for value in kind)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(code(str(value)) for value in get_args(kind))
    if get_origin(kind) is tuple:
        return "list, separated by commas"
    names = {SecretStr: "text", str: "text", bool: "true or false", int: "number", float: "number", UUID: "UUID"}
    return names.get(kind, str(getattr(kind, "__name__", kind)).lower())


def _limits_of(limits: tuple[Any, ...]) -> str:
    low = next((it.ge for it in limits if isinstance(it, Ge)), None)
    high = next((it.le for it in limits if isinstance(it, Le)), None)
    if low is not None and high is not None:
        return f", {low} to {high}"
    return f", at least {low}" if low is not None else ""


def _readers(name: str) -> str:
    for pattern, readers in _READERS:
        found = re.fullmatch(pattern, name)
        if found is not None:
            return found.expand(readers).lower() if "\\" in readers else readers
    raise SystemExit(f"Nobody is named who reads {name}. Add it to _READERS in tools/reference/settings.py.")


def _older_names() -> dict[str, list[str]]:
    """Today's name to the older ones that stand for the same value."""
    found: dict[str, list[str]] = {}
    for name, today in _meanings():
        found.setdefault(today, []).append(name)
    return found


def _meanings() -> Iterator[tuple[str, str]]:
    for row in OLDER_NAMES:
        given = row.translate("value") or {}
        yield from ((row.name, today) for today in given)


def _older_page() -> str:
    about = "They are still read; a contradiction between an older name and today's stops the start and names both."
    today = dict(_meanings())
    rows = [
        (code(row.name), code(today.get(row.name, "")) or "see the values", plain(row.values)) for row in OLDER_NAMES
    ]
    return f"{about}\n\n" + table(("Older name", "Today's name", "Values"), rows)
