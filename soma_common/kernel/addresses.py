"""Which addresses a server may call on somebody's behalf: rules over URLs and numbers, without a look-up.

Nothing here resolves a name or opens a connection.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

# Where clouds answer questions about a machine and its credentials; most others of them are link-local.
_METADATA: Final = frozenset(map(ip_address, ("100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")))
_CARRIER: Final = ip_network("100.64.0.0/10")
_NAT64: Final = IPv6Network("64:ff9b::/96")
# A last label of digits is a number in disguise: resolvers read 2852039166 and 0xa9fea9fe as addresses.
_NUMBER_LIKE: Final = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What an installation allows: whether private addresses may be called, and the hosts that may be at one anyway."""

    private_allowed: bool
    private_hosts: frozenset[str] = frozenset()

    def url_problem(self, url: str) -> str | None:
        """What is wrong with calling this URL, as far as its text tells; None when nothing is."""
        return url_problem(url, private_allowed=self.private_allowed or _host_of(url) in self.private_hosts)

    def number_problem(self, host: str, number: str) -> str | None:
        """What is wrong with an IP address to which this host leads."""
        return number_problem(number, private_allowed=self.private_allowed or host.lower() in self.private_hosts)


def url_problem(url: str, *, private_allowed: bool) -> str | None:
    """What is wrong with calling this URL, as far as its text tells; None when nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it is not an http or https address"
    if parts.scheme not in ("http", "https") or not host:
        return "it is not an http or https address"
    if parts.username or parts.password:
        return "it carries a login; a key is given apart from it"
    if parts.query or parts.fragment:
        return "it carries more than a path"
    return host_problem(host, private_allowed=private_allowed)


def host_problem(host: str, *, private_allowed: bool) -> str | None:
    """What is wrong with a host, if it is a number; the numbers behind a name are judged when it is resolved."""
    try:
        ip_address(host)
    except ValueError:
        return "its host is a number in an unusual form" if _NUMBER_LIKE.fullmatch(host) else None
    return number_problem(host, private_allowed=private_allowed)


def number_problem(number: str, *, private_allowed: bool) -> str | None:
    """What is wrong with an IP address. Raises ValueError for what is none."""
    found = _real(ip_address(number))
    if found.is_link_local:
        return "it leads to a link-local address"
    if found in _METADATA:
        return "it leads to an address of a cloud's metadata"
    if found.is_multicast or found.is_unspecified:
        return "it leads to an address where nothing is served"
    shared = isinstance(found, IPv4Address) and found in _CARRIER
    if (found.is_private or shared) and not private_allowed:
        return "it leads to a private address"
    if found.is_reserved and not found.is_private:
        return "it leads to a reserved address"
    return None


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _real(number: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address that is meant where one stands inside another."""
    if isinstance(number, IPv4Address):
        return number
    if number in _NAT64:
        return IPv4Address(int(number) & 0xFFFFFFFF)
    return number.ipv4_mapped or number.sixtofour or number
