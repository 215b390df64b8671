"""Prints the messages of REST and of the socket as one OpenAPI document: what the pages' types are made of."""

import json
import sys
import tempfile
from pathlib import Path

from reference_app.app import compose, create_app
from reference_app.asyncapi import socket_document
from reference_app.openapi import document
from reference_app.settings import AuthSettings, MarketSettings, Settings

_MARKET = MarketSettings(
    id="ETH-USDC",
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    base_token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    quote_token="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
)


def main() -> int:
    """Print the document."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            demo=True,
            data=Path(folder),
            auth=AuthSettings(origins=["http://127.0.0.1:8000"]),
            markets=[_MARKET],
        )
        app = create_app(compose(settings), opens=False)
        merged = json.loads(document(app))
        socket = json.loads(socket_document("hybrid-dex", "127.0.0.1:8000", secure=False))
    schemas = merged["components"]["schemas"]
    for name, schema in socket["components"]["schemas"].items():
        schemas.setdefault(name, schema)
    merged["info"] = {"title": "hybrid-dex", "version": "1"}
    json.dump(merged, sys.stdout, sort_keys=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
