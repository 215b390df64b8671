"""Facts: what the contract's logs say, one class for each kind, in the words of the model.

Values only. They say what a log says and never what follows from it; see `reconciliation`.
Each carries `log`, its index in its block, which with the block's number is its place in the chain.
"""

from typing import Final, TypeAlias

import attrs
import msgspec

from hybrid_dex.model.units import AccountId, Amount, AssetId, MarketId
from hybrid_dex.settlement.layout import FillPosition

__all__ = [
    "ApprovalRevokedSeen",
    "BatchSeen",
    "CanceledByReceiptSeen",
    "DepositSeen",
    "Fact",
    "FeesWithdrawnSeen",
    "FloorSeen",
    "LaneCanceledSeen",
    "MarketClosingSeen",
    "OrderApprovedSeen",
    "RequestCanceledSeen",
    "RequestSeen",
    "SessionGrantedSeen",
    "SessionRevokedSeen",
    "Skip",
    "SolvencyPublishedSeen",
    "VoucherRedeemedSeen",
    "WithdrawnSeen",
    "position",
]

_LOG_BITS: Final = 24


class Skip(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A fill that the contract skipped, as its event names it."""

    position: FillPosition
    culprit: int
    reason: int


@attrs.frozen(kw_only=True)
class DepositSeen:
    """The vault credited an account."""

    log: int
    account: AccountId
    asset: AssetId
    amount: Amount


@attrs.frozen(kw_only=True)
class WithdrawnSeen:
    """The vault paid out, which ended the account's request."""

    log: int
    account: AccountId
    asset: AssetId
    amount: Amount


@attrs.frozen(kw_only=True)
class RequestSeen:
    """An account asked for a withdrawal; it replaces an earlier request."""

    log: int
    account: AccountId
    asset: AssetId
    amount: Amount
    requested_at_s: int


@attrs.frozen(kw_only=True)
class RequestCanceledSeen:
    """An account took its request back."""

    log: int
    account: AccountId
    asset: AssetId


@attrs.frozen(kw_only=True)
class LaneCanceledSeen:
    """An account canceled a lane up to a key. `asset` is the base for lane 0, else ``None``."""

    log: int
    account: AccountId
    asset: AssetId | None
    lane: int
    key: int
    requested_at_s: int


@attrs.frozen(kw_only=True)
class FloorSeen:
    """An account revoked all counters below a floor, for orders quoted in an asset."""

    log: int
    account: AccountId
    asset: AssetId
    floor: int
    requested_at_s: int


@attrs.frozen(kw_only=True)
class MarketClosingSeen:
    """The owner closes a market: once covered, the contract skips its fills."""

    log: int
    market: MarketId
    requested_at_s: int


@attrs.frozen(kw_only=True)
class BatchSeen:
    """A batch was settled.

    Attributes:
        number: of the batch.
        root: the contract's root after it.
        up_to: last group sequence that it speaks for.
        matched_through_s: what it said.
        transaction: hash of the transaction, 0x-hex.
        skips: what of it did not settle.
    """

    log: int
    number: int
    root: bytes
    up_to: int
    matched_through_s: int
    transaction: str
    skips: tuple[Skip, ...]


@attrs.frozen(kw_only=True)
class FeesWithdrawnSeen:
    """Collected fees left the vault."""

    log: int
    asset: AssetId
    amount: Amount


@attrs.frozen(kw_only=True)
class SessionGrantedSeen:
    """An account added to what a session key may do in a market.

    Attributes:
        buy_budget: what was added, quote atoms.
        sell_budget: what was added, lots.
        expiry_s: when the whole grant ends, Unix seconds.
    """

    log: int
    account: AccountId
    key: AccountId
    market: MarketId
    buy_budget: int
    sell_budget: int
    expiry_s: int


@attrs.frozen(kw_only=True)
class SessionRevokedSeen:
    """An account revoked a session key in a market."""

    log: int
    account: AccountId
    key: AccountId
    market: MarketId
    requested_at_s: int


@attrs.frozen(kw_only=True)
class OrderApprovedSeen:
    """An account, a contract for instance, approved an order by its hash (32 bytes)."""

    log: int
    account: AccountId
    order_hash: bytes


@attrs.frozen(kw_only=True)
class ApprovalRevokedSeen:
    """An account took the approval of an order back, for ever."""

    log: int
    account: AccountId
    order_hash: bytes
    requested_at_s: int


@attrs.frozen(kw_only=True)
class VoucherRedeemedSeen:
    """The vault paid a voucher out at once."""

    log: int
    account: AccountId
    asset: AssetId
    amount: Amount
    salt: int


@attrs.frozen(kw_only=True)
class CanceledByReceiptSeen:
    """A lane is dead up to a key, at once: the operator had signed that it canceled the order.

    `asset` is the base for lane 0, else ``None``, as in `LaneCanceledSeen`.
    """

    log: int
    account: AccountId
    asset: AssetId | None
    lane: int
    key: int
    filled: int
    sequence: int


@attrs.frozen(kw_only=True)
class SolvencyPublishedSeen:
    """The operator published the root of all balances of an asset.

    Attributes:
        batch: number of the last batch before it.
        root: of the Merkle-sum tree, 32 bytes.
        total: the sum that the tree proves, atoms.
        liabilities: what the contract owed then, atoms.
        balance: what the token said that the vault held then, atoms.
    """

    log: int
    batch: int
    asset: AssetId
    root: bytes
    total: int
    liabilities: int
    balance: int


Fact: TypeAlias = (
    DepositSeen
    | WithdrawnSeen
    | RequestSeen
    | RequestCanceledSeen
    | LaneCanceledSeen
    | FloorSeen
    | MarketClosingSeen
    | BatchSeen
    | FeesWithdrawnSeen
    | SessionGrantedSeen
    | SessionRevokedSeen
    | OrderApprovedSeen
    | ApprovalRevokedSeen
    | VoucherRedeemedSeen
    | CanceledByReceiptSeen
    | SolvencyPublishedSeen
)
"""What one log of the contract says."""


def position(block: int, log: int) -> int:
    """Return the place of a log in the chain as one rising number.

    >>> position(2, 1)
    33554433
    """
    return block << _LOG_BITS | log
