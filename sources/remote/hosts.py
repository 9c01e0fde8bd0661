"""Which machines a connection may go to: those of the public net, and those that the user named.

An address or a redirect is somebody else's text. It must not lead into the network of whoever scans: neither to
private or local addresses nor to the services that clouds run at well-known ones. What is checked is the number that
a connection is then made to, so that a name cannot mean one machine while it is looked at and another one later.
"""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from modelaudit.sources.errors import MISSING, REFUSED, SourceError
from modelaudit.sources.remote.service import Transient
from modelaudit.sources.remote.waiting import left_alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Address = IPv4Address | IPv6Address
    Target = tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]

TRIED = 4  # numbers of one name that are connected to in turn
# RFC 6052, 3056, 4291: an IPv4 address stands at this byte.
WRAPPED = (
    (ip_network("64:ff9b::/96"), 12),
    (ip_network("2002::/16"), 2),
    (ip_network("::/96"), 12),
)
# Services for virtual machines: Azure's stands at a public address, Alibaba's among those shared by carriers.
METADATA = frozenset({ip_address("168.63.129.16"), ip_address("100.100.100.200"), ip_address("fd00:ec2::254")})
# RFC 6890 and 8215: for protocols and translators of a local network; older Pythons take them for public.
NOT_PUBLIC = (ip_network("192.0.0.0/24"), ip_network("64:ff9b:1::/48"))
LOCAL = "localhost"
SHORT = re.compile(r"[0-9a-fx.]+", re.ASCII)  # an IPv4 address as look-ups let it be written too: 127.1, 0x7f000001


class Guard:
    """What a location may connect to. `named` are the hosts in the address that the user gave.

    A named host may stand in a private network; it stays at the numbers that it had when it was first looked up,
    or moves to public ones. Only a number in the address itself leads to link-local machines.
    """

    def __init__(self, named: Iterable[str]) -> None:
        self._named = {bare(host) for host in named}
        self._first: dict[str, frozenset[str]] = {}

    def targets(self, host: str, port: int, shown: str) -> list[Target]:
        """The numbers of a host that may be connected to; `SourceError` when there are none."""
        host = bare(host)
        found = _looked_up(host, port, shown)
        numbers = {str(where[0]) for _, where in found}
        first = self._first.setdefault(host, frozenset(numbers)) if host in self._named else frozenset[str]()
        allowed = [(family, where) for family, where in found if self._allows(host, str(where[0]), first)]
        if not allowed:
            raise SourceError(REFUSED, f"{host} is at {min(numbers)}, {_kind(min(numbers))}: {_WHY}", shown)
        return allowed[:TRIED]

    def check_unresolved(self, host: str, shown: str) -> None:
        """Refuse what can be told without a look-up, where a proxy makes it."""
        host = bare(host)
        if host in self._named:
            return
        number = _number(host)
        if host == LOCAL or host.endswith(f".{LOCAL}") or (number is not None and not public(number)):
            raise SourceError(REFUSED, f"{host} is an address of a local network: {_WHY}", shown)

    def _allows(self, host: str, text: str, first: frozenset[str]) -> bool:
        number = ip_address(text.partition("%")[0])
        if public(number):
            return True
        if text not in first:
            return False
        return _number(host) is not None or not (_plain(number).is_link_local or number in METADATA)


_WHY = "only an address that names this very host is followed there"


def bare(host: str) -> str:
    """A host as it is compared: lower case, without brackets and the dot at the end."""
    return host.strip("[]").rstrip(".").lower()


def public(number: Address) -> bool:
    """Whether an address stands in the public net and belongs to no service of a cloud for its machines."""
    plain = _plain(number)
    if plain in METADATA or plain.is_multicast or plain.is_reserved or not plain.is_global:
        return False
    if isinstance(plain, IPv6Address) and plain.is_site_local:
        return False
    return not any(plain in network for network in NOT_PUBLIC)


def loopback(host: str) -> bool:
    """Whether a host is this machine by its very name."""
    host = bare(host)
    number = _number(host)
    return host == LOCAL or host.endswith(f".{LOCAL}") or (number is not None and _plain(number).is_loopback)


def _plain(number: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(number, IPv4Address):
        return number
    if number.ipv4_mapped is not None:
        return number.ipv4_mapped
    if number.teredo is not None:
        return number.teredo[1]
    for network, at in WRAPPED:
        if number in network and int(number) > 1:
            return IPv4Address(number.packed[at : at + 4])
    return number


def _kind(text: str) -> str:
    number = _plain(ip_address(text.partition("%")[0]))
    kinds = (
        (number in METADATA, "a service of the cloud for its machines"),
        (number.is_loopback, "this machine"),
        (number.is_link_local, "a link-local address"),
        (number.is_multicast, "a multicast address"),
        (number.is_private, "a private address"),
    )
    return next((words for holds, words in kinds if holds), "no address of the public net")


def _number(host: str) -> Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host)) if SHORT.fullmatch(host) else None
    except OSError:
        return None


def _looked_up(host: str, port: int, shown: str) -> list[Target]:
    try:
        found = left_alone(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise Transient(f"the name {host} cannot be looked up at the moment") from None
        raise SourceError(MISSING, f"no host has the name {host}", shown) from None
    except (UnicodeError, ValueError):
        raise SourceError(MISSING, f"{host!r} is no name of a host", shown) from None
    return [(family, tuple(where)) for family, _, _, _, where in found]
