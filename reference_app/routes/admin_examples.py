"""Examples of actions, one of each kind: shown in the document, and each is decoded by a test."""

from typing import Any, Final

__all__ = ["ACTIONS", "CANCELING", "CONFIRMATION", "PROPOSALS"]

_TRADER: Final = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
_DUE_MS: Final = 1_900_000_000_000
_FEES: Final = {"maker_fee_ppm": 50, "taker_fee_ppm": 150}


def _named(*actions: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        action["kind"]: {"id": f"2030-03-17-{number}", "reason": "as agreed", "action": action}
        for number, action in enumerate(actions, 1)
    }


ACTIONS: Final = _named(
    {"kind": "set_market_state", "market": "ETH-USDC", "state": "halted"},
    {"kind": "schedule_halt", "market": "ETH-USDC", "state": "halted", "due_ms": _DUE_MS},
    {"kind": "cancel_plan", "market": "ETH-USDC", "due_ms": _DUE_MS},
    {"kind": "cancel_orders", "market": "ETH-USDC"},
    {"kind": "stop_account", "account": _TRADER, "cancel": True},
    {"kind": "stop_all", "cancel": False},
    {"kind": "set_risk_tier", "tier": "makers", "limits": {"open_orders": 1_000}},
    {"kind": "assign_risk_tier", "account": _TRADER, "tier": "makers"},
    {"kind": "set_account_group", "account": _TRADER, "group": "one desk"},
    {"kind": "set_fees", "market": "ETH-USDC", "fees": _FEES},
    {"kind": "pause_settlement"},
    {"kind": "retry_settlement", "batch": 7, "bump": True},
)
"""One of each kind that is done at once."""

PROPOSALS: Final = _named(
    {"kind": "open_market", "market": "ETH-USDC", "state": "open"},
    {"kind": "schedule_opening", "market": "ETH-USDC", "state": "open", "due_ms": _DUE_MS},
    {
        "kind": "list_market",
        "state": "halted",
        "market": {
            "id": "ARB-USDC",
            "base_decimals": 18,
            "quote_decimals": 6,
            "tick": "0.0001",
            "lot": "0.01",
            "number": 7,
            "base_token": "0x912CE59144191C1204E64559FE8253a0e49E6548",
            "quote_token": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
            "maker_fee_ppm": 100,
            "taker_fee_ppm": 200,
        },
    },
    {"kind": "delist_market", "market": "ETH-USDC"},
    {"kind": "release_account", "account": _TRADER},
    {"kind": "release_all"},
    {"kind": "resume_settlement"},
)
"""One of each kind that takes two admins."""

CONFIRMATION: Final = {"a proposal as it was read": {"digest": "ab" * 32}}
CANCELING: Final = {"a mistake": {"reason": "the wrong market"}}
