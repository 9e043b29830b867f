"""Which host names are ours and which pages may use a cookie session.

Nothing here knows tokens or routes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

_FORWARDING: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
_OWN_SITES: Final = ("same-origin", "none")
_DEFAULT_PORTS: Final = (80, 443)


@dataclass(frozen=True, slots=True)
class Origins:
    """Hosts as they may stand in a Host header, and origins besides those of the hosts themselves."""

    hosts: frozenset[str]
    origins: frozenset[str]

    @classmethod
    def of(cls, page_url: str, port: int, hosts: Iterable[str], origins: Iterable[str]) -> "Origins":
        """From the page's address, the port that is served, and names with or without a port."""
        page = urlsplit(page_url)
        scheme = page.scheme or "http"
        allowed: set[str] = set()
        for name in (page.netloc, *hosts):
            allowed |= _spellings(name.strip().lower(), port)
        own = {f"{scheme}://{host}" for host in allowed}
        return cls(frozenset(allowed), frozenset(own | {origin.rstrip("/").lower() for origin in origins}))

    def demand_host(self, headers: Headers) -> None:
        """Refuses a request under a foreign or doubled host name."""
        sent = headers.getlist("host")
        if len(sent) != 1 or sent[0].lower() not in self.hosts:
            raise SomaError(Reason.ORIGIN_NOT_ALLOWED, {"origin": f"the host {_shown(sent)}"})

    def demand_own(self, headers: Headers) -> None:
        """Refuses a request that a browser did not send from one of our own pages."""
        sent = headers.getlist("origin")
        if len(sent) != 1 or sent[0].lower() not in self.origins:
            raise SomaError(Reason.ORIGIN_NOT_ALLOWED, {"origin": _shown(sent)})

    def is_own_browser(self, headers: Headers, client_host: str | None) -> bool:
        """Whether a browser on this machine opens our page itself, without anything between."""
        if client_host is None or not _is_loopback(client_host) or any(name in headers for name in _FORWARDING):
            return False
        if headers.get("sec-fetch-site", "none") not in _OWN_SITES:
            return False
        return "origin" not in headers or headers["origin"].lower() in self.origins


def _spellings(name: str, port: int) -> set[str]:
    """With a port just that; without one our own, and none where a proxy or a default port leaves it out."""
    if not name or urlsplit(f"//{name}").port is not None:
        return {name} - {""}
    bare = port in _DEFAULT_PORTS or ("." in name and not _is_address(name))
    return {f"{name}:{port}"} | ({name} if bare else set())


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(values: list[str]) -> str:
    return "no named origin" if not values else ", ".join(values)[:100]
