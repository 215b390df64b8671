"""ERC-7730 descriptors: how a wallet shows what it signs, in words instead of numbers.

A descriptor binds to deployments, and every exchange has its own. The one that ships with the
package, ``eip712-hybrid-dex.json``, names none and is a template; `clear_signing_descriptor` and
``hybrid-dex signature descriptor`` put yours in. It is written for the first version of the format,
which wallets read today.

Bulk trees are left out: the format finds fields in lists of any length only, and the reference
tool refuses what lies in a fixed array. A wallet shows a tree field by field, without words.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hybrid_dex.model.decimal_text import format_units
from hybrid_dex.model.market import Asset
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.signing.date_time import format_date_time
from hybrid_dex.signing.domain import DOMAIN_FIELDS, DOMAIN_NAME, DOMAIN_VERSION, Domain
from hybrid_dex.signing.order import ORDER_FIELDS, order_message
from hybrid_dex.signing.receipts import CANCEL_RECEIPT_FIELDS, VOUCHER_FIELDS

__all__ = ["clear_signing_descriptor", "order_words"]

_Fields = Sequence[tuple[str, str]]
_Json = dict[str, Any]  # the descriptor is JSON by its nature

_NANOSECONDS: Final = 1_000_000_000

_SCHEMA: Final = "https://eips.ethereum.org/assets/eip-7730/erc7730-v1.schema.json"
_WORDS: Final[dict[str, dict[str, str]]] = {
    "side": {"0": "Buy", "1": "Sell"},
    "flags": {
        "0": "Until expiry",
        "1": "Post-only",
        "2": "Immediate or cancel",
        "3": "Post-only and IOC",
        "4": "Fill or kill",
        "5": "Post-only and FOK",
        "6": "IOC and FOK",
        "7": "Post-only, IOC, FOK",
    },
}


def clear_signing_descriptor(deployments: Iterable[Domain] = ()) -> dict[str, object]:
    """Return the descriptor of orders, vouchers and cancel receipts, for these deployments.

    Without any it is the template; wallets want at least one.
    """
    places = [
        {"chainId": domain.chain_id, "address": domain.verifying_contract} for domain in deployments
    ]
    structs: dict[str, _Fields] = {
        "Order": ORDER_FIELDS,
        "Voucher": VOUCHER_FIELDS,
        "CancelReceipt": CANCEL_RECEIPT_FIELDS,
    }
    return {
        "$schema": _SCHEMA,
        "context": {
            "eip712": {
                "domain": {"name": DOMAIN_NAME, "version": DOMAIN_VERSION},
                **({"deployments": places} if places else {}),
                "schemas": [_schema(name, fields) for name, fields in structs.items()],
            }
        },
        "metadata": {"owner": DOMAIN_NAME, "enums": _WORDS},
        "display": {
            "formats": {
                "Order": _order(),
                "Voucher": _voucher(),
                "CancelReceipt": _cancel_receipt(),
            }
        },
    }


def order_words(order: SignedOrder) -> list[tuple[str, str]]:
    """Return what a wallet with the descriptor shows of an order: labels and their texts, in order.

    The words are the descriptor's own; amounts are shown in the market's assets.

    Raises:
        SignatureError, ConfigurationError: as `hybrid_dex.signing.order_struct_hash`.
    """
    message, market = order_message(order), order.market
    assets = {"baseToken": market.base, "quoteToken": market.quote}
    return [(field["label"], _shown(field, message[field["path"]], assets)) for field in _ORDER]


def _shown(field: Mapping[str, Any], value: object, assets: Mapping[str, Asset]) -> str:
    """Return a value as the descriptor's format has it shown."""
    match field["format"]:
        case "tokenAmount":
            asset = assets[field["params"]["tokenPath"]]
            return f"{asset.format(int(str(value)))} {asset.id}"
        case "enum":
            name = field["params"]["$ref"].rpartition(".")[2]
            return str(_WORDS[name][str(value)])
        case "date":
            return format_date_time(int(str(value)) * _NANOSECONDS).replace(".000Z", "Z")
        case "unit":
            decimals = field["params"]["decimals"]
            return f"{format_units(int(str(value)), decimals)}{field['params']['base']}"
        case _:
            return str(value)


def _schema(struct: str, fields: _Fields) -> _Json:
    return {
        "primaryType": struct,
        "types": {
            name: [{"name": field, "type": kind} for field, kind in of]
            for name, of in {"EIP712Domain": DOMAIN_FIELDS, struct: fields}.items()
        },
    }


def _order() -> _Json:
    return {
        "intent": "Place an order",
        "fields": list(_ORDER),
        "required": [
            "side",
            "baseAmount",
            "quoteAmount",
            "flags",
            "maxFeePpm",
            "expiry",
            "trader",
        ],
        "excluded": ["market", "baseToken", "quoteToken", "nonce"],
    }


def _voucher() -> _Json:
    return {
        "intent": "Let an account withdraw",
        "fields": [
            _amount("amount", "Amount", "token"),
            _account("account", "From the account"),
            _account("recipient", "Paid to"),
            _date("deadline", "Until"),
        ],
        "required": ["amount", "account", "recipient", "deadline"],
        "excluded": ["token", "salt", "minBatch"],
    }


def _cancel_receipt() -> _Json:
    return {
        "intent": "Confirm a canceled order",
        "fields": [
            _account("trader", "Account"),
            _raw("market", "Market"),
            _raw("nonce", "Order"),
            _raw("filled", "Filled lots"),
            _raw("sequence", "Canceled at"),
        ],
        "required": ["trader", "market", "nonce", "filled", "sequence"],
    }


def _amount(path: str, label: str, token: str) -> _Json:
    params = {"tokenPath": token}
    return {"path": path, "label": label, "format": "tokenAmount", "params": params}


def _enum(path: str, label: str, name: str) -> _Json:
    params = {"$ref": f"$.metadata.enums.{name}"}
    return {"path": path, "label": label, "format": "enum", "params": params}


def _date(path: str, label: str) -> _Json:
    return {"path": path, "label": label, "format": "date", "params": {"encoding": "timestamp"}}


def _account(path: str, label: str) -> _Json:
    params = {"types": ["wallet", "eoa", "contract"], "sources": ["local", "ens"]}
    return {"path": path, "label": label, "format": "addressName", "params": params}


def _unit(path: str, label: str) -> _Json:
    """Parts per million, shown as a percentage."""
    return {"path": path, "label": label, "format": "unit", "params": {"base": "%", "decimals": 4}}


def _raw(path: str, label: str) -> _Json:
    return {"path": path, "label": label, "format": "raw"}


_ORDER: Final = (
    _enum("side", "Order", "side"),
    _amount("baseAmount", "Quantity", "baseToken"),
    _amount("quoteAmount", "Limit, in total", "quoteToken"),
    _enum("flags", "Time in force", "flags"),
    _unit("maxFeePpm", "Largest fee"),
    _date("expiry", "Expires"),
    _account("trader", "Account"),
)
"""What is shown of an order, in the order in which a wallet shows it."""
