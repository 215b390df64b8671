"""What a signed order becomes: the command that the writer stamps; and what no caller may send."""

from typing import Final

from hybrid_dex.model.commands import (
    ApproveOrder,
    CompleteWithdrawal,
    ConfirmSettlement,
    Deposit,
    ExpireVoucher,
    FailSettlement,
    GrantSession,
    PlaceOrder,
    RaiseFloor,
    RedeemVoucher,
    ReplaceOrder,
    RequestWithdrawal,
    RevokeApproval,
    RevokeLane,
    RevokeSession,
    Withdraw,
)
from hybrid_dex.model.signed_order import Authorization, SignatureKind, SignedOrder
from hybrid_dex.model.units import OrderId, Quantity

__all__ = ["CHAIN_FACTS", "place_command", "replace_command", "unsigned_command"]

CHAIN_FACTS: Final = (
    Deposit,
    Withdraw,
    RequestWithdrawal,
    CompleteWithdrawal,
    RevokeLane,
    RaiseFloor,
    ConfirmSettlement,
    FailSettlement,
    GrantSession,
    RevokeSession,
    ApproveOrder,
    RevokeApproval,
    RedeemVoucher,
    ExpireVoucher,
)
"""What only the settlement tells where there is a chain: the ledger follows the vault, never leads."""


def place_command(order: SignedOrder, authorization: Authorization) -> PlaceOrder:
    """Return the command that enters a verified order."""
    return PlaceOrder(
        account=order.trader,
        market=order.market.id,
        side=order.side,
        price=order.price,
        quantity=order.quantity,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        self_trade=order.self_trade,
        client_order_id=order.client_order_id,
        authorization=authorization,
        trigger_price=order.trigger_price,
        display_quantity=order.display_quantity,
        quote_budget=order.quote_budget,
    )


def unsigned_command(order: SignedOrder, order_hash: bytes) -> PlaceOrder:
    """Return the command of an order that its trader has yet to sign, to be looked at only."""
    return place_command(
        order,
        Authorization(
            signer=order.trader,
            kind=SignatureKind.WALLET,
            max_fee_ppm=order.max_fee_ppm,
            expiry_s=order.expiry_s,
            nonce=order.nonce.packed,
            order_hash=order_hash,
            signature=bytes(64),
        ),
    )


def replace_command(
    order_id: OrderId,
    order: SignedOrder,
    authorization: Authorization,
    expected_filled: Quantity | None,
) -> ReplaceOrder:
    """Return the command that swaps an order for verified new terms."""
    return ReplaceOrder(
        account=order.trader,
        order_id=order_id,
        price=order.price,
        quantity=order.quantity,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        self_trade=order.self_trade,
        expected_filled=expected_filled,
        authorization=authorization,
        trigger_price=order.trigger_price,
        display_quantity=order.display_quantity,
    )
