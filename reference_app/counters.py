"""Counters: how often a limit was met, as plain integers that a page of metrics can read.

Nothing is decided by them, and they begin at 0 with the process.
"""

import attrs

__all__ = ["Counters"]


@attrs.define(kw_only=True)
class Counters:
    """What was refused, cut off or left alone since the process began.

    Attributes:
        requests_refused: requests and handshakes of an address with too many (429).
        account_requests_refused: requests and messages of an account with too many.
        orders_refused: order entry of an account with too much.
        rates_counted_alone: hits that this gateway counted for itself, since Redis was away.
        connections_refused: connections over ``server.connections``, closed at once.
        connections_refused_by_address: those over ``server.connections_per_address``.
        connections_timed_out: connections that did not finish a request, or did not read an answer,
            in time.
        requests_unreadable: bytes that were no request, and heads that were too long.
        sockets_refused: handshakes over ``limits.connections`` or its figure for an address.
        books_conflated: times that a slow reader's deltas were replaced by one snapshot.
        sockets_too_slow: sockets closed with 4008, since their reader did not read.
        breakers_opened: times that an outside service was left alone after failures.
        calls_left_out: calls to such a service that were refused meanwhile.
    """

    requests_refused: int = 0
    account_requests_refused: int = 0
    orders_refused: int = 0
    rates_counted_alone: int = 0
    connections_refused: int = 0
    connections_refused_by_address: int = 0
    connections_timed_out: int = 0
    requests_unreadable: int = 0
    sockets_refused: int = 0
    books_conflated: int = 0
    sockets_too_slow: int = 0
    breakers_opened: int = 0
    calls_left_out: int = 0
