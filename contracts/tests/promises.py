"""What the operator signs for a user, signed by eth-account from the typed data alone."""

from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils import keccak
from scenario import TYPES, Scenario, Trader, layout, nonce

VOUCHER = {
    "account": "address",
    "token": "address",
    "amount": "uint128",
    "recipient": "address",
    "salt": "uint256",
    "deadline": "uint40",
    "minBatch": "uint48",
}
CANCEL_RECEIPT = {
    "trader": "address",
    "market": "uint32",
    "nonce": "uint64",
    "filled": "uint48",
    "sequence": "uint48",
}
NAMES = {"Voucher": VOUCHER, "CancelReceipt": CANCEL_RECEIPT}


def digest(scenario: Scenario, name: str, message: dict[str, Any]) -> bytes:
    """The EIP-712 digest of a voucher or a receipt in the exchange's domain."""
    members = [{"name": field, "type": kind} for field, kind in NAMES[name].items()]
    signable = encode_typed_data(
        full_message={
            "types": {"EIP712Domain": TYPES["EIP712Domain"], name: members},
            "primaryType": name,
            "domain": {
                "name": "hybrid-dex",
                "version": "1",
                "chainId": scenario.w3.eth.chain_id,
                "verifyingContract": scenario.exchange.address,
            },
            "message": message,
        }
    )
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def signed(scenario: Scenario, key: Any, name: str, message: dict[str, Any]) -> bytes:
    """The signature r, s, v of a key over a voucher or a receipt."""
    return bytes(key.unsafe_sign_hash(digest(scenario, name, message)).signature)


def voucher(scenario: Scenario, trader: Trader, **changes: Any) -> dict[str, Any]:
    """A voucher of a trader over 500 quote atoms, good now."""
    return {
        "account": trader.address,
        "token": scenario.market.quote.address,
        "amount": 500,
        "recipient": trader.address,
        "salt": 7,
        "deadline": scenario.now() + 300,
        "minBatch": 0,
    } | changes


def receipt(scenario: Scenario, trader: Trader, **changes: Any) -> dict[str, Any]:
    """A receipt for a trader's first order, of which nothing was filled, good now."""
    return {
        "trader": trader.address,
        "market": scenario.market.number,
        "nonce": nonce(1),
        "filled": 0,
        "sequence": layout.group_sequence(0),
    } | changes
