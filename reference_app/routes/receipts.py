"""Receipts: the operator's signed word about what happened to the account's orders."""

from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter

from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_SEQUENCE, Sequence
from hybrid_dex.wire import (
    ReceiptsAnswer,
    parse_fill_id,
    parse_order_id,
    receipt_message,
)
from reference_app.access import READ
from reference_app.problems import refuse
from reference_app.services import Caller, TheServices

__all__ = ["receipt_routes"]

SequenceQuery = Annotated[
    int | None, QueryParameter(ge=1, le=MAX_SEQUENCE, description="all that a command did")
]
OrderQuery = Annotated[
    str | None, QueryParameter(max_length=20, description="that this order was accepted")
]
FillQuery = Annotated[
    str | None, QueryParameter(max_length=20, description="that this fill was made")
]


@get("/", opt={"refusals": (404, 409)}, security=READ)
async def get_receipts(
    services: TheServices,
    principal: Caller,
    sequence: SequenceQuery = None,
    order_id: OrderQuery = None,
    fill_id: FillQuery = None,
) -> ReceiptsAnswer:
    """Get receipts for one's own orders: of a command, of an order's acceptance, or of a fill."""
    if [sequence, order_id, fill_id].count(None) != 2:  # noqa: PLR2004 # one of three
        detail = "ask for exactly one: sequence, order_id or fill_id"
        raise refuse(Refusal(RejectReason.INVALID_MESSAGE, "sequence", detail))
    if not services.settles_on_chain:
        detail = "there is no chain here, so there is no operator's key that anybody knows"
        raise refuse(Refusal(RejectReason.NO_RECEIPT, "", detail))
    await services.limiter.orders(principal.account)
    answer = await services.exchange.receipts(
        sequence=None if sequence is None else Sequence(sequence),
        order_id=None if order_id is None else parse_order_id(order_id),
        fill_id=None if fill_id is None else parse_fill_id(fill_id),
        account=principal.account,
    )
    if isinstance(answer, Refusal):
        raise refuse(answer)
    return ReceiptsAnswer(
        receipts=[
            receipt_message(signed, services.market(signed.receipt.market)) for signed in answer
        ]
    )


receipt_routes = Router("/receipts", route_handlers=[get_receipts], tags=["receipts"])
