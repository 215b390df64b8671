"""Claims: receipts held against a log. Each that the log can not agree with says how.

The operator signed a receipt when it had journaled what the receipt is about. So a receipt with
the operator's signature that the log contradicts convicts the operator; one with another signature
convicts nobody.
"""

from collections.abc import Iterator, Mapping, Sequence

import attrs

from hybrid_dex.engine.lanes import nonce_key
from hybrid_dex.errors import FormatError, HybridDexError
from hybrid_dex.model.events import EventBatch, FillMade, OrderAccepted, OrderReplaced
from hybrid_dex.model.market import Market
from hybrid_dex.model.receipts import (
    JournalReceipt,
    ReceiptKind,
    SignedJournalReceipt,
    receipts_of,
)
from hybrid_dex.model.units import AccountId, OrderId
from hybrid_dex.model.vouchers import SignedCancelReceipt
from hybrid_dex.signing import (
    Domain,
    cancel_receipt_digest,
    journal_receipt_digest,
    recover_address,
)
from hybrid_dex.verification.findings import Finding, Fraud
from hybrid_dex.verification.reenactment import Reenactment

__all__ = ["Receipt", "check_receipts"]

Receipt = SignedJournalReceipt | SignedCancelReceipt

_NO_HASH = bytes(32)
_LANE = 0xFFFF
_ENDS = (ReceiptKind.CANCELED, ReceiptKind.EXPIRED)


@attrs.frozen
class _SignedFill:
    """A fill of one of its orders.

    Attributes:
        order: the order.
        key: counter and revision of the terms that it had then.
        sequence: the command.
        fill: the fill.
    """

    order: OrderId
    key: int
    sequence: int
    fill: FillMade


@attrs.define
class _History:
    """What a log says of orders, by what receipts name them with."""

    accepted: dict[tuple[object, ...], list[JournalReceipt]] = attrs.field(factory=dict)
    fills: dict[int, list[tuple[int, int, FillMade]]] = attrs.field(factory=dict)
    lanes: dict[tuple[str, str, int], list[_SignedFill]] = attrs.field(factory=dict)

    @classmethod
    def of(cls, log: Reenactment) -> "_History":
        history = cls()
        nonces: dict[OrderId, tuple[AccountId, int]] = {}
        for batch in log.all_batches():
            for receipt in _told(log, batch):
                if receipt.kind is ReceiptKind.ACCEPTED:
                    history.accepted.setdefault(_terms(receipt), []).append(receipt)
            for index, event in enumerate(batch.events):
                if isinstance(event, FillMade):
                    for order in (event.maker_order, event.taker_order):
                        row = (batch.sequence, index, event)
                        history.fills.setdefault(order, []).append(row)
                        if order in nonces:
                            account, nonce = nonces[order]
                            lane = (account, event.market, nonce & _LANE)
                            signed = _SignedFill(order, nonce_key(nonce), batch.sequence, event)
                            history.lanes.setdefault(lane, []).append(signed)
                elif isinstance(event, OrderAccepted | OrderReplaced) and event.authorization:
                    nonces[event.order_id] = (event.account, event.authorization.nonce)
        return history


def _told(log: Reenactment, batch: EventBatch) -> tuple[JournalReceipt, ...]:
    """Return what receipts could be of: nothing where numbers are claimed that none can hold."""
    position = log.frame_of[batch.sequence - 1]
    try:
        return receipts_of(batch, position, _hash(log, position))
    except ValueError:
        return ()


def _hash(log: Reenactment, position: int) -> bytes:
    mark = log.mark(position)
    assert mark is not None
    return mark.frame_hash


def _terms(receipt: JournalReceipt) -> tuple[object, ...]:
    """What tells an accepted order wherever it stands: what was signed, or else its terms."""
    if receipt.order_hash != _NO_HASH:
        return (receipt.order_hash,)
    return (receipt.trader, receipt.market, receipt.side, receipt.price, receipt.quantity)


def check_receipts(
    log: Reenactment, receipts: Sequence[Receipt], *, domain: Domain, operator: str
) -> Iterator[Finding]:
    """Yield what a log and receipts contradict each other in.

    Args:
        log: the log.
        receipts: those that traders kept.
        domain: the chain and contract of the exchange.
        operator: the address that signs for it, as the contract names it.
    """
    history = _History.of(log)
    for number, signed in enumerate(receipts):
        finding = _forged(log.markets, signed, domain, operator)
        found = iter([finding]) if finding is not None else _held(log, history, signed)
        for each in found:
            yield attrs.evolve(each, receipt=number)


def _forged(
    markets: Mapping[str, Market], signed: Receipt, domain: Domain, operator: str
) -> Finding | None:
    receipt = signed.receipt
    market = markets.get(receipt.market)
    if market is None:
        detail = f"the log lists no market {receipt.market}"
        return Finding(fraud=Fraud.NOT_COVERED, detail=detail)
    try:
        if isinstance(receipt, JournalReceipt):
            digest = journal_receipt_digest(receipt, market, domain)
        else:
            digest = cancel_receipt_digest(receipt, market, domain)
        signer = recover_address(digest, signed.signature)
    except (FormatError, HybridDexError) as error:
        return Finding(fraud=Fraud.FORGED_RECEIPT, detail=str(error))
    if signer == operator:
        return None
    detail = f"its signature is {signer}'s over these words, not the operator's {operator}"
    return Finding(fraud=Fraud.FORGED_RECEIPT, detail=detail)


def _held(log: Reenactment, history: _History, signed: Receipt) -> Iterator[Finding]:
    if isinstance(signed, SignedCancelReceipt):
        yield from _cancel_held(log, history, signed)
        return
    receipt = signed.receipt
    if receipt.sequence > len(log.batches) or receipt.position > len(log.marks):
        yield Finding(
            fraud=Fraud.NOT_COVERED,
            detail=f"it is about command {receipt.sequence} in record {receipt.position}; the log "
            f"ends with command {len(log.batches)} in record {len(log.marks)}",
            sequence=receipt.sequence,
        )
        return
    if not receipt.sequence or not receipt.position:
        detail = f"it is about command {receipt.sequence} in record {receipt.position}; a log begins with 1"
        yield Finding(fraud=Fraud.OMITTED, detail=detail)
        return
    mark = log.mark(receipt.position)
    assert mark is not None
    if mark.frame_hash != receipt.frame_hash:
        yield Finding(
            fraud=Fraud.REWRITTEN,
            detail=f"record {receipt.position} of the log has hash {mark.frame_hash.hex()}, the "
            f"operator signed {receipt.frame_hash.hex()}",
            sequence=receipt.sequence,
            position=receipt.position,
        )
    yield from _content(log, history, receipt)
    if receipt.kind in _ENDS:
        yield from _filled_after(history, receipt)


def _content(log: Reenactment, history: _History, receipt: JournalReceipt) -> Iterator[Finding]:
    """Say where the log has something else than what was signed."""
    batch = log.batch(receipt.sequence)
    assert batch is not None
    position = log.frame_of[receipt.sequence - 1]
    here = [one for one in _told(log, batch) if _same_place(one, receipt)]
    placed = attrs.evolve(receipt, position=position, frame_hash=_hash(log, position))
    if placed in here:
        return
    finding = Finding(
        fraud=Fraud.OMITTED,
        detail=f"command {receipt.sequence} of the log does not say that order "
        f"{receipt.order_id} was {receipt.kind.name.lower()}",
        sequence=receipt.sequence,
        position=position,
    )
    if here and here[0].order_hash == receipt.order_hash:
        detail = f"the log says {_words(here[0])}, the operator signed {_words(receipt)}"
        yield attrs.evolve(finding, fraud=Fraud.OTHER_CONTENT, detail=detail)
        return
    if receipt.kind is ReceiptKind.ACCEPTED:
        elsewhere = history.accepted.get(_terms(receipt), [])
        moved = min(
            (one.sequence for one in elsewhere),
            key=lambda sequence: abs(sequence - receipt.sequence),
            default=None,
        )
        if moved is not None:
            later = moved > receipt.sequence
            detail = (
                f"the log accepts the order of {receipt.trader} with command {moved}; the operator "
                f"signed command {receipt.sequence}"
            )
            fraud = Fraud.FRONT_RUN if later else Fraud.REORDERED
            yield attrs.evolve(finding, fraud=fraud, detail=detail)
            return
    yield finding


def _same_place(one: JournalReceipt, receipt: JournalReceipt) -> bool:
    return (one.kind, one.trader, one.order_id, one.fill_id) == (
        receipt.kind,
        receipt.trader,
        receipt.order_id,
        receipt.fill_id,
    )


def _words(receipt: JournalReceipt) -> str:
    return (
        f"{receipt.quantity} lots at {receipt.price}, {receipt.open} open and {receipt.filled} "
        f"filled, of {receipt.at_ns}"
    )


def _filled_after(history: _History, receipt: JournalReceipt) -> Iterator[Finding]:
    for sequence, index, fill in history.fills.get(receipt.order_id, []):
        if (sequence, index) > (receipt.sequence, receipt.index):
            yield Finding(
                fraud=Fraud.FILLED_AFTER_CANCEL,
                detail=f"fill {fill.fill_id} of order {receipt.order_id} is of command {sequence}; "
                f"the operator signed that it ended with command {receipt.sequence}",
                sequence=sequence,
            )


def _cancel_held(
    log: Reenactment, history: _History, signed: SignedCancelReceipt
) -> Iterator[Finding]:
    """A receipt for the chain: nothing of the lane up to its nonce may be filled behind it."""
    receipt = signed.receipt
    command = receipt.sequence >> 8
    if command > len(log.batches):
        detail = f"it is about command {command}; the log ends with command {len(log.batches)}"
        yield Finding(fraud=Fraud.NOT_COVERED, detail=detail, sequence=command)
        return
    lane = (receipt.trader, receipt.market, receipt.nonce & _LANE)
    for signed_fill in history.lanes.get(lane, []):
        if signed_fill.key <= nonce_key(receipt.nonce) and signed_fill.sequence > command:
            yield Finding(
                fraud=Fraud.FILLED_AFTER_CANCEL,
                detail=f"fill {signed_fill.fill.fill_id} of order {signed_fill.order} is of command "
                f"{signed_fill.sequence}; the operator signed that it was dead by command {command}",
                sequence=signed_fill.sequence,
            )
