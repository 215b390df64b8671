"""What a trader signs, and the order as it arrives with its signature.

The signed terms are those of the settlement contract's ``Order`` struct; `hybrid_dex.signing`
computes their digest. What the engine alone enforces (self-trade mode, the trader's own id)
travels beside them and is not covered by the signature.
"""

import enum
from typing import Final

import msgspec

from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.units import AccountId, Amount, ClientOrderId, FeePpm, Price, Quantity

__all__ = [
    "MAX_BULK_HEIGHT",
    "MAX_LIFETIME_S",
    "Authorization",
    "Nonce",
    "SignatureKind",
    "SignedOrder",
    "order_flags",
]

MAX_LIFETIME_S: Final = 30 * 24 * 60 * 60
"""How far ahead a signed expiry may lie."""
MAX_BULK_HEIGHT: Final = 3
"""One bulk signature covers at most ``2 ** MAX_BULK_HEIGHT`` orders."""


class SignatureKind(enum.IntEnum):
    """How an order was signed: the signature kind of the contract's order word.

    The kind is always said, never guessed from the code at an address: an account may get code
    between its signature and the settlement (EIP-7702).
    """

    WALLET = 0
    """ECDSA by the trader itself, whatever code its account has."""
    SESSION = 1
    """ECDSA over the same digest by a session key that the trader granted on chain."""
    BULK = 2
    """ECDSA by the trader over a tree of up to eight orders; this order is one of its leaves."""
    APPROVED = 3
    """No signature: the order's hash was approved on chain, as contract wallets do."""


_TIME_FLAGS: Final = (0, 0, 0, 2, 4)
"""The signed flag of each time in force by its number: none, GTC, GTD, IOC, FOK. A table, because
it is computed for every order that arrives."""


class Nonce(msgspec.Struct, frozen=True, gc=False):
    """counter u40 | revision u8 | lane u16, as in the signed order.

    A lane is a register: a higher counter starts a new order in it, the same counter with a higher
    revision replaces the order and keeps its filled amount, anything lower is dead.

    Raises:
        ValueError: a part does not fit.
    """

    counter: int
    revision: int = 0
    lane: int = 0

    def __post_init__(self) -> None:
        if not (
            0 <= self.counter < 1 << 40 and 0 <= self.revision < 1 << 8 and 0 <= self.lane < 1 << 16
        ):
            message = f"a nonce's parts must be a counter u40, revision u8 and lane u16, not {self}"
            raise ValueError(message)

    @property
    def packed(self) -> int:
        """The u64 that is signed."""
        return self.counter << 24 | self.revision << 16 | self.lane

    @property
    def key(self) -> int:
        """Counter and revision, the u48 that a lane stores and compares."""
        return self.counter << 8 | self.revision

    @classmethod
    def unpack(cls, packed: int) -> "Nonce":
        """Return the nonce in a signed u64."""
        return cls(packed >> 24, packed >> 16 & 0xFF, packed & 0xFFFF)


class Authorization(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A verified signature over an order's terms, as the settlement contract will check it.

    Attributes:
        signer: checksummed address that signed: the trader, or a session key acting for it.
        kind: a `SignatureKind`, the signature kind of the contract's order word.
        max_fee_ppm: the largest fee rate the trader signed.
        expiry_s: Unix seconds from which the order no longer matches.
        nonce: the packed u64, see `Nonce`.
        order_hash: the EIP-712 digest, 32 bytes.
        signature: 64 bytes, r and vs (EIP-2098); of a bulk order, over the tree's root; of an
            approved order, none.
        proof: of a bulk order, the sibling at each level of the tree, 32 bytes each, leaf first.
        leaf: of a bulk order, its place in the tree, from 0.
    """

    signer: str
    kind: int
    max_fee_ppm: int
    expiry_s: int
    nonce: int
    order_hash: bytes
    signature: bytes
    proof: tuple[bytes, ...] = ()
    leaf: int = 0


class SignedOrder(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order as its trader signed and sent it, decoded but not yet verified.

    Other terms are another order: ``msgspec.structs.replace(order, price=...)``.

    Attributes:
        trader: the account whose funds trade.
        market: the market, which fixes what ticks and lots are worth.
        side: buy or sell.
        order_type: limit, or market (signed as IOC with `price` as the protection price), at once
            or once a trigger is reached.
        time_in_force: GTC, IOC or FOK; the signed expiry ends a GTC order too.
        post_only: never take liquidity.
        price: the limit in ticks.
        quantity: the total in lots, fills so far included when it replaces another.
        max_fee_ppm: the largest fee rate the trader accepts.
        expiry_s: Unix seconds, mandatory, at most `MAX_LIFETIME_S` ahead.
        nonce: lane, counter and revision.
        signature: 65 bytes r, s, v or 64 bytes r, vs; none when the order is approved on chain.
        self_trade: self-trade prevention mode; not signed.
        client_order_id: the trader's own id; not signed.
        signature_kind: who signed, and what: the trader this order, unless said otherwise.
        proof: of a bulk order, the sibling at each level of the tree, 32 bytes each, leaf first; none
            where all orders of its tree are handed in together (a ladder).
        leaf: of a bulk order, its place in the tree, from 0.
        trigger_price: of a stop or take-profit, ticks; not signed.
        display_quantity: of an iceberg, lots; not signed.
        quote_budget: the most that it spends, quote atoms; not signed.
    """

    trader: AccountId
    market: Market
    side: Side
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    price: Price
    quantity: Quantity
    max_fee_ppm: FeePpm
    expiry_s: int
    nonce: Nonce
    signature: bytes
    self_trade: SelfTradeMode = SelfTradeMode.CANCEL_AGGRESSOR
    client_order_id: ClientOrderId | None = None
    signature_kind: SignatureKind = SignatureKind.WALLET
    proof: tuple[bytes, ...] = ()
    leaf: int = 0
    trigger_price: Price | None = None
    display_quantity: Quantity | None = None
    quote_budget: Amount | None = None

    @property
    def flags(self) -> int:
        """The signed flags: bit 0 post-only, bit 1 IOC, bit 2 FOK."""
        return self.post_only | _TIME_FLAGS[self.time_in_force]


def order_flags(*, post_only: bool, time_in_force: TimeInForce) -> int:
    """Return the signed flags byte: bit 0 post-only, bit 1 IOC, bit 2 FOK."""
    return post_only | _TIME_FLAGS[time_in_force]
