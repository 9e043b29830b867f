"""The port through which secrets are kept and read, and the form of their names.

Nothing here knows where they are kept or what they open.
"""

import re
from typing import Final, Protocol

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}(?:/[a-z0-9][a-z0-9._-]{0,127}){0,4}")
_RETRY_SECONDS: Final = 2.0


class Secrets(Protocol):
    """Keeps small texts that nobody but their user may see.

    A name is one to five words of lower-case letters, digits, points, dashes and underscores, joined by slashes
    (`openai`, `<tenant>/<profile>/<key>`). Every method raises ValueError for another name, and
    SomaError(SECRETS_UNAVAILABLE) when the store does not answer or refuses; no error has a secret in it.
    """

    async def read(self, name: str) -> str | None:
        """The secret, or None when there is none of this name."""
        ...

    async def write(self, name: str, value: str) -> None:
        """Keep a secret, in place of the one there was; it is durable when this returns."""
        ...

    async def delete(self, name: str) -> None:
        """Forget a secret, its earlier values too; harmless when there is none."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


def is_secret_name(name: str) -> bool:
    """Whether a text can be the name of a secret."""
    return _NAME.fullmatch(name) is not None


def checked(name: str) -> str:
    """The name. Raises ValueError when it is none."""
    if not is_secret_name(name):
        raise ValueError("this is no name of a secret")
    return name


def secrets_unavailable(store: str, problem: str) -> SomaError:
    """The error for a store that cannot be used; `problem` is a phrase for a person, without paths and secrets."""
    metadata = {"store": store, "problem": problem}
    return SomaError(Reason.SECRETS_UNAVAILABLE, metadata, retry_after_seconds=_RETRY_SECONDS)
