"""Signatures: whether the orders of a log are their traders', for one chain and contract.

The log names with each order what its trader signed. Here that is computed anew from the terms that
the log has, so an order can be neither made up nor changed. That a session key was granted, or a
hash approved, is the chain's to say; the engine holds orders to what the log has of that.

An order that was signed for another contract proves nothing about this one, so what is found here
convicts nobody by itself.
"""

from collections.abc import Iterator

from hybrid_dex.errors import HybridDexError
from hybrid_dex.model.events import OrderAccepted, OrderReplaced
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import TimeInForce
from hybrid_dex.model.signed_order import Authorization, Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import FeePpm
from hybrid_dex.signing import Domain, authorize
from hybrid_dex.verification.findings import Finding, Fraud
from hybrid_dex.verification.reenactment import Reenactment

__all__ = ["check_signatures", "signed_orders"]

_Signed = OrderAccepted | OrderReplaced


def signed_orders(log: Reenactment) -> Iterator[tuple[int, _Signed]]:
    """Yield each acceptance and replacement, whose traders signed them, and its command."""
    for batch in log.all_batches():
        for event in batch.events:
            if isinstance(event, _Signed):
                yield batch.sequence, event


def check_signatures(log: Reenactment, domain: Domain) -> Iterator[Finding]:
    """Yield one finding when orders are not signed for a chain and contract: the first, and how many.

    Args:
        log: the log.
        domain: the chain and contract.
    """
    first, wrong = None, 0
    for sequence, event in signed_orders(log):
        word = _complaint(event, log.markets.get(event.market), domain)
        if word:
            wrong += 1
            first = first or (sequence, f"order {event.order_id} of {event.account}: {word}")
    if first is not None:
        sequence, detail = first
        others = f"; and {wrong - 1} more" if wrong > 1 else ""
        yield Finding(fraud=Fraud.NOT_SIGNED, detail=detail + others, sequence=sequence)


def _complaint(event: _Signed, market: Market | None, domain: Domain) -> str:
    """Say why an order is not its trader's, or nothing."""
    signed = event.authorization
    if signed is None:
        return "it carries no signature"
    if market is None:
        return f"it is of {event.market!r}, which is not listed"
    try:
        made = authorize(_as_signed(event, signed, market), domain)
    except (HybridDexError, ValueError, OverflowError) as error:
        return str(error)
    if made == signed:
        return ""
    if made.order_hash != signed.order_hash:
        return "what was signed has other terms, or is for another chain or contract"
    return f"{made.signer} signed it, not {signed.signer}"


def _as_signed(event: _Signed, signed: Authorization, market: Market) -> SignedOrder:
    """Return the order as its trader sent it: GTD is signed as GTC, with its expiry."""
    time_in_force = event.time_in_force
    return SignedOrder(
        trader=event.account,
        market=market,
        side=event.side,
        time_in_force=TimeInForce.GTC if time_in_force is TimeInForce.GTD else time_in_force,
        post_only=event.post_only,
        price=event.price,
        quantity=event.quantity,
        max_fee_ppm=FeePpm(signed.max_fee_ppm),
        expiry_s=signed.expiry_s,
        nonce=Nonce.unpack(signed.nonce),
        signature=signed.signature,
        signature_kind=SignatureKind(signed.kind),
        proof=signed.proof,
        leaf=signed.leaf,
    )
