"""What all methods stand on: the client behind them, opened when it is first needed; and markets."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hybrid_dex.client.api_key import ApiKey
from hybrid_dex.client.ccxt_like.arguments import Params
from hybrid_dex.client.ccxt_like.errors import (
    ArgumentsRequired,
    AuthenticationError,
    BadRequest,
    BadSymbol,
)
from hybrid_dex.client.ccxt_like.numbers import Number, exact, on_step
from hybrid_dex.client.ccxt_like.shapes import Shape, market_shape
from hybrid_dex.client.ccxt_like.terms import TRIGGERS
from hybrid_dex.client.client import ExchangeClient
from hybrid_dex.client.groups import OrderCancel
from hybrid_dex.client.options import ClientOptions
from hybrid_dex.errors import ConfigurationError, RefusedError
from hybrid_dex.model.market import Market
from hybrid_dex.signing import LocalSigner
from hybrid_dex.wire import OrderAnswer, parse_order_id

__all__ = ["Desk"]

_MS: Final = 1_000
_BATCH: Final = 100
_USUAL_TIMEOUT_MS: Final = 10_000
_IGNORED: Final = frozenset({"enableRateLimit", "newUpdates", "rateLimit", "verbose"})
"""What programs give to ccxt as a habit and changes nothing here."""
_CONFIGURATION: Final = (
    frozenset({"url", "urls", "privateKey", "walletAddress", "apiKey", "secret", "options"})
    | {"timeout"}
    | _IGNORED
)


class Desk:
    """A client, opened lazily, and the markets that it has read.

    Args:
        config: see `HybridDex`.
        client: an opened one to use in place of one of its own.

    Raises:
        ArgumentsRequired: there is no address.
        BadRequest: the dictionary holds what nobody reads, or what can not be.
        AuthenticationError: a key is none, or the wallet's address is not its.
    """

    def __init__(self, config: Mapping[str, Any], client: ExchangeClient | None) -> None:
        unknown = sorted(config.keys() - _CONFIGURATION)
        if unknown:
            known = ", ".join(sorted(_CONFIGURATION))
            raise BadRequest(f"nothing reads {unknown[0]}; known: {known}")
        self.options: dict[str, Any] = {"toPrecision": False} | dict(config.get("options") or {})
        self.markets: dict[str, Shape] | None = None
        self._lent = client is not None
        self._signs = self._lent or bool(config.get("privateKey"))
        self._reads = self._signs or bool(config.get("apiKey"))
        self._opened = self._lent
        self._opening = asyncio.Lock()
        self._config = dict(config)
        self.client = client or _client(config)

    async def load(self, *, again: bool = False) -> dict[str, Shape]:
        """Return all markets by symbol, read now if they were not, or ``again``.

        A client that could not be opened, or was closed, is of no more use: the next call has another.
        """
        async with self._opening:
            if not self._opened:
                try:
                    await self.client.__aenter__()
                except BaseException:
                    self.client = _client(self._config)
                    raise
                self._opened = True
            if self.markets is None or again:
                if again:
                    await self.client.read_markets()
                states = {one.market: one for one in (await self.client.status()).markets}
                shapes = [market_shape(one, states.get(one.id)) for one in self.client.markets()]
                self.markets = {shape["symbol"]: shape for shape in shapes}
        return self.markets

    async def reads(self) -> None:
        """Be ready to ask about the account. Raises `AuthenticationError`."""
        if not self._reads:
            raise AuthenticationError(
                "this needs an account: give privateKey, or apiKey and secret"
            )
        await self.load()

    async def signs(self) -> None:
        """Be ready to sign for the account. Raises `AuthenticationError`."""
        if not self._signs:
            raise AuthenticationError("this needs the account's own key: give privateKey")
        await self.load()

    async def cancel(self, ids: Sequence[str]) -> list[OrderAnswer | RefusedError]:
        """Cancel orders by their ids: a hundred in one go, or each by itself with an API key alone.

        Raises:
            FormatError: one of them is no id; nothing was sent.
        """
        for one in ids:
            parse_order_id(one, "ids")
        answers: list[OrderAnswer | RefusedError] = []
        if self._signs:
            for first in range(0, len(ids), _BATCH):
                some = [OrderCancel(order_id=one) for one in ids[first : first + _BATCH]]
                answers += await self.client.batch(some)
            return answers
        for one in ids:
            try:
                answers.append(await self.client.cancel(one))
            except RefusedError as error:
                answers.append(error)
        return answers

    async def market(self, symbol: str) -> Market:
        """Return a market by symbol or id. Raises `BadSymbol`."""
        await self.load()
        return self.client.market(self.shape(symbol)["id"])

    def shape(self, symbol: str) -> Shape:
        """Return a loaded market by symbol or id. Raises `BadSymbol`."""
        for known, shape in (self.markets or {}).items():
            if symbol in {known, shape["id"]}:
                return shape
        known_ones = ", ".join(self.markets or ()) or "none; load_markets first"
        raise BadSymbol(f"there is no market {symbol}; known: {known_ones}")

    def currencies(self) -> dict[str, Shape]:
        """Return the assets of the loaded markets."""
        markets = self.client.markets() if self.markets else ()
        assets = {asset.id: asset for one in markets for asset in (one.base, one.quote)}
        return {
            name: {
                "id": name,
                "code": name,
                "precision": 10.0**-asset.decimals,
                "info": {"decimals": asset.decimals, "token": asset.token},
            }
            for name, asset in assets.items()
        }

    def on_lot(self, symbol: str, amount: Number) -> str:
        """Return an amount cut to a market's lot. Raises `InvalidOrder`, `BadSymbol`."""
        return on_step("amount", amount, self.shape(symbol)["info"]["lot"], down=True)

    def on_tick(self, symbol: str, price: Number) -> str:
        """Return a price rounded to a market's tick. Raises `InvalidOrder`, `BadSymbol`."""
        return on_step("price", price, self.shape(symbol)["info"]["tick"], down=False)

    def amount(self, market: Market, amount: Number) -> str:
        """Return an order's amount as text, cut to the lot when the options say so."""
        cut = self.options["toPrecision"]
        return self.on_lot(market.id, amount) if cut else exact("amount", amount)

    def price(self, market: Market, price: Number) -> str:
        """Return an order's price as text, rounded to the tick when the options say so."""
        rounded = self.options["toPrecision"]
        return self.on_tick(market.id, price) if rounded else exact("price", price)

    def params(self, market: Market, params: Params) -> dict[str, Any]:
        """Return an order's parameters, what is a price or amount in them on the market's steps alike."""
        said = {name: value for name, value in (params or {}).items() if value is not None}
        if self.options["toPrecision"]:
            for name in said.keys() & set(TRIGGERS):
                said[name] = self.on_tick(market.id, said[name])
            if "icebergAmount" in said:
                said["icebergAmount"] = self.on_lot(market.id, said["icebergAmount"])
        return said

    async def close(self) -> None:
        """Close the client, unless it was lent; what is asked for later opens another."""
        if self._lent:
            return
        async with self._opening:
            closed, self.client, self._opened = self.client, _client(self._config), False
            await closed.close()


def _client(config: Mapping[str, Any]) -> ExchangeClient:
    urls = config.get("urls") or {}
    url = config.get("url") or (urls.get("api") if isinstance(urls, Mapping) else None)
    if url is None:
        raise ArgumentsRequired("the exchange's address is missing: {'url': 'https://...'}")
    signer, key = _keys(config)
    timeout_ms = config.get("timeout", _USUAL_TIMEOUT_MS)
    if isinstance(timeout_ms, bool) or not isinstance(timeout_ms, int | float) or timeout_ms <= 0:
        raise BadRequest(f"timeout is {timeout_ms!r}; valid: milliseconds, more than 0")
    options = ClientOptions(timeout_s=timeout_ms / _MS)
    try:
        return ExchangeClient(str(url), signer=signer, key=key, options=options)
    except ConfigurationError as error:
        raise BadRequest(str(error)) from error


def _keys(config: Mapping[str, Any]) -> tuple[LocalSigner | None, ApiKey | None]:
    """Return what signs orders and what signs requests, as far as they are there."""
    key, secret = config.get("apiKey"), config.get("secret")
    if key and not secret:
        raise ArgumentsRequired("apiKey needs its secret beside it")
    try:
        signer = LocalSigner(config["privateKey"]) if config.get("privateKey") else None
        keyed = ApiKey(id=key, secret=secret) if key and secret else None
    except ConfigurationError as error:
        raise AuthenticationError(str(error)) from error
    wallet = config.get("walletAddress")
    if signer is not None and wallet and str(wallet).lower() != signer.address.lower():
        raise AuthenticationError(f"privateKey is {signer.address}'s, not {wallet}'s")
    return signer, keyed
