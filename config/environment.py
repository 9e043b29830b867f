"""The environment itself: read once here, and made for the processes that we start.

Nothing here knows what a setting means.
"""

import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

# What a child needs of the machine, besides its settings.
_PASSED: Final = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "PATH",
    "TMPDIR",
    "TZ",
    "USER",
    "LOGNAME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
_PASSED_PROXIES: Final = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
# Set before any library is loaded: none reads a file of variables by itself, and litellm asks nobody at its import.
_LIBRARIES: Final = {
    "PYTHON_DOTENV_DISABLED": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
}
# Matrices are small and processes many: threads that wait for one another inside a product cost more than they bring.
_FIXED: Final = {**_LIBRARIES, "PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"}


def read_environment() -> dict[str, str]:
    """A copy of the environment without what is empty: an empty variable is one that is not set."""
    return {name: value.strip() for name, value in os.environ.items() if value.strip()}


def quiet_libraries() -> None:
    """Set, in this process, what keeps libraries from reading and asking on their own; before they are imported."""
    os.environ.update(_LIBRARIES)


def machine_environment() -> dict[str, str]:
    """What every process we start gets, whatever its settings."""
    kept = {name: os.environ[name] for name in (*_PASSED, *_PASSED_PROXIES) if name in os.environ}
    return {**kept, **_FIXED}


def machine_name() -> str:
    """A short name for this machine or pod: the same after every start, another one elsewhere; it tells nothing."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def user_data_folder(environment: Mapping[str, str]) -> Path:
    """Where this account keeps the data of programs: /var/lib for root, else as the XDG rules say."""
    if os.geteuid() == 0:
        return Path("/var/lib")
    if "XDG_DATA_HOME" in environment:
        return Path(environment["XDG_DATA_HOME"])
    return Path.home() / ".local" / "share"


def servers_folder() -> Path:
    """Where `make servers` keeps the servers of others that it brought."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "somastack" / "servers"


def short_folder(digest: str) -> Path:
    """A folder with a short path, for sockets whose own folder lies too deep."""
    return Path("/tmp") / f"somastack-{os.geteuid()}-{digest}"  # noqa: S108 - made 0700, its owner is checked


def checkout() -> Path:
    """The folder of the project that this process runs from."""
    return Path(__file__).resolve().parent.parent


def interpreter() -> str:
    """The Python that runs us, and so has what our processes need."""
    return sys.executable
