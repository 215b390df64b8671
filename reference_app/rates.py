"""Rates: what addresses and accounts may do in a while, counted by weight, in memory or on Redis.

``limits`` counts in sliding windows; on Redis one script decides each hit, so gateways together
admit what one would. Nothing here knows HTTP but for the three headers that tell a client how it
stands: Retry-After (RFC 9110) and RateLimit-Policy and RateLimit
(draft-ietf-httpapi-ratelimit-headers).
"""

import ipaddress
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache, partial
from typing import Final

import attrs
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import ConfigurationError as LimitsConfigurationError
from limits.errors import StorageError
from limits.storage import storage_from_string

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId
from hybrid_dex.wire import problem
from reference_app.breakers import Breaker, LeftAloneError
from reference_app.counters import Counters
from reference_app.problems import ProblemError
from reference_app.settings import LimitSettings
from reference_app.windows import WindowStorage

__all__ = ["Charge", "Limiter", "Standing", "network", "seconds_until"]

_ANSWER_S: Final = 1.0
"""How long Redis is waited for, and then left alone."""
_KEPT: Final = 4_096
"""Addresses whose reading is remembered: most requests come from few of them."""
_IPV6_PREFIX: Final = 64
"""What one subscriber gets at least (RFC 6177): single addresses of it cost nothing."""
_log: Final = logging.getLogger(__name__)


@attrs.frozen
class Policy:
    """One limit.

    Attributes:
        name: what it is called in headers.
        item: how much in which time, as the library has it.
        quota: the weight that is admitted in a window.
        window_s: how long the window is.
    """

    name: str
    item: RateLimitItem
    quota: int = attrs.field(init=False)
    window_s: int = attrs.field(init=False)

    @quota.default
    def _its_quota(self) -> int:
        return int(self.item.amount)

    @window_s.default
    def _its_window_s(self) -> int:
        return int(self.item.get_expiry())

    def __str__(self) -> str:
        """Write it as a member of RateLimit-Policy."""
        return f'"{self.name}";q={self.quota};w={self.window_s}'

    def fitted(self, weight: int) -> int:
        """Return the weight, or all there is: what weighs more would never be admitted."""
        return min(weight, self.quota)


@attrs.frozen
class Charge:
    """Who is counted under which limit.

    Attributes:
        policy: the limit.
        who: an address or an account.
        key: under which name both are counted.
    """

    policy: Policy
    who: str
    key: str


@attrs.frozen(kw_only=True)
class Standing:
    """How one who is counted stands.

    Attributes:
        name: the limit's name.
        remaining: the weight that would be admitted now.
        reset_s: in how many seconds there is more.
    """

    name: str
    remaining: int
    reset_s: int


def _charges(policy: Policy) -> Callable[[str], Charge]:
    """Return what makes the charges of a limit, and remembers them."""

    @lru_cache(_KEPT)
    def charge(who: str) -> Charge:
        return Charge(policy, who, policy.item.key_for(policy.name, who))

    return charge


@lru_cache(_KEPT)
def network(address: str) -> str:
    """Return what an address is counted as: itself, or the /64 of an IPv6 address.

    >>> network("2001:db8::1"), network("::ffff:192.0.2.1"), network("anything")
    ('2001:db8::/64', '192.0.2.1', 'unknown')
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"  # of a proxy that passes on whatever its clients say
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))


def seconds_until(
    cost: int,
    *,
    quota: int,
    window_s: int,
    counted: tuple[int, float, int, float],
) -> float:
    """Return in how many seconds ``cost`` fits into a sliding window.

    The window before this one weighs by the part of it that the last ``window_s`` seconds hold.

    Args:
        cost: at most ``quota``.
        quota: what fits.
        window_s: the window's length.
        counted: of the window before: how much, and how long it weighs yet; of this one: how much,
            and its end, as ``limits`` tells them.
    """
    before, before_s, now, now_s = counted
    room = quota - cost + 1 - now
    if room > 0:
        return max(0.0, before_s - room * window_s / before) if before else 0.0
    # Only when this window is over, and has itself lost weight.
    return now_s % window_s + max(0.0, window_s - (quota - cost + 1) * window_s / now)


class Limiter:
    """Counts what addresses and accounts do.

    While the place where all gateways count can not be reached, each counts alone, with the same
    figures: a client then has at most so many times its rate as there are gateways.

    Args:
        settings: how much is too much, and where it is counted.
        shared: where all gateways count, unless the settings name another place.
        counters: how often what was refused.
        exchange: its name; exchanges of different names may count in one place.

    Raises:
        ConfigurationError: the storage can not be used.
    """

    def __init__(
        self,
        settings: LimitSettings,
        shared: str | None = None,
        counters: Counters | None = None,
        *,
        exchange: str = "",
    ) -> None:
        address = settings.storage
        if shared is not None and address == LimitSettings().storage:
            address = shared
        self._counters = Counters() if counters is None else counters
        storage, self._own = _storage(address), WindowStorage()
        self._shared: SlidingWindowCounterRateLimiter | None = None
        if not isinstance(storage, WindowStorage):
            self._shared = SlidingWindowCounterRateLimiter(storage)
        self._breaker = Breaker(
            "rates",
            (StorageError, OSError),
            failures=1,
            open_s=_ANSWER_S,
            counters=self._counters,
        )
        a_minute = partial(RateLimitItemPerMinute, namespace=exchange)
        a_second = partial(RateLimitItemPerSecond, namespace=exchange)
        self._address = _charges(Policy("address", a_minute(settings.requests_per_minute)))
        self._account = _charges(Policy("account", a_minute(settings.account_requests_per_minute)))
        self._orders = _charges(Policy("orders", a_second(settings.orders_per_second)))

    @property
    def counts_alone(self) -> bool:
        """Whether the place where all gateways count can not be reached now."""
        return not self._breaker.is_closed

    @property
    def refusals(self) -> dict[str, int]:
        """How many were refused, by what is counted: ``address`` or ``account``."""
        counters = self._counters
        return {
            "address": counters.requests_refused,
            "account": counters.account_requests_refused + counters.orders_refused,
        }

    async def request(self, address: str, weight: int = 1) -> Charge:
        """Count what an address asks for. Raises `ProblemError` when it was too much."""
        charge = self._address(network(address))
        cost = charge.policy.fitted(weight)
        if not await self._hit(charge, cost):
            self._counters.requests_refused += 1
            raise await self._refusal(charge, cost)
        return charge

    async def account(self, account: AccountId, weight: int = 1) -> Charge:
        """Count what an account asks for. Raises `ProblemError` when it was too much."""
        charge = self._account(account)
        cost = charge.policy.fitted(weight)
        if not await self._hit(charge, cost):
            self._counters.account_requests_refused += 1
            raise await self._refusal(charge, cost)
        return charge

    async def orders(self, account: AccountId, count: int = 1) -> None:
        """Count order entry of an account. Raises `ProblemError` when there was too much."""
        charge = self._orders(account)
        if not await self._hit(charge, count):
            self._counters.orders_refused += count
            raise await self._refusal(charge, count)

    async def run(
        self, account: AccountId, sizes: Sequence[int]
    ) -> tuple[int, ProblemError | None]:
        """Count messages that arrived together; return how many of them, the first, are admitted.

        And what the others are told. A message is admitted whole, or counts for nothing.

        Args:
            account: whose they are.
            sizes: how many orders each of them brings.
        """
        charge, count = self._orders(account), sum(sizes)
        if await self._hit(charge, count):
            return len(sizes), None
        admitted, fit = _that_fit(sizes, (await self._standing(charge)).remaining)
        if not fit or not await self._hit(charge, fit):
            admitted = fit = 0
        self._counters.orders_refused += count - fit
        return admitted, await self._refusal(charge, count - fit)

    async def headers(self, charges: Sequence[Charge]) -> dict[str, str]:
        """Return the headers that tell how those who were counted stand."""
        return _headers([(charge.policy, await self._standing(charge)) for charge in charges])

    async def _hit(self, charge: Charge, cost: int) -> bool:
        """Count where all gateways count, or here while that can not be reached."""
        policy = charge.policy
        if self._shared is not None:
            try:
                async with self._breaker.passing():
                    return await self._shared.hit(policy.item, policy.name, charge.who, cost=cost)
            except LeftAloneError:
                pass
            except (StorageError, OSError) as error:
                _log.warning("rates are counted by this gateway alone: %s", error)
            self._counters.rates_counted_alone += 1
        return self._own.take(charge.key, policy.quota, policy.window_s, cost)

    async def _standing(self, charge: Charge, cost: int = 1) -> Standing:
        policy = charge.policy
        counted = await self._counted(charge)
        before, before_s, now, _ = counted
        weighed = math.floor(before * before_s / policy.window_s + now)
        remaining = max(0, policy.quota - weighed)
        wanted = cost if remaining < cost else min(policy.quota, remaining + 1)
        wait_s = seconds_until(
            wanted, quota=policy.quota, window_s=policy.window_s, counted=counted
        )
        return Standing(name=policy.name, remaining=remaining, reset_s=math.ceil(wait_s))

    async def _counted(self, charge: Charge) -> tuple[int, float, int, float]:
        """Return what the window before and this one hold, where they are counted now."""
        if self._shared is not None:
            try:
                async with self._breaker.passing():
                    return await _windows(self._shared.storage, charge)
            except (LeftAloneError, StorageError, OSError):
                pass
        return self._own.look(charge.key, charge.policy.window_s)

    async def _refusal(self, charge: Charge, cost: int) -> ProblemError:
        policy = charge.policy
        standing = await self._standing(charge, policy.fitted(cost))
        wait_s = max(1, standing.reset_s)
        detail = f"more than {policy.item}; try again in {wait_s} s"
        if cost > policy.quota:
            detail = f"{cost} at once, and {policy.item} are admitted; send fewer together"
        told = attrs.evolve(standing, remaining=0, reset_s=wait_s)
        return ProblemError(
            problem(RejectReason.RATE_LIMITED, detail),
            {"retry-after": str(wait_s)} | _headers([(policy, told)]),
        )


def _that_fit(sizes: Sequence[int], room: int) -> tuple[int, int]:
    """Return how many messages, the first, have room, and how many orders they bring."""
    fit = 0
    for count, size in enumerate(sizes):
        if fit + size > room:
            return count, fit
        fit += size
    return len(sizes), fit


def _headers(standings: Sequence[tuple[Policy, Standing]]) -> dict[str, str]:
    """Return how one stands as lists of structured fields (RFC 9651)."""
    policies = [str(policy) for policy, _ in standings]
    told = [f'"{each.name}";r={each.remaining};t={each.reset_s}' for _, each in standings]
    return {"ratelimit-policy": ", ".join(policies), "ratelimit": ", ".join(told)}


async def _windows(storage: Storage, charge: Charge) -> tuple[int, float, int, float]:
    assert hasattr(storage, "get_sliding_window"), "the strategy wanted it"
    ask: Callable[[str, int], Awaitable[tuple[int, float, int, float]]] = storage.get_sliding_window
    return await ask(charge.key, charge.policy.window_s)


def _storage(address: str) -> Storage:
    """Return a place to count in. Raises `ConfigurationError`."""
    options: dict[str, str | float | bool] = (
        {
            "implementation": "redispy",
            "wrap_exceptions": True,
            "socket_timeout": _ANSWER_S,
            "socket_connect_timeout": _ANSWER_S,
        }
        if address.startswith("async+redis")
        else {}
    )
    try:
        storage = storage_from_string(address, **options)
        if type(storage) is MemoryStorage:
            return WindowStorage()
    except (LimitsConfigurationError, ValueError) as error:
        raise ConfigurationError(f"limits.storage can not be used: {error}") from error
    if not isinstance(storage, Storage):
        raise ConfigurationError(
            f"limits.storage {address!r} would block; use async+memory:// or async+redis://host"
        )
    return storage
