"""Two gateways in front of one engine lose nothing when one of them is killed, again and again.

Engine and gateways are processes of their own, over gRPC with mutual TLS and a real Redis. A trader
keeps sending orders through both; another follows what becomes of them, and goes on at the other
gateway when its own is killed.
"""

from __future__ import annotations

from eth_account import Account

from tests.tiers import count

KILLS = count(fast=2, full=10)
ORDERS_A_KILL = 40
ORIGIN = "http://localhost:8000"
SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"
KEY = Account.from_key(bytes(31) + b"\x07")

COMMON = """
[hybrid-dex]
name = "proof"
data = "{folder}/{name}"
bus = "redis://127.0.0.1:{redis}/0"
records = "sqlite:///{folder}/records.sqlite"
snapshot_every = 50
{engine}

[hybrid-dex.link]
certificate = "{folder}/{certificate}.crt"
key = "{folder}/{certificate}.key"
authority = "{folder}/authority.crt"
{link}

[hybrid-dex.server]
port = {port}

[hybrid-dex.auth]
secret = "{secret}"
origins = ["{origin}"]
shared = true
database = "sqlite:///{folder}/auth.sqlite"

[hybrid-dex.risk]
open_orders = 100_000

[[hybrid-dex.markets]]
id = "ETH-USDC"
base_decimals = 18
quote_decimals = 6
tick = "0.01"
lot = "0.0001"
base_token = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
quote_token = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
"""
