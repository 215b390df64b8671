"""Own orders: the newest word on each, in whatever order words arrive."""

import msgspec

from hybrid_dex.client.own_orders import OwnOrders
from hybrid_dex.wire import ExecutionMessage, OrderMessage, order_message
from tests.wire.terms import ETH, view

ORDER = order_message(view(), ETH)


def report(sequence: int, **changes: object) -> ExecutionMessage:
    """What happened to the order."""
    terms: dict[str, object] = {
        "exec_type": "trade",
        "sequence": sequence,
        "at_ms": 0,
        "client_order_id": None,
        "status": "partially_filled",
        **{
            name: getattr(ORDER, name)
            for name in (
                "order_id", "market", "side", "order_type", "time_in_force", "post_only",
                "price", "quantity", "open", "filled",
            )
        },
    }  # fmt: skip
    return ExecutionMessage(**(terms | changes))  # type: ignore[arg-type]


def with_(**changes: object) -> OrderMessage:
    """The order, otherwise."""
    return msgspec.structs.replace(ORDER, **changes)


def test_an_answer_that_comes_late_changes_nothing() -> None:
    """The report of a later fill was faster than the answer to the place."""
    orders = OwnOrders()
    orders.take_order(ORDER, 5)
    orders.take_report(report(9, open="0.25", filled="1.25"))
    orders.take_order(ORDER, 5)
    [known] = orders.live()
    assert (known.open, known.filled) == ("0.25", "1.25")
    assert orders.sequence(ORDER.order_id) == 9


def test_new_terms_that_another_program_gave_are_known() -> None:
    """Also those that only the order's owner sees."""
    orders = OwnOrders()
    orders.take_order(ORDER, 5)
    terms = {"time_in_force": "gtd", "expires_at_ms": 77_000, "self_trade": "cancel_both"}
    orders.take_report(report(9, exec_type="replaced", price="2500.25", **terms))
    [known] = orders.live()
    assert (known.price, known.time_in_force) == ("2500.25", "gtd")
    assert (known.expires_at_ms, known.self_trade) == (77_000, "cancel_both")
    orders.take_report(report(10, exec_type="replaced"))
    assert orders.live()[0].expires_at_ms is None


def test_an_order_that_ended_stays_ended() -> None:
    """Once, and whoever heard of its end first."""
    orders = OwnOrders()
    orders.take_order(ORDER, 5)
    [ended] = orders.take_report(report(9, status="filled", open="0", filled="1.5"))
    assert (ended.status, ended.filled) == ("filled", "1.5")
    assert orders.take_order(ORDER, 20) == ()
    orders.take_list([ORDER], orders.mark())
    assert orders.live() == ()
    assert orders.take_order(with_(status="filled"), 21) == ()


def test_an_end_in_the_first_answer_is_reported() -> None:
    """Its lane can be freed at once."""
    orders = OwnOrders()
    [ended] = orders.take_order(with_(status="canceled"), 5)
    assert ended.order_id == ORDER.order_id


def test_a_list_adds_what_is_new_and_shows_what_is_missing() -> None:
    """Orders of an earlier run are adopted; what is not listed must be asked for."""
    orders = OwnOrders()
    other = with_(order_id="512")
    orders.take_order(ORDER, 5)
    orders.take_list([other], orders.mark())
    assert orders.missing([other]) == (ORDER.order_id,)
    assert {order.order_id for order in orders.live()} == {"512", ORDER.order_id}
    assert orders.get("512") == other


def test_a_list_does_not_bring_back_what_was_heard_to_end() -> None:
    """The order of another client was filled while the list was on its way."""
    orders = OwnOrders()
    mark = orders.mark()
    orders.take_report(report(9, status="filled", open="0", filled="1.5"))
    [ended] = orders.take_list([ORDER], mark)
    assert ended.status == "filled"
    assert orders.live() == ()


def test_a_list_shows_what_was_not_heard_and_does_not_undo_what_was() -> None:
    """A fill between two connections is in the list only; one that is heard meanwhile may not be."""
    orders = OwnOrders()
    orders.take_order(ORDER, 5)
    missed = with_(open="0.5", filled="1", status="partially_filled")
    mark = orders.mark()
    orders.take_list([missed], mark)
    assert orders.get(ORDER.order_id) == missed
    assert orders.sequence(ORDER.order_id) == 5, "reports go on from there"
    orders.take_report(report(9, status="partially_filled", open="0.1", filled="1.4"))
    newer = orders.get(ORDER.order_id)
    orders.take_list([missed], mark)
    assert orders.get(ORDER.order_id) == newer


def test_reports_on_unknown_orders_and_refusals_are_passed_over() -> None:
    """They belong to another program of the account, or changed nothing."""
    orders = OwnOrders()
    assert orders.take_report(report(5)) == ()
    orders.take_order(ORDER, 5)
    orders.take_report(report(6, exec_type="cancel_rejected", price=None, status=None))
    assert orders.get(ORDER.order_id) == ORDER


def test_a_report_that_comes_before_its_orders_answer_counts_when_that_comes() -> None:
    """The order was looked up before it traded, and the answer took longer than the report."""
    orders = OwnOrders()
    orders.take_report(report(7, open="0.5", filled="1"))
    orders.take_report(report(9, open="0.25", filled="1.25"))
    orders.take_order(ORDER, 5)
    known = orders.get(ORDER.order_id)
    assert known is not None
    assert (known.open, known.filled) == ("0.25", "1.25")
    other = with_(order_id="512")
    orders.take_report(report(9, order_id="512", status="filled", open="0", filled="1.5"))
    [ended] = orders.take_order(other, 5)
    assert (ended.order_id, ended.status) == ("512", "filled")
