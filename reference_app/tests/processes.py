"""A serving process of its own, where a test needs one: to measure it, to kill it, to load it."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
from eth_account import Account
from eth_account.messages import encode_defunct

from reference_app.tests.stack import ORIGIN, login_text

SELLER, BUYER = (Account.from_key(bytes(31) + bytes([number])) for number in (1, 2))
"""Two wallets with play money."""
SETTINGS = """
[hybrid-dex]
demo = true
data = "{data}"
{top}
[hybrid-dex.server]
port = {port}
connections_per_address = 1000
[hybrid-dex.auth]
origins = ["{origin}"]
access_life_s = 3600
{auth}
[hybrid-dex.limits]
connections_per_address = 1000
requests_per_minute = 1000000000
account_requests_per_minute = 1000000000
orders_per_second = 1000000000
queued_bytes = 200000
[hybrid-dex.risk]
open_orders = 1000000
daily_volume = "100000000000"
[[hybrid-dex.markets]]
id = "ETH-USDC"
base_decimals = 18
quote_decimals = 6
tick = "0.01"
lot = "0.0001"
base_token = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
quote_token = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
[[hybrid-dex.opening_balances]]
account = "{seller}"
asset = "ETH"
amount = "1000000"
[[hybrid-dex.opening_balances]]
account = "{buyer}"
asset = "USDC"
amount = "1000000000"
"""


@attrs.define
class Serving:
    """The process, and where it is reached."""

    port: int
    process: asyncio.subprocess.Process
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> int:
        """Bytes of memory that it has now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    async def token(self, key: Any) -> str:
        """Log in the way a wallet does."""
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as http:
            nonce = (await http.post("/auth/nonce")).json()["nonce"]
            text = login_text(key.address, nonce)
            signature = key.sign_message(encode_defunct(text=text)).signature.hex()
            message = {"message": text, "signature": "0x" + signature.removeprefix("0x")}
            token: str = (await http.post("/auth/login", json=message)).json()["access_token"]
            return token


@asynccontextmanager
async def serving(folder: Path, *, top: str = "", auth: str = "") -> AsyncIterator[Serving]:
    """Serve an exchange without a chain or limits of rate; more settings as they stand in a file."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    file, log = folder / "settings.toml", folder / "log"
    text = SETTINGS.format(
        data=folder / "data", port=port, origin=ORIGIN, top=top, auth=auth,
        seller=SELLER.address, buyer=BUYER.address,
    )  # fmt: skip
    file.write_text(text)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "reference_app", str(file), stderr=output
        )
    started = Serving(port, process, log)
    try:
        async with httpx.AsyncClient(timeout=60) as http:
            while True:
                assert process.returncode is None, log.read_text()
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(f"{started.url}/health/ready")).is_success:
                        break
                await asyncio.sleep(0.1)
        yield started
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
