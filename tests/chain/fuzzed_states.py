"""Random states that an operator may leave a vault in, made on the real contracts, quickly.

Everything goes through the node as plain JSON-RPC: calls are encoded without a library's checks,
accounts are impersonated, and each step is one block of several transactions. Some of them are
refused by the contract; that is part of the state.
"""

from __future__ import annotations

import http.client
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs
import msgspec
from eth_abi.abi import encode

from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import OrderTerms
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId, FeePpm, Price, Quantity
from hybrid_dex.model.vouchers import CancelReceipt, Voucher
from hybrid_dex.settlement.batching import group_fills, pack_batch
from hybrid_dex.settlement.deployment import Delays, Deployment
from hybrid_dex.settlement.evm.artifact import load_artifact
from hybrid_dex.settlement.layout import encode_batch
from hybrid_dex.signing import (
    Domain,
    LocalSigner,
    cancel_receipt_digest,
    keccak256,
    order_digest,
    voucher_digest,
)
from tests.chain.harness import GIVE_UP_S, OPERATOR_KEY, OWNER_KEY, Anvil, key, match, terms

__all__ = ["HOSTILE_CODES", "USERS", "Chain", "StateMaker", "call"]

EVERYTHING: Final = (1 << 112) - 1
USERS: Final = 5
HOSTILE_CODES: Final = {
    "reverts": "0x5f5ffd",
    "burns all gas": "0x5b5f56",
    "says no": "0x5f5f5260205ff3",
    "is gone": "0x",
}
Call = tuple[str, str, str]
"""Sender, target, data."""
_PLENTY: Final = 10**30
_SEVERAL: Final = 100_000
_GAS_PRICE: Final = hex(100 * 10**9)
_GAS: Final = hex(500_000)
_SETTLE_GAS: Final = hex(6_000_000)


def call(signature: str, *values: Any) -> str:
    """Encode a call, 0x-hex."""
    kinds = signature[signature.index("(") + 1 : -1]
    types = _split(kinds)
    return "0x" + (keccak256(signature.encode())[:4] + encode(types, values)).hex()


def _split(kinds: str) -> list[str]:
    parts, depth = [""], 0
    for letter in kinds:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part]


def _named(entry: dict[str, Any]) -> str:
    return f"{entry['name']}({','.join(part['type'] for part in entry['inputs'])})"


@attrs.define
class Chain:
    """The node, with whole blocks as steps, over one connection that stays open."""

    anvil: Anvil
    contract: str
    _line: http.client.HTTPConnection = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", self.anvil.port, timeout=GIVE_UP_S)

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def rpc(self, *calls: tuple[str, Any]) -> list[Any]:
        """Make calls in one request; only those whose order makes no difference together."""
        bodies = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(calls)
        ]
        self._line.request("POST", "/", json.dumps(bodies), {"Content-Type": "application/json"})
        answers = json.loads(self._line.getresponse().read())
        assert not any("error" in answer for answer in answers), answers
        return [answer["result"] for answer in sorted(answers, key=lambda each: each["id"])]

    def block(self, *calls: Call, at_s: int | None = None) -> int:
        """Mine calls (sender, target, data) in this order; return the block's timestamp."""
        for sender, target, data in calls:
            fields = {"from": sender, "to": target, "data": data, "gasPrice": _GAS_PRICE}
            fields["gas"] = _SETTLE_GAS if data.startswith(_SETTLE) else _GAS
            self.rpc(("eth_sendTransaction", [fields]))
        if at_s is not None:
            self.rpc(("evm_setNextBlockTimestamp", [at_s]))
        self.rpc(("evm_mine", []))
        return self.now_s()

    def now_s(self) -> int:
        """The newest block's timestamp."""
        return int(self.rpc(("eth_getBlockByNumber", ["latest", False]))[0]["timestamp"], 16)

    def views(self, *calls: tuple[str, str]) -> list[bytes]:
        """Ask contracts (target, data) in the newest block."""
        asked = [("eth_call", [{"to": to, "data": data}, "latest"]) for to, data in calls]
        return [bytes.fromhex(answer[2:]) for answer in self.rpc(*asked)]

    def view(self, target: str, data: str) -> bytes:
        """Ask one."""
        return self.views((target, data))[0]

    def number(self, target: str, signature: str, *values: Any) -> int:
        """The first word of an answer."""
        return int.from_bytes(self.view(target, call(signature, *values))[:32], "big")


_EVENTS: Final = {
    "0x" + keccak256(_named(entry).encode()).hex(): str(entry["name"])
    for entry in load_artifact("Exchange").abi
    if entry["type"] == "event"
}
_SETTLE: Final = call("settle(bytes)", b"")[:10]


@attrs.define
class StateMaker:
    """Makes one random state after another from the same beginning.

    Attributes:
        happened: what the states made so far held, for a test that wants all of it.
    """

    chain: Chain
    deployment: Deployment
    delays: Delays
    rng: random.Random
    happened: Counter[str] = attrs.field(factory=Counter)
    users: list[LocalSigner] = attrs.field(init=False)
    assets: list[Asset] = attrs.field(init=False)
    _domain: Domain = attrs.field(init=False)
    _counter: int = attrs.field(default=0, init=False)
    _sequence: int = attrs.field(default=0, init=False)
    _salt: int = attrs.field(default=0, init=False)
    _orders: list[SignedOrder] = attrs.field(factory=list, init=False)
    _numbers: int = attrs.field(default=0, init=False)
    _first: list[Call] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.users = [LocalSigner(key(100 + number)) for number in range(USERS)]
        markets = self.deployment.markets
        self.assets = list({m.id: m for each in markets for m in (each.base, each.quote)}.values())
        self._domain = Domain(
            chain_id=self.deployment.chain_id, verifying_contract=self.deployment.contract
        )

    def prepare(self) -> None:
        """Give every user plenty of every token, and the vault leave to take it."""
        owner = LocalSigner(OWNER_KEY).address
        for user in (*self.users, LocalSigner(OPERATOR_KEY)):
            self.chain.anvil.rpc("anvil_setBalance", user.address, hex(10**24))
        for asset in self.assets:
            mint = [
                (owner, _token(asset), call("mint(address,uint256)", user.address, _PLENTY))
                for user in self.users
            ]
            approve = [
                (
                    user.address,
                    _token(asset),
                    call("approve(address,uint256)", self.chain.contract, (1 << 256) - 1),
                )
                for user in self.users
            ]
            self.chain.block(*mint, *approve)

    def make(self) -> None:
        """Leave the vault in another random state: the operator does nothing after this."""
        self._orders.clear()
        first = self.chain.anvil.height() + 1
        self.chain.block(*(self._deposit(user) for user in self.users for _ in range(2)))
        rich = [user for user in self.users if self.rng.random() < 0.8]
        big = "deposit(address,uint256)"
        self.chain.block(
            *(
                self._to_vault(u, big, token, 10**21)
                for u in rich
                for token in tokens_of(self.assets)
            )
        )
        steps: list[Callable[[], Call | None]] = [
            *[self._users_request] * 6,
            *[self._batch] * 4,
            *[self._delegates] * 3,
            *[self._promise] * 3,
            *[self._cancels] * 2,
            self._owner_acts,
        ]
        for _ in range(self.rng.randrange(2, 8)):
            calls = [self.rng.choice(steps)() for _ in range(self.rng.randrange(1, 6))]
            now_s = self.chain.now_s()
            later_s = self.rng.choice(
                (1, 5, 40, self.delays.window_max_s // 2, self.delays.window_max_s)
            )
            first_of_all, self._first = self._first, []
            self.chain.block(*first_of_all, *filter(None, calls), at_s=now_s + later_s)
        if self.rng.random() < 0.3:
            self.happened["matched, never settled"] += bool(self._match())
        if self.rng.random() < 0.15:  # a step above hardly finds a fee
            taken = (self._fees_taken(token) for token in tokens_of(self.assets))
            self.chain.block(*((self._owner, self.chain.contract, data) for data in taken))
        if self.rng.random() < 0.25:
            self.chain.block((self._owner, self.chain.contract, call("pause()")))
        silence_s = self.rng.choice((1, 1, 60, self.delays.window_max_s, self.delays.exit_delay_s))
        somebody = self.rng.choice(self.users).address
        freeze = (
            [(somebody, self.chain.contract, call("freeze()"))] if self.rng.random() < 0.5 else []
        )
        self.chain.block(*freeze, at_s=self.chain.now_s() + silence_s + 1)
        self._count(first)
        self.happened["paused"] += self.chain.number(self.chain.contract, "paused()")
        self.happened["frozen"] += self.chain.number(self.chain.contract, "frozen()")

    def _count(self, first: int) -> None:
        """Count what the contract says that happened, not what was tried."""
        wanted = {"address": self.chain.contract, "fromBlock": hex(first), "toBlock": "latest"}
        for log in self.chain.anvil.rpc("eth_getLogs", wanted):
            name = _EVENTS[log["topics"][0]]
            self.happened[name] += 1
            if name == "BatchSettled":
                self.happened["fills settled"] += int(log["data"][-64:], 16)

    @property
    def _owner(self) -> str:
        return LocalSigner(OWNER_KEY).address

    def _to_vault(self, user: LocalSigner, signature: str, *values: Any) -> Call:
        return user.address, self.chain.contract, call(signature, *values)

    def _deposit(self, user: LocalSigner) -> Call:
        token = _token(self.rng.choice(self.assets))
        amount = self.rng.choice((1, 7, 10**9, 10**15, 10**18, 3 * 10**20))
        return self._to_vault(user, "deposit(address,uint256)", token, amount)

    # What users do

    def _users_request(self) -> Call:
        user, token = self.rng.choice(self.users), _token(self.rng.choice(self.assets))
        amount = self.rng.choice((1, 10**9, 10**18, EVERYTHING))
        kind = self.rng.randrange(6)
        match kind:
            case 0:
                return self._deposit(user)
            case 1 | 2:
                return self._to_vault(user, "requestWithdrawal(address,uint256)", token, amount)
            case 3:
                tokens = [_token(asset) for asset in self.rng.sample(self.assets, 2)]
                return self._to_vault(user, "exit(address[])", tokens)
            case 4:
                return self._to_vault(user, "cancelWithdrawalRequest(address)", token)
            case _:
                return self._to_vault(user, "withdraw(address,address)", token, user.address)

    def _cancels(self) -> Call:
        user, market = self.rng.choice(self.users), self.rng.choice(self.deployment.markets)
        if self.rng.random() < 0.5:
            nonce = Nonce(self.rng.randrange(1, 50), 0, self.rng.randrange(3)).packed
            return self._to_vault(user, "cancel(uint32,uint64)", market.number, nonce)
        floor = self.rng.randrange(1, 20)
        return self._to_vault(user, "cancelUpTo(address,uint40)", _token(market.quote), floor)

    def _delegates(self) -> Call:
        user, market = self.rng.choice(self.users), self.rng.choice(self.deployment.markets)
        match self.rng.randrange(4):
            case 0:
                return self._grant(user, market)
            case 1:
                key_ = self._session(user).address
                return self._to_vault(user, "revokeSession(address,uint32)", key_, market.number)
            case 2:
                digest = order_digest(self._order(user, market, Side.SELL), self._domain)
                return self._to_vault(user, "approveOrder(bytes32)", digest)
            case _:
                order = self.rng.choice(self._orders) if self._orders else None
                digest = bytes(32) if order is None else order_digest(order, self._domain)
                return self._to_vault(user, "revokeApproval(bytes32)", digest)

    def _grant(self, user: LocalSigner, market: Market) -> Call:
        expiry_s = self.chain.now_s() + 10**6
        return self._to_vault(
            user,
            "grantSession(address,uint32,uint96,uint72,uint40)",
            *(self._session(user).address, market.number, 10**21, 10**9, expiry_s),
        )

    # What the operator does, as long as it lives

    def _promise(self) -> Call | None:
        """A voucher or a cancel receipt, signed by the operator; not every user redeems it."""
        user, operator = self.rng.choice(self.users), LocalSigner(OPERATOR_KEY)
        if self._orders and self.rng.random() < 0.3:
            order = self.rng.choice(self._orders)
            receipt = CancelReceipt(
                trader=order.trader,
                market=order.market.id,
                nonce=order.nonce.packed,
                filled=0,
                sequence=0,
            )
            digest = cancel_receipt_digest(receipt, order.market, self._domain)
            values = (order.trader, order.market.number, order.nonce.packed, 0, 0)
            return (
                order.trader,
                self.chain.contract,
                call(
                    "cancelWithReceipt((address,uint32,uint64,uint48,uint48),bytes)",
                    *(values, operator.sign_digest(digest)),
                ),
            )
        asset = self.rng.choice(self.assets)
        self._salt += 1
        voucher = Voucher(
            account=AccountId(user.address),
            asset=asset.id,
            amount=self.rng.choice((1, 10**9, 10**17)),
            recipient=user.address,
            salt=self._salt,
            deadline_s=self.chain.now_s() + self.rng.choice((0, 10**5)),
            min_batch=self.rng.choice((0, 0, 2)),
        )
        digest = voucher_digest(voucher, asset, self._domain)
        if self.rng.random() < 0.4:
            self.happened["a voucher never redeemed"] += 1
            return None
        paid = (
            *(voucher.account, _token(asset), voucher.amount, voucher.recipient),
            *(voucher.salt, voucher.deadline_s, voucher.min_batch),
        )
        kinds = "(address,address,uint128,address,uint256,uint40,uint48)"
        return self._to_vault(
            user, f"withdrawWithVoucher({kinds},bytes)", paid, operator.sign_digest(digest)
        )

    def _owner_acts(self) -> Call:
        token = _token(self.rng.choice(self.assets))
        market = self.rng.choice(self.deployment.markets).number
        data = self.rng.choice(
            (
                call("pause()"),
                call("unpause()"),
                call("unpause()"),
                self._fees_taken(token),
                call("closeMarket(uint32)", market),
                call("setDepositsOpen(address,bool)", token, False),
            )
        )
        return self._owner, self.chain.contract, data

    def _fees_taken(self, token: str) -> str:
        return call("withdrawFees(address,address)", token, self._owner)

    def _batch(self) -> Call:
        """Settle what was matched in one to three groups; sometimes nothing, as a heartbeat."""
        state = self.chain.view(self.chain.contract, call("batchState()"))
        number, through_s, sequence, root = (state[at : at + 32] for at in range(0, 128, 32))
        self._sequence = max(self._sequence, int.from_bytes(sequence, "big") >> 8)
        matched = [self._match() for _ in range(self.rng.randrange(4))]
        groups = [group for fills in matched for group in group_fills(fills)]
        now_s = self.chain.now_s()
        batch = pack_batch(
            groups,
            {market.id: market for market in self.deployment.markets},
            number=int.from_bytes(number, "big") + 1,
            previous_root=root,
            matched_through_s=max(int.from_bytes(through_s, "big"), now_s),
            up_to=max(self._sequence << 8 | 255, int.from_bytes(sequence, "big")),
        )
        operator = LocalSigner(OPERATOR_KEY).address
        return operator, self.chain.contract, call("settle(bytes)", encode_batch(batch))

    def _match(self) -> list[Any]:
        """One taker against one or two makers, each under some kind of signature."""
        market = self.rng.choice(self.deployment.markets)
        taker, *makers = self.rng.sample(self.users, self.rng.randrange(2, 4))
        side = self.rng.choice(list(Side))
        other = Side.SELL if side is Side.BUY else Side.BUY
        incoming = self._terms(taker, market, side)
        resting = [
            (self._terms(maker, market, other), self.rng.randrange(1, 50)) for maker in makers
        ]
        self._sequence += 1
        return match(self._sequence, market, incoming, resting, at_ns=self.chain.now_s() * 10**9)

    def _terms(self, user: LocalSigner, market: Market, side: Side) -> OrderTerms:
        draft = self._order(user, market, side)
        kind = self.rng.choice((*SignatureKind, SignatureKind.WALLET))
        self.happened[f"signed by {kind.name.lower()}"] += 1
        match kind:
            case SignatureKind.SESSION:
                if self.rng.random() < 0.7:
                    self._first.append(self._grant(user, market))
                order = self._session(user).sign_session_order(draft, self._domain)
            case SignatureKind.BULK:
                more = [draft, self._order(user, market, side)]
                order = user.sign_bulk(more, self._domain)[0]
            case SignatureKind.APPROVED:
                order = msgspec.structs.replace(draft, signature_kind=SignatureKind.APPROVED)
                if self.rng.random() < 0.7:
                    digest = order_digest(order, self._domain)
                    self._first.append(self._to_vault(user, "approveOrder(bytes32)", digest))
            case _:
                order = user.sign_order(draft, self._domain)
        self._orders.append(order)
        self._numbers += 1
        return terms(order, self._domain, self._numbers)

    def _order(self, user: LocalSigner, market: Market, side: Side) -> SignedOrder:
        self._counter += 1
        return SignedOrder(
            trader=AccountId(user.address),
            market=market,
            side=side,
            price=Price(1_000 + (10 if side is Side.BUY else 0)),
            quantity=Quantity(_SEVERAL),
            max_fee_ppm=FeePpm(1_000),
            expiry_s=self.chain.now_s() + 86_400,
            nonce=Nonce(self._counter, 0, self.rng.randrange(3)),
            signature=b"",
        )

    def _session(self, user: LocalSigner) -> LocalSigner:
        return LocalSigner(key(200 + self.users.index(user)))


def _token(asset: Asset) -> str:
    assert asset.token is not None
    return asset.token


def tokens_of(assets: Sequence[Asset]) -> list[str]:
    """Their addresses."""
    return [_token(asset) for asset in assets]
