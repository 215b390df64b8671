"""Rates: too many requests and too many orders are refused with the time to wait."""

from pathlib import Path

from hybrid_dex.model.reasons import RejectReason
from reference_app.tests.stack import limits, running, settings, within_a_minute


async def test_an_address_has_so_many_requests_a_minute(tmp_path: Path) -> None:
    async with running(settings(tmp_path, limits=limits(requests_per_minute=3))) as stack:
        await within_a_minute()
        for _ in range(3):
            assert (await stack.http.get("/time")).status_code == 200
        for path in ("/time", "/nowhere"):
            refused = await stack.http.get(path)
            assert refused.status_code == 429
            assert refused.json()["code"] == RejectReason.RATE_LIMITED
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert refused.headers["x-content-type-options"] == "nosniff"


async def test_an_account_has_so_many_orders_a_second_over_rest_and_socket(
    tmp_path: Path,
) -> None:
    async with running(settings(tmp_path, limits=limits(orders_per_second=2))) as stack:
        alice, bob = await stack.trader(1, USDC="1000"), await stack.trader(2, USDC="1000")
        orders = [alice.order("buy", "1", "10") for _ in range(8)]
        async with alice.socket() as socket:
            for number, order in enumerate(orders):
                await socket.send({"op": "place", "id": number, "order": order})
            answers = [await socket.receive() for _ in orders]
        codes = {a["problem"]["code"] for a in answers if a["type"] == "error"}
        assert codes == {RejectReason.RATE_LIMITED}
        await bob.place("buy", "1", "10")
