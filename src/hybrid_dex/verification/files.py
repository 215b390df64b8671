"""Files: receipts as traders keep them, and settled batches as somebody read them from a node.

Receipts are the exchange's own answers: an object of ``/receipts`` or of
``/orders/{order_id}/receipt``, or a list of such. Batches are JSON lines, one ``settle`` each.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from hybrid_dex.errors import FormatError
from hybrid_dex.model.commands import ListMarket
from hybrid_dex.model.frame import decode_frame
from hybrid_dex.model.units import AccountId, MarketId
from hybrid_dex.model.vouchers import CancelReceipt, SignedCancelReceipt
from hybrid_dex.verification.claims import Receipt
from hybrid_dex.verification.public_log import LoggedFrame
from hybrid_dex.verification.settled import SettledBatch, SkippedFill
from hybrid_dex.wire import (
    CancelReceiptMessage,
    ReceiptMessage,
    ReceiptsAnswer,
    is_too_deep,
    to_receipt,
)

__all__ = ["market_numbers", "read_batches", "read_receipts", "write_batches"]


class _Skip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    market: int
    sequence: int
    index: int
    reason: int
    culprit: int = 0


class _Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    data: str
    skipped: list[_Skip] = []
    transaction: str = ""


_encoder: Final = msgspec.json.Encoder()
_batch_decoder: Final = msgspec.json.Decoder(_Batch)
_VALID: Final = "what the exchange answered: receipts, a receipt, or a list of them"


def market_numbers(frames: Iterable[LoggedFrame]) -> dict[int, MarketId]:
    """Return the symbols of a log's markets by their numbers on chain."""
    return {
        command.market.number: command.market.id
        for frame in frames
        for command in decode_frame(frame.raw).commands
        if isinstance(command, ListMarket)
    }


def read_receipts(path: Path, numbers: Mapping[int, MarketId]) -> list[Receipt]:
    """Return the receipts in a file.

    Args:
        path: the file.
        numbers: the log's markets, for receipts that name one by its number.

    Raises:
        FormatError: the file holds something else.
    """
    raw = path.read_bytes()
    if is_too_deep(raw):
        raise FormatError(str(path), "nested too deeply", _VALID)
    try:
        found = msgspec.json.decode(raw)
        rows = found if isinstance(found, list) else [found]
        return [one for row in rows for one in _receipts(row, numbers)]
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FormatError(str(path), str(error), _VALID) from error


def _receipts(row: object, numbers: Mapping[int, MarketId]) -> Iterator[Receipt]:
    fields = row if isinstance(row, dict) else {}
    if "receipts" in fields:
        for message in msgspec.convert(row, ReceiptsAnswer).receipts:
            yield to_receipt(message)
    elif "nonce" in fields:
        yield _cancel_receipt(msgspec.convert(row, CancelReceiptMessage), numbers)
    else:
        yield to_receipt(msgspec.convert(row, ReceiptMessage))


def _cancel_receipt(
    message: CancelReceiptMessage, numbers: Mapping[int, MarketId]
) -> SignedCancelReceipt:
    receipt = CancelReceipt(
        trader=AccountId(message.trader),
        market=numbers.get(message.market, MarketId(f"number {message.market}")),
        nonce=int(message.nonce),
        filled=message.filled,
        sequence=message.sequence,
    )
    return SignedCancelReceipt(receipt=receipt, signature=_bytes("signature", message.signature))


def read_batches(path: Path) -> list[SettledBatch]:
    """Return the batches in a file of JSON lines.

    Raises:
        FormatError: a line is none.
    """
    batches = []
    for number, text in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            line = _batch_decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            valid = "an object with data and skipped, as `receipts batches` writes it"
            raise FormatError(f"line {number}", str(error), valid) from error
        batches.append(
            SettledBatch(
                data=_bytes(f"line {number}", line.data),
                skipped=tuple(
                    SkippedFill(
                        market=skip.market,
                        sequence=skip.sequence,
                        index=skip.index,
                        culprit=skip.culprit,
                        reason=skip.reason,
                    )
                    for skip in line.skipped
                ),
                transaction=line.transaction,
            )
        )
    return batches


def write_batches(batches: Iterable[SettledBatch]) -> Iterator[bytes]:
    """Yield the lines of a file of batches."""
    for batch in batches:
        skips = [
            _Skip(one.market, one.sequence, one.index, one.reason, one.culprit)
            for one in batch.skipped
        ]
        yield _encoder.encode(_Batch("0x" + batch.data.hex(), skips, batch.transaction)) + b"\n"


def _bytes(field: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise FormatError(field, "not hexadecimal", "0x and hexadecimal digits") from error
