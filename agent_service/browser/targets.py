"""Decides which addresses the browsers may connect to: public ones, and those that a setting or the service adds."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from agent_service.browser.names import LookUp, look_up

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Endpoint = tuple[str, int]

_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
# Networks that `is_global` leaves open, some only in older Pythons. The last one, Azure's platform, looks public.
_CLOSED = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20", "168.63.129.16/32")))


@dataclass(frozen=True)
class Targets:
    """The rule for one service; `places` maps the host and port in a page's address to the service's own listeners."""

    allowed: tuple[Network, ...] = ()
    places: Mapping[Endpoint, Endpoint] = field(default_factory=dict)
    closed_ports: frozenset[int] = frozenset()
    """Ports of this machine that stay closed even in an allowed network, such as the service's own."""
    look_up: LookUp = look_up

    def allows(self, host: str, port: int) -> bool:
        """Whether a connection to this numeric address may be made."""
        address = _meant(ip_address(host))
        if any(address in network for network in self.allowed):
            return not (port in self.closed_ports and _is_of_this_machine(address))
        return _is_public(address) and not _is_of_this_machine(address)


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to, if it does; otherwise the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _CLOSED)


def _is_of_this_machine(address: Address) -> bool:
    """Whether the address is this machine's own; such connections bypass a firewall around it."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
