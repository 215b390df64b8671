"""What the operator signs for a trader: a voucher to withdraw at once, a receipt for a cancel.

Values only; `hybrid_dex.signing` computes their digests. A voucher is a debit that is journaled
before it is signed, so a signature never promises funds that can still be traded. A receipt says
how far an order was filled when it was canceled; a later fill of it proves fraud.
"""

from typing import Final

import attrs

from hybrid_dex.model.units import MAX_AMOUNT, AccountId, AssetId, MarketId

__all__ = [
    "MAX_VOUCHER_LIFETIME_S",
    "CancelReceipt",
    "SignedCancelReceipt",
    "SignedVoucher",
    "Voucher",
]

MAX_VOUCHER_LIFETIME_S: Final = 30 * 24 * 60 * 60
"""How far ahead a voucher's deadline may lie: so long may its funds be locked."""


@attrs.frozen(kw_only=True)
class Voucher:
    """Leave for one account to take an amount out of the vault at once.

    Attributes:
        account: who may redeem it.
        asset: what.
        amount: atoms; the vault pays exactly this or nothing.
        recipient: the address that is paid.
        salt: tells the account's vouchers apart; each is paid once.
        deadline_s: until when it is paid, Unix seconds.
        min_batch: it is paid once this batch has settled.
    """

    account: AccountId
    asset: AssetId
    amount: int = attrs.field(validator=[attrs.validators.ge(1), attrs.validators.le(MAX_AMOUNT)])
    recipient: str
    salt: int = attrs.field(validator=[attrs.validators.ge(0), attrs.validators.lt(2**256)])
    deadline_s: int = attrs.field(validator=[attrs.validators.ge(0), attrs.validators.lt(2**40)])
    min_batch: int = attrs.field(
        default=0, validator=[attrs.validators.ge(0), attrs.validators.lt(2**48)]
    )


@attrs.frozen(kw_only=True)
class SignedVoucher:
    """A voucher, and the operator's signature over it, 65 bytes r, s, v."""

    voucher: Voucher
    signature: bytes


@attrs.frozen(kw_only=True)
class CancelReceipt:
    """The operator's word that an order was canceled: with it an on-chain cancel acts at once.

    Attributes:
        trader: whose order.
        market: where.
        nonce: the packed u64 of the order's signed terms; they and everything below in the lane
            are dead.
        filled: lots that were filled by then.
        sequence: that of the last group which the canceling command could have, as the chain
            numbers groups: the receipt counts once a batch has settled up to here.
    """

    trader: AccountId
    market: MarketId
    nonce: int = attrs.field(validator=[attrs.validators.ge(0), attrs.validators.lt(2**64)])
    filled: int = attrs.field(validator=[attrs.validators.ge(0), attrs.validators.lt(2**48)])
    sequence: int = attrs.field(validator=[attrs.validators.ge(0), attrs.validators.lt(2**48)])


@attrs.frozen(kw_only=True)
class SignedCancelReceipt:
    """A cancel receipt, and the operator's signature over it, 65 bytes r, s, v."""

    receipt: CancelReceipt
    signature: bytes
