"""Examples: for every operation of the OpenAPI document, what it is sent and what it answers.

They are made from the schemas of the messages, so that a new field has one: a value by its name where
a reader expects a certain kind, else by what its schema allows. What is optional is left out, except
in the messages that are given whole.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["example"]

_ACCOUNT: Final = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
_HASH: Final = "0x" + "5a" * 32
_MARKET: Final = "ETH-USDC"
_TIME_MS: Final = 1_798_761_600_000
_VALUES: Final[Mapping[str, Any]] = {
    "account": _ACCOUNT,
    "address": "192.0.2.1",
    "amount": "250",
    "after": "Ny4wLjI",
    "asset": "USDC",
    "base": "ETH",
    "before": "Ny4wLjI",
    "by": "0.5",
    "client_order_id": "ladder-7",
    "expiry_s": 1_798_765_200,
    "fill_id": "393216",
    "id": "5376",
    "market": _MARKET,
    "market_id": _MARKET,
    "networks": ["192.0.2.0/24"],
    "nonce": "18446744073709486080",
    "order_hash": _HASH,
    "order_id": "1280",
    "price": "2500.50",
    "quantity": "1.5",
    "quote": "USDC",
    "salt": "81985529216486895",
    "side": "buy",
    "target": "/auth/api-keys",
    "ticker_id": "ETH_USDC",
    "timeout_ms": 30_000,
    "user_agent": "hybrid-dex-client/0.1",
}
_WHOLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "OrderRequest": {
        "market": _MARKET,
        "side": "buy",
        "quantity": "1.5",
        "price": "2500.50",
        "time_in_force": "gtc",
        "client_order_id": "ladder-7",
        "max_fee_ppm": 500,
        "expiry_s": 1_798_765_200,
        "nonce": "4294967296",
        "signature": "0x" + "5a" * 64 + "1b",
    },
    "LadderAnswer": {
        "sequence": 5,
        "at_ms": _TIME_MS,
        "rungs": [
            {"order_id": "1280", "status": "new", "open": "0.5", "filled": "0"},
            {"order_id": "1281", "status": "new", "open": "0.5", "filled": "0"},
            {
                "problem": {
                    "type": "urn:hybrid-dex:insufficient_funds",
                    "title": "Insufficient funds",
                    "status": 422,
                    "detail": "needs 2499.249 USDC, available 499.000125",
                    "code": 3001,
                    "reason": "insufficient_funds",
                    "field": "quantity",
                    "valid": "",
                },
            },
        ],
    },
    "ApiKeyRequest": {
        "name": "market maker",
        "kind": "hmac",
        "scopes": ["read", "trade"],
        "expires_at_ms": _TIME_MS,
    },
    "LoginRequest": {
        "message": (
            f"localhost:8000 wants you to sign in with your Ethereum account:\n{_ACCOUNT}\n\n\n"
            "URI: http://localhost:8000\nVersion: 1\nChain ID: 31337\nNonce: a1B2c3D4e5F6\n"
            "Issued At: 2027-01-01T00:00:00Z"
        ),
        "signature": "0x" + "5a" * 64 + "1b",
    },
}
"""Messages that say nothing with what is required alone."""
_BY_PATTERN: Final = (
    "1",
    "1280",
    "0x5a",
    _HASH,
    "ladder-7",
    "0",
    "a",
    "/orders",
    "a1B2c3D4",
    "5a" * 32,
)
_DEPTH: Final = 8


def example(
    schema: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]], name: str = ""
) -> Any:  # noqa: ANN401 # JSON of any shape
    """Return a value of a schema.

    Args:
        schema: of JSON Schema 2020-12, as far as msgspec writes it.
        components: the schemas that references lead to, by name.
        name: the field's, or the parameter's.
    """
    return _value(schema, components, name, 0)


def _value(
    schema: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]], name: str, depth: int
) -> Any:  # noqa: ANN401 # as above
    if "$ref" in schema:
        referred = schema["$ref"].rpartition("/")[2]
        if referred in _WHOLE:
            return dict(_WHOLE[referred])
        return _value(components[referred], components, name, depth)
    if "enum" in schema:
        known = _VALUES.get(name)
        return known if known in schema["enum"] else schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    alternatives = [
        one for one in schema.get("anyOf", schema.get("oneOf", ())) if one.get("type") != "null"
    ]
    if alternatives:
        return _value(alternatives[0], components, name, depth)
    if name in _VALUES and _fits(_VALUES[name], schema):
        return _VALUES[name]
    return _of_type(schema, components, name, depth)


def _of_type(
    schema: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]], name: str, depth: int
) -> Any:  # noqa: ANN401 # as above
    match schema.get("type"):
        case "object":
            required = set(schema.get("required", ()))
            return {
                field: _value(inner, components, field, depth + 1)
                for field, inner in schema.get("properties", {}).items()
                if field in required
            }
        case "array":
            return _array(schema, components, name, depth)
        case "integer":
            least, most = schema.get("minimum", 0), schema.get("maximum", 2**53)
            wanted = _TIME_MS if name.endswith("_ms") else 1
            return max(least, min(wanted, most))
        case "boolean":
            return False
        case "string":
            return _text(schema)
        case _:
            return {}


def _array(
    schema: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]], name: str, depth: int
) -> list[Any]:
    if "prefixItems" in schema:
        return [_value(inner, components, "", depth + 1) for inner in schema["prefixItems"]]
    inner = schema.get("items")
    if not isinstance(inner, dict) or depth > _DEPTH:
        return []
    return [_value(inner, components, name.removesuffix("s"), depth + 1)]


def _text(schema: Mapping[str, Any]) -> str:
    pattern, least = schema.get("pattern"), int(schema.get("minLength", 0))
    if pattern is None:
        return "text".ljust(least, "t")
    found = [text for text in _BY_PATTERN if re.search(pattern, text)]
    assert found, f"no example of {pattern}"
    return found[0]


def _fits(value: object, schema: Mapping[str, Any]) -> bool:
    kinds = {"string": str, "integer": int, "array": list, "object": dict, "boolean": bool}
    kind = kinds.get(schema.get("type", ""))
    if kind is None or not isinstance(value, kind):
        return False
    pattern = schema.get("pattern")
    return not (pattern and isinstance(value, str)) or re.search(pattern, value) is not None
