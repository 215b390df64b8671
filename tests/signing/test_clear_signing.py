"""The ERC-7730 descriptor describes exactly the structs that are signed, and shows what matters."""

import json
import random
from importlib import resources
from typing import Any

import pytest

from hybrid_dex.model.decimal_text import format_units
from hybrid_dex.model.order import Side
from hybrid_dex.signing import Domain
from hybrid_dex.signing.clear_signing import clear_signing_descriptor, order_words
from hybrid_dex.signing.domain import DOMAIN_FIELDS
from hybrid_dex.signing.order import ORDER_FIELDS
from hybrid_dex.signing.receipts import CANCEL_RECEIPT_FIELDS, VOUCHER_FIELDS
from tests.signing import seeded_orders

STRUCTS = {"Order": ORDER_FIELDS, "Voucher": VOUCHER_FIELDS, "CancelReceipt": CANCEL_RECEIPT_FIELDS}
DOMAINS = [
    Domain(chain_id=chain, verifying_contract="0x5FbDB2315678afecb367f032d93F642f64180aa3")
    for chain in (1, 8453)
]
PARAMETERS = {
    "raw": set(),
    "tokenAmount": {"tokenPath"},
    "date": {"encoding"},
    "enum": {"$ref"},
    "unit": {"base", "decimals"},
    "addressName": {"types", "sources"},
}
"""The formats that are used, with the parameters that the specification gives them."""
SCREEN = 20
"""Characters that fit the smallest wallet's line."""


@pytest.fixture
def descriptor() -> dict[str, Any]:
    return clear_signing_descriptor(DOMAINS)


def test_the_shipped_file_is_the_template() -> None:
    shipped = resources.files("hybrid_dex.signing") / "eip712-hybrid-dex.json"
    assert shipped.read_text("utf-8") == json.dumps(clear_signing_descriptor(), indent=2) + "\n"
    assert "deployments" not in json.loads(shipped.read_text("utf-8"))["context"]["eip712"]


def test_it_binds_to_the_domain_and_the_deployments(descriptor: dict[str, Any]) -> None:
    assert set(descriptor) == {"$schema", "context", "metadata", "display"}
    bound = descriptor["context"]["eip712"]
    assert bound["domain"] == {"name": "hybrid-dex", "version": "1"}
    assert bound["deployments"] == [
        {"chainId": domain.chain_id, "address": domain.verifying_contract} for domain in DOMAINS
    ]


def test_its_schemas_are_the_signed_structs(descriptor: dict[str, Any]) -> None:
    schemas = descriptor["context"]["eip712"]["schemas"]
    assert [schema["primaryType"] for schema in schemas] == list(STRUCTS)
    for schema in schemas:
        struct = schema["primaryType"]
        expected = {"EIP712Domain": DOMAIN_FIELDS, struct: STRUCTS[struct]}
        found = {
            name: tuple((field["name"], field["type"]) for field in fields)
            for name, fields in schema["types"].items()
        }
        assert found == expected


@pytest.mark.parametrize("struct", STRUCTS)
def test_every_field_is_shown_or_left_out_on_purpose(
    descriptor: dict[str, Any], struct: str
) -> None:
    """And what may cost money is required."""
    shown = descriptor["display"]["formats"][struct]
    names = {name for name, _ in STRUCTS[struct]}
    paths = [field["path"] for field in shown["fields"]]
    excluded = shown.get("excluded", [])
    tokens = {
        field["params"]["tokenPath"] for field in shown["fields"] if "tokenPath" in str(field)
    }
    assert {*paths, *excluded} == names
    assert len(paths) + len(excluded) == len(names)
    assert shown["required"] == paths
    assert tokens <= names


@pytest.mark.parametrize("struct", STRUCTS)
def test_formats_fit_the_fields_and_the_screen(descriptor: dict[str, Any], struct: str) -> None:
    kinds = dict(STRUCTS[struct])
    shown = descriptor["display"]["formats"][struct]
    assert len(shown["intent"]) <= 30
    for field in shown["fields"]:
        format_ = field["format"]
        assert set(field.get("params", {})) == PARAMETERS[format_]
        assert len(field["label"]) <= SCREEN
        assert (kinds[field["path"]] == "address") == (format_ == "addressName")
        if format_ == "enum":
            name = field["params"]["$ref"].removeprefix("$.metadata.enums.")
            assert all(
                len(text) <= SCREEN for text in descriptor["metadata"]["enums"][name].values()
            )


def test_every_value_of_side_and_flags_has_words(descriptor: dict[str, Any]) -> None:
    enums = descriptor["metadata"]["enums"]
    assert list(enums["side"]) == ["0", "1"]
    assert list(enums["flags"]) == [str(flags) for flags in range(8)]
    assert len(set(enums["flags"].values())) == 8


def test_an_orders_words_are_those_that_a_wallet_with_the_descriptor_shows() -> None:
    """Every label of the descriptor, in its order; amounts in the market's assets."""
    rng = random.Random(5)
    order = seeded_orders.order(rng, seeded_orders.address_of(seeded_orders.private_key(rng)))
    words = order_words(order)
    shown = clear_signing_descriptor()["display"]["formats"]["Order"]["fields"]
    assert [label for label, _ in words] == [field["label"] for field in shown]
    told = dict(words)
    market = order.market
    assert told["Order"] == ("Buy" if order.side is Side.BUY else "Sell")
    quantity = market.base.format(market.base_amount(order.quantity))
    assert told["Quantity"] == f"{quantity} {market.base.id}"
    limit = market.quote.format(market.notional(order.price, order.quantity))
    assert told["Limit, in total"] == f"{limit} {market.quote.id}"
    assert told["Largest fee"] == f"{format_units(order.max_fee_ppm, 4)}%"
    assert told["Expires"].endswith("Z")
    assert told["Account"] == order.trader
