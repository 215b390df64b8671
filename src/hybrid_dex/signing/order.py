"""The EIP-712 digest of an order: what a trader signs and the contract recomputes.

The digest is the order's hash everywhere: on the wire, in the journal and as the order's key on
chain. It is packed by hand, one ``struct`` call, because a server computes it for every order that
arrives; `typed_data` gives wallets the same order as a document, and the vector tests hold both
to an independent implementation.

What a wallet shows are atoms and token addresses, not ticks and lots: ``baseAmount`` is
``quantity * lot_size`` and ``quoteAmount`` is ``price * quantity * tick_size``, the limit. The
contract recomputes both, and the tokens, from the market's fixed parameters.

Nothing here decides who signed an order or whether it is acceptable: expiry, nonce and fees are
others' to check.
"""

import functools
import struct
from collections.abc import Iterable
from typing import Final

from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing.address import checksum_address, parse_address
from hybrid_dex.signing.domain import Domain
from hybrid_dex.signing.keccak import keccak256

__all__ = [
    "EMPTY_ORDER_HASH",
    "ORDER_FIELDS",
    "ORDER_TYPE",
    "ORDER_TYPE_HASH",
    "order_digest",
    "order_message",
    "order_struct_hash",
    "order_struct_hashes",
    "typed_data",
]

ORDER_FIELDS: Final = (
    ("trader", "address"),
    ("market", "uint32"),
    ("baseToken", "address"),
    ("quoteToken", "address"),
    ("side", "uint8"),
    ("flags", "uint8"),
    ("baseAmount", "uint128"),
    ("quoteAmount", "uint128"),
    ("maxFeePpm", "uint16"),
    ("expiry", "uint40"),
    ("nonce", "uint64"),
)
"""Name and type of each signed field, in the order that is hashed."""

ORDER_TYPE: Final = "Order(" + ",".join(f"{kind} {name}" for name, kind in ORDER_FIELDS) + ")"
"""The struct as EIP-712 writes it (``encodeType``)."""
ORDER_TYPE_HASH: Final = keccak256(ORDER_TYPE.encode("ascii"))
EMPTY_ORDER_HASH: Final = keccak256(ORDER_TYPE_HASH + bytes(32 * len(ORDER_FIELDS)))
"""The struct hash of the all-zero order: what fills the unused leaves of a bulk tree."""

# Each field right-aligned in a 32-byte word, big endian: x is a byte of padding. The first words are
# the same for all orders of a trader in a market, so they are kept.
_FIRST_WORDS: Final = struct.Struct(">32s 12x20s 28xI 12x20s 12x20s")
_OTHER_WORDS: Final = struct.Struct(">31xB 31xB 16x16s 16x16s 30xH 24xQ 24xQ")
_MAX_EXPIRY: Final = 2**40 - 1
_MAX_AMOUNT: Final = 2**128 - 1


def order_struct_hash(order: SignedOrder) -> bytes:
    """Return EIP-712 ``hashStruct`` of an order; its signature takes no part.

    Raises:
        SignatureError: a field does not fit its signed type, or the trader is not an EIP-55 address.
        ConfigurationError: the market has no tokens, so it can not be settled on chain.
    """
    return keccak256(_shared_words(order.trader, order.market) + _own_words(order, order.market))


def order_struct_hashes(orders: Iterable[SignedOrder]) -> list[bytes]:
    """Return the hash of each order: what they share of trader and market is looked up once.

    Raises: as `order_struct_hash`, for the first that is at fault.
    """
    trader, market, shared = AccountId(""), None, b""
    hashes: list[bytes] = []
    for order in orders:
        if market is None or order.market is not market or order.trader != trader:
            trader, market = order.trader, order.market
            shared = _shared_words(trader, market)
        hashes.append(keccak256(shared + _own_words(order, market)))
    return hashes


def _shared_words(trader: AccountId, market: Market) -> bytes:
    base, quote = market.base.token, market.quote.token
    if base is None or quote is None:
        raise _without_token(market.base if base is None else market.quote)
    return _first_words(trader, market.number, base, quote)


def _own_words(order: SignedOrder, market: Market) -> bytes:
    quantity, expiry, nonce = order.quantity, order.expiry_s, order.nonce
    try:
        if not 0 <= expiry <= _MAX_EXPIRY:
            raise _out_of_range(order)
        return _OTHER_WORDS.pack(
            order.side,
            order.flags,
            (quantity * market.lot_size).to_bytes(16, "big"),
            (order.price * quantity * market.tick_size).to_bytes(16, "big"),
            order.max_fee_ppm,
            expiry,
            nonce.counter << 24 | nonce.revision << 16 | nonce.lane,
        )
    except (struct.error, OverflowError) as error:
        raise _out_of_range(order) from error


@functools.lru_cache(maxsize=16_384)
def _first_words(trader: str, market: int, base: str, quote: str) -> bytes:
    return _FIRST_WORDS.pack(
        ORDER_TYPE_HASH,
        parse_address(trader, "trader"),
        market,
        parse_address(base, "token"),
        parse_address(quote, "token"),
    )


def order_digest(order: SignedOrder, domain: Domain) -> bytes:
    """Return the 32 bytes that a trader signs: the order's hash.

    Raises:
        SignatureError, ConfigurationError: as `order_struct_hash`.
    """
    return domain.digest(order_struct_hash(order))


def order_message(order: SignedOrder) -> dict[str, object]:
    """Return the order as the ``message`` of a typed-data document.

    Integers that may exceed 2**53 are decimal text, as JavaScript wallets need them.

    Raises:
        SignatureError, ConfigurationError: as `order_struct_hash`.
    """
    order_struct_hash(order)  # refuses what does not fit before a wallet shows it
    market = order.market
    return {
        "trader": order.trader,
        "market": market.number,
        "baseToken": checksum_address(_token(market.base)),
        "quoteToken": checksum_address(_token(market.quote)),
        "side": int(order.side),
        "flags": order.flags,
        "baseAmount": str(market.base_amount(order.quantity)),
        "quoteAmount": str(market.notional(order.price, order.quantity)),
        "maxFeePpm": int(order.max_fee_ppm),
        "expiry": order.expiry_s,
        "nonce": str(order.nonce.packed),
    }


def typed_data(order: SignedOrder, domain: Domain) -> dict[str, object]:
    """Return the EIP-712 document of an order, ready for ``eth_signTypedData_v4`` as JSON.

    Raises:
        SignatureError, ConfigurationError: as `order_struct_hash`.
    """
    return domain.typed_data("Order", {"Order": ORDER_FIELDS}, order_message(order))


def _token(asset: Asset) -> bytes:
    if asset.token is None:
        raise _without_token(asset)
    return parse_address(asset.token, "token")


def _without_token(asset: Asset) -> ConfigurationError:
    return ConfigurationError(
        f"asset {asset.id} has no token address, so its orders can not be signed; set Asset.token"
    )


def _out_of_range(order: SignedOrder) -> SignatureError:
    """Name the first field that does not fit its signed type."""
    market = order.market
    bounds = (
        ("quantity", market.base_amount(order.quantity), _MAX_AMOUNT),
        ("price", market.notional(order.price, order.quantity), _MAX_AMOUNT),
        ("max_fee_ppm", order.max_fee_ppm, 2**16 - 1),
    )
    for field, value, limit in bounds:
        if not 0 <= value <= limit:
            return SignatureError(field, f"{value} does not fit the signed field", f"0 to {limit}")
    return SignatureError(
        "expiry", f"{order.expiry_s} does not fit the signed field", f"0 to {_MAX_EXPIRY}"
    )
