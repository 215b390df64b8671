"""Doors: which connections are let in, in all and of one address, before a byte of them is read.

Connections of the trusted proxies are counted in all only: behind them everybody has one address.
"""

import ipaddress
from collections import Counter
from collections.abc import Sequence

import attrs

from reference_app.counters import Counters
from reference_app.rates import network

__all__ = ["Doors"]


@attrs.define(kw_only=True)
class Doors:
    """Counts open connections, sockets included.

    Attributes:
        seconds: how long a connection may take to send a request, or not read its answer.
        most: open connections in all.
        most_of_address: open connections of one address, or of one /64 of IPv6.
        proxies: addresses and networks that this last figure is not for.
        counters: how many were refused.
        open: open connections.
    """

    seconds: float
    most: int
    most_of_address: int
    proxies: Sequence[str] = ()
    counters: Counters = attrs.field(factory=Counters)
    open: int = attrs.field(init=False, default=0)
    _of: Counter[str] = attrs.field(init=False, factory=Counter)

    def enter(self, host: str) -> bool:
        """Count a connection that was opened; return whether it may stay. If not, do not `leave`."""
        counted = network(host)
        if self.open >= self.most:
            self.counters.connections_refused += 1
            return False
        if self._of[counted] >= self.most_of_address and not self._is_proxy(host):
            self.counters.connections_refused_by_address += 1
            return False
        self._of[counted] += 1
        self.open += 1
        return True

    def leave(self, host: str) -> None:
        """Count a connection no longer."""
        counted = network(host)
        self.open -= 1
        self._of[counted] -= 1
        if not self._of[counted]:
            del self._of[counted]

    def _is_proxy(self, host: str) -> bool:
        if not self.proxies:
            return False
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in ipaddress.ip_network(proxy) for proxy in self.proxies)
