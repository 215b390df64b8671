"""OrderPreview: what an order would hold, cost and bring, before anybody signs it."""

import msgspec

from hybrid_dex.model.units import Amount, AssetId, FeePpm, Quantity

__all__ = ["OrderPreview"]


class OrderPreview(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What would become of an order that entered now, to the atom.

    Fees are those of the whole order at its limit. Filled in parts, or at better prices for a buyer,
    it costs less; whatever the prices and the fees that may still change, what it pays and receives
    is never worse than `pays_at_most` and `receives_at_least`.

    Attributes:
        hold_asset: what is held while it is open.
        hold: how much, atoms.
        available: what of that the account has, atoms.
        maker_fee_ppm: the account's rate of today as maker; negative for a rebate.
        taker_fee_ppm: the account's rate of today as taker.
        maker_fee: quote atoms, when all of it trades at its limit as maker.
        taker_fee: quote atoms, when all of it trades at its limit as taker.
        quantity: what trades at its limit, lots: all of it, or what its budget pays for.
        pays_asset: what it pays with.
        pays_at_most: atoms, a buyer's fee included.
        receives_asset: what it receives.
        receives_at_least: atoms, when `quantity` trades; a seller's fee is taken off.
        worst_fee: quote atoms, at its limit - or for all that its budget may be spent on - and the
            highest rate that may ever be charged: a buyer is never charged more, a seller only out
            of a better price.
    """

    hold_asset: AssetId
    hold: Amount
    available: Amount
    maker_fee_ppm: FeePpm
    taker_fee_ppm: FeePpm
    maker_fee: Amount
    taker_fee: Amount
    quantity: Quantity
    pays_asset: AssetId
    pays_at_most: Amount
    receives_asset: AssetId
    receives_at_least: Amount
    worst_fee: Amount
