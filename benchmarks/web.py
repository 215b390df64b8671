"""The trader's pages in a real browser: how soon they can be used, and whether they stay smooth.

    python benchmarks/web.py            (or: make bench-web; two minutes)

The reference app, whole, runs in a process of its own and serves the built pages to Debian's Chromium. The
first load is cold: a profile without a cache each time. Then the book changes 200 times a second, one change a
message, with trades, prices and own fills (see `web_socket`); the browser shows it for 20 seconds; then the
wheel is turned over 2,000 rows of the account's fills, and of its orders, while all of that goes on.

The browser measures itself: paint, layout and long animation frames by its performance API, tasks of the main
thread by its trace, with the processor time beside the clock's, since other programs share the cores.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Final

import attrs
import uvloop

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.gateway_clients import drive, rest_lines
from benchmarks.gateway_exchange import MARKET, TRADERS, exchange
from benchmarks.gateway_orders import domain, log_in, rest_batches
from benchmarks.web_socket import LEVELS, MIDDLE, scripted_socket
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import AccountId, ClientOrderId, FeePpm, Price, Quantity
from hybrid_dex.signing import Domain, LocalSigner
from reference_app.pages import BUILT

WEB: Final = BUILT.parent
VIEWER, SELLER, MAKER = TRADERS[0], TRADERS[1], TRADERS[2]
HISTORY: Final = 2_000

_TERMS: Final = MARKET.market()


@attrs.define
class Orders:
    """One trader's orders; each takes the next lane.

    Attributes:
        signer: who signs them.
        where: the domain that they are signed for.
        made: how many there are.
    """

    signer: LocalSigner
    where: Domain
    made: int = 0

    def order(
        self,
        side: Side,
        price: int,
        quantity: int,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        name: str | None = None,
    ) -> SignedOrder:
        """Return the next order, signed."""
        self.made += 1
        order = SignedOrder(
            trader=AccountId(self.signer.address),
            market=_TERMS,
            side=side,
            price=Price(price),
            quantity=Quantity(quantity),
            max_fee_ppm=FeePpm(500),
            expiry_s=int(time.time()) + 86_400,
            nonce=Nonce(1 + self.made // 60_000, lane=self.made % 60_000),
            signature=bytes(65),
            time_in_force=time_in_force,
            client_order_id=None if name is None else ClientOrderId(name),
        )
        return self.signer.sign_order(order, self.where)


def quotes(maker: Orders) -> list[SignedOrder]:
    """Return orders that fill the levels on both sides."""
    return [
        maker.order(side, MIDDLE + sign * (10 + level), 1_000_000)
        for level in range(LEVELS)
        for side, sign in ((Side.BUY, -1), (Side.SELL, 1))
    ]


async def fill_up(address: str, where: Domain) -> None:
    """Give the viewer a past of so many orders, each with a fill, and put quotes on the book."""
    viewer, seller, maker = (Orders(one, where) for one in (VIEWER, SELLER, MAKER))
    lines = await rest_lines(address, 1)
    for signer, orders in (
        (SELLER, [seller.order(Side.SELL, MIDDLE, 10 * HISTORY)]),
        (VIEWER, [viewer.order(Side.BUY, MIDDLE, 10) for _ in range(HISTORY)]),
        (MAKER, quotes(maker)),
    ):
        requests = deque(rest_batches(orders, log_in(address, signer)))
        await drive([(line, requests) for line in lines])


async def measure(address: str, chromium: str, *, short: bool) -> dict[str, Any]:
    """Return what the browser saw."""
    await fill_up(address, domain())
    async with scripted_socket() as socket:
        plan = {
            "url": f"http://{address}",
            "socket": socket,
            "chromium": chromium,
            "key": f"0x{0x11:064x}",
            "rows": HISTORY,
            "loads": 2 if short else 5,
            "seconds": 5 if short else 20,
        }
        browser = await asyncio.create_subprocess_exec(
            "node", "tests/browser/speed.mjs", json.dumps(plan),
            cwd=WEB, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            told, _ = await browser.communicate()
        finally:
            if browser.returncode is None:
                browser.terminate()
                await browser.wait()
    if browser.returncode != 0:
        raise SystemExit("the browser's part failed; what it said stands above")
    found: dict[str, Any] = json.loads(told)
    return found


def weigh(scripts: list[str]) -> dict[str, int]:
    """Return how many bytes these scripts are by encoding, from what the app serves."""
    return {
        name: sum((BUILT / (script.lstrip("/") + suffix)).stat().st_size for script in scripts)
        for name, suffix in (("brotli", ".br"), ("gzip", ".gz"), ("plain", ""))
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as they stand in the documentation."""
    load = found["load"]
    weights = ", ".join(
        f"{size / 1e3:.0f} kB {name}" for name, size in weigh(load["scripts"]).items()
    )
    times = {"paint": "first paint", "form": "order form usable", "book": "live book shown"}
    lines = ["| First load, cold | |", "| --- | --- |", f"| JavaScript | {weights} |"]
    for name, words in times.items():
        usual, slowest = load[name]
        lines.append(f"| {words}, median / slowest | {usual:.0f} / {slowest:.0f} ms |")
    heads = "| | frames | longest | frames over 50 ms | long animation frames "
    heads += "| longest task: clock, processor | tasks over 50 ms: clock, processor | book messages/s | pixels/s |"
    lines += ["", heads, "| --- " * 9 + "|"]
    for name in ("book", "fills", "orders"):
        one = found[name]
        lines.append(
            f"| {one['words']} | {one['frames']} | {one['longest_ms']:.0f} ms | {one['over']} | {one['slow_frames']} "
            f"| {one['task_ms']:.0f} ms, {one['task_cpu_ms']:.0f} ms | {one['tasks_over']}, {one['tasks_cpu_over']} "
            f"| {one['updates_s']:.0f} | {one['pixels_s']:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="less of everything, within a minute")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is needed (Debian: apt-get install chromium)")
    with exchange() as running:
        found = uvloop.run(measure(running.address, chromium, short=arguments.quick))
    print(f"{os.cpu_count()} cores\n")
    print(table(found))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
