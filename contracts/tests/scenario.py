"""An exchange on a local chain, traders with keys, and batches of what they signed.

Orders are signed by eth-account from the typed data alone, batches are encoded by the library, and
what settles is read back from the receipt: nothing here repeats the contract's arithmetic.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from library import load_layout
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError
from web3.logs import DISCARD

layout = load_layout()
KINDS = layout.SignatureKind

WATCH_LAG, WINDOW_MAX, EXIT_DELAY = 60, 600, 3600
PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
LOT, TICK = 10**14, 1
MARKET = 1
BUY, SELL = 0, 1
POST_ONLY, IOC, FOK = 1, 2, 4
GAS = 16_000_000
MAIN = 10_000_000_000
"""Quote atoms and, in lots, base atoms that a trader starts with."""

TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "Order": [
        {"name": "trader", "type": "address"},
        {"name": "market", "type": "uint32"},
        {"name": "baseToken", "type": "address"},
        {"name": "quoteToken", "type": "address"},
        {"name": "side", "type": "uint8"},
        {"name": "flags", "type": "uint8"},
        {"name": "baseAmount", "type": "uint128"},
        {"name": "quoteAmount", "type": "uint128"},
        {"name": "maxFeePpm", "type": "uint16"},
        {"name": "expiry", "type": "uint40"},
        {"name": "nonce", "type": "uint64"},
    ],
}


EMPTY_ORDER = {
    field["name"]: "0x" + "00" * 20 if field["type"] == "address" else 0 for field in TYPES["Order"]
}


def nonce(counter: int, revision: int = 0, lane: int = 0) -> int:
    return counter << 24 | revision << 16 | lane


@dataclass(frozen=True)
class Trader:
    """A key and its address."""

    account: Any

    @property
    def address(self) -> str:
        return self.account.address

    @property
    def raw(self) -> bytes:
        return bytes.fromhex(self.address[2:])


def session_key(index: int) -> Trader:
    """A key that holds nothing itself."""
    return Trader(Account.from_key(keccak(text=f"session {index}")))


def compact(signer: Trader, digest: bytes) -> bytes:
    """A signature as r and vs (EIP-2098)."""
    signature = signer.account.unsafe_sign_hash(digest)
    vs = signature.s | (signature.v - 27) << 255
    return signature.r.to_bytes(32, "big") + vs.to_bytes(32, "big")


@dataclass(frozen=True)
class Market:
    """What the contract knows of a market."""

    number: int
    base: Contract
    quote: Contract
    lot_size: int = LOT
    tick_size: int = TICK


@dataclass(frozen=True, eq=False)
class Signed:
    """An order's entry in a batch, and the digest that was signed."""

    market: Market
    entry: Any
    digest: bytes


@dataclass
class Outcome:
    """What a settled batch left behind."""

    receipt: Any
    batch: Any
    event: Any
    skips: list[tuple[int, int, int, int]]
    """sequence, index, culprit, reason"""

    @property
    def gas(self) -> int:
        return self.receipt["gasUsed"]

    @property
    def reasons(self) -> list[tuple[int, int]]:
        """Culprit and reason of each skip."""
        return [skip[2:] for skip in self.skips]


@dataclass
class Scenario:
    """One deployed exchange and the calls that tests make on it."""

    w3: Web3
    exchange: Contract
    owner: str
    operator: str
    market: Market
    sequence: int = 0
    traders: dict[int, Trader] = field(default_factory=dict)
    functions: dict[str, Contract] = field(default_factory=dict)

    # Chain

    def now(self) -> int:
        return self.w3.eth.get_block("latest")["timestamp"]

    def rpc(self, method: str, *arguments: Any) -> Any:
        answer = self.w3.provider.make_request(method, list(arguments))
        assert "error" not in answer, answer
        return answer.get("result")

    def advance(self, seconds: int) -> None:
        """Mine a block so much later."""
        self.rpc("evm_setNextBlockTimestamp", self.now() + seconds)
        self.rpc("evm_mine")

    def send(self, function: Any, sender: str) -> Any:
        """Call first, so that a revert has its reason, then send and return the receipt."""
        function.call({"from": sender, "gas": GAS})
        receipt = self.w3.eth.wait_for_transaction_receipt(
            function.transact({"from": sender, "gas": GAS}), poll_latency=0.005
        )
        assert receipt["status"] == 1
        return receipt

    def do(self, trader: "Trader | str", name: str, *arguments: Any) -> Any:
        """Send one of the exchange's functions."""
        sender = trader.address if isinstance(trader, Trader) else trader
        return self.send(self.function(name)(*arguments), sender)

    def read(self, name: str, *arguments: Any) -> Any:
        return self.function(name)(*arguments).call()

    def function(self, name: str) -> Any:
        """One of the exchange's functions, alone: web3 checks a contract's whole interface at each call."""
        if name not in self.functions:
            abi = [one for one in self.exchange.abi if one["type"] == "function"]
            entry = [one for one in abi if one["name"] == name]
            self.functions[name] = self.w3.eth.contract(self.exchange.address, abi=entry)
        return self.functions[name].functions[name]

    @contextmanager
    def reverts(self, signature: str) -> Iterator[None]:
        """Expect a custom error of this signature, ``Name(type,type)``."""
        with pytest.raises(ContractCustomError) as caught:
            yield
        got = str(caught.value.data)[2:10]
        assert got == keccak(text=signature)[:4].hex(), f"{caught.value.data} is not {signature}"

    # Traders

    def trader(self, index: int, *, base: int = MAIN, quote: int = MAIN) -> Trader:
        """The index-th trader, on first use funded and deposited: base in lots, quote in atoms."""
        if index not in self.traders:
            trader = Trader(Account.from_key(keccak(text=f"trader {index}")))
            self.traders[index] = trader
            self.rpc("anvil_setBalance", trader.address, hex(10**20))
            self.deposit(trader, self.market.base, base * self.market.lot_size)
            self.deposit(trader, self.market.quote, quote)
        return self.traders[index]

    def fund(self, trader: Trader, token: Contract, amount: int) -> None:
        """Mint and approve."""
        for function in (
            token.functions.mint(trader.address, amount),
            token.functions.approve(self.exchange.address, amount),
        ):
            self.w3.eth.wait_for_transaction_receipt(
                function.transact({"from": trader.address, "gas": GAS}), poll_latency=0.005
            )

    def deposit(self, trader: Trader, token: Contract, amount: int) -> None:
        if amount:
            self.fund(trader, token, amount)
            self.do(trader, "deposit", token.address, amount)

    def balance(self, trader: Trader, token: Contract) -> int:
        return self.read("balanceOf", trader.address, token.address)

    # Orders and batches

    def terms(
        self, trader: Trader, side: int, price: int, lots: int, **changes: Any
    ) -> dict[str, Any]:
        """The typed data's message."""
        market = changes.get("market", self.market)
        return {
            "trader": trader.address,
            "market": market.number,
            "baseToken": market.base.address,
            "quoteToken": market.quote.address,
            "side": side,
            "flags": changes.get("flags", 0),
            "baseAmount": lots * market.lot_size,
            "quoteAmount": price * lots * market.tick_size,
            "maxFeePpm": changes.get("max_fee", 1000),
            "expiry": changes.get("expiry", self.now() + 3000),
            "nonce": changes.get("nonce", nonce(1)),
        }

    def document(self, message: dict[str, Any], height: int = 0) -> dict[str, Any]:
        """The typed data of an order, or of a tree of orders so high."""
        domain = {
            "name": "hybrid-dex",
            "version": "1",
            "chainId": self.w3.eth.chain_id,
            "verifyingContract": self.exchange.address,
        }
        tree = {"BulkOrder": [{"name": "tree", "type": "Order" + "[2]" * height}]} if height else {}
        primary = "BulkOrder" if height else "Order"
        return {"types": TYPES | tree, "primaryType": primary, "domain": domain, "message": message}

    def sign(self, trader: Trader, side: int, price: int, lots: int, **changes: Any) -> Signed:
        """An order signed by its trader, by ``signer`` or by a ``session``; unsigned if ``approved``.

        ``entry`` replaces fields after signing.
        """
        message = self.terms(trader, side, price, lots, **changes)
        signable = encode_typed_data(full_message=self.document(message))
        digest = keccak(b"\x19" + signable.version + signable.header + signable.body)
        session = changes.get("session")
        fields = {
            "account": trader.raw,
            "side": side,
            "flags": message["flags"],
            "price": price,
            "lots": lots,
            "max_fee_ppm": message["maxFeePpm"],
            "fee_rate_ppm": changes.get("fee", 0),
            "expiry_s": message["expiry"],
            "nonce": message["nonce"],
            "signature": compact(changes.get("signer", session or trader), digest),
        }
        if session:
            fields |= {"kind": KINDS.SESSION, "session_key": session.raw}
        if changes.get("approved"):
            fields |= {"kind": KINDS.APPROVED, "signature": b""}
        entry = layout.OrderEntry(**(fields | changes.get("entry", {})))
        return Signed(changes.get("market", self.market), entry, digest)

    def sign_tree(
        self, trader: Trader, height: int, *orders: tuple[Any, ...], **changes: Any
    ) -> list[Signed]:
        """Orders ``(side, price, lots, changes)`` under one signature; the leaves after them are empty."""
        plain = [self.sign(trader, *terms, **more) for *terms, more in orders]
        messages = [self.terms(trader, *terms, **more) for *terms, more in orders]
        leaves = messages + [EMPTY_ORDER] * ((1 << height) - len(messages))
        level = [encode_typed_data(full_message=self.document(leaf)).body for leaf in leaves]
        nested: list[Any] = leaves
        levels = []
        while len(level) > 1:
            levels.append(level)
            level = [keccak(a + b) for a, b in zip(level[::2], level[1::2], strict=True)]
            nested = [list(pair) for pair in zip(nested[::2], nested[1::2], strict=True)]
        signable = encode_typed_data(full_message=self.document({"tree": nested[0]}, height))
        digest = keccak(b"\x19" + signable.version + signable.header + signable.body)
        signature = compact(changes.get("signer", trader), digest)
        return [
            self.replace(
                order,
                kind=KINDS.BULK,
                signature=signature,
                root=level[0],
                leaf=leaf,
                proof=tuple(nodes[leaf >> k ^ 1] for k, nodes in enumerate(levels)),
            )
            for leaf, order in enumerate(plain)
        ]

    @staticmethod
    def replace(order: Signed, **fields: Any) -> Signed:
        """An order's entry with other fields than were signed."""
        return replace(order, entry=msgspec.structs.replace(order.entry, **fields))

    def grant(self, trader: Trader, key: Trader, **changes: Any) -> None:
        """Grant a session, large unless said otherwise."""
        market = changes.get("market", self.market).number
        budgets = changes.get("buy", MAIN), changes.get("sell", MAIN)
        expiry = changes.get("expiry", self.now() + 3000)
        self.do(trader, "grantSession", key.address, market, *budgets, expiry)

    def buy(self, index: int, price: int, lots: int, **changes: Any) -> Signed:
        return self.sign(self.trader(index), BUY, price, lots, **changes)

    def sell(self, index: int, price: int, lots: int, **changes: Any) -> Signed:
        return self.sign(self.trader(index), SELL, price, lots, **changes)

    def section(self, *groups: tuple[Any, ...]) -> Any:
        """A section of groups, each ``(taker, (maker, lots), ...)``, with rising sequences."""
        orders: list[Signed] = []
        listed = []
        for taker, *fills in groups:
            for order in (taker, *(maker for maker, _ in fills)):
                if order not in orders:
                    orders.append(order)
            self.sequence += 1
            listed.append(
                layout.Group(
                    layout.group_sequence(self.sequence),
                    orders.index(taker),
                    tuple(layout.FillEntry(orders.index(maker), lots) for maker, lots in fills),
                )
            )
        self.digests = [order.digest for order in orders]
        return layout.Section(
            orders[0].market.number, tuple(order.entry for order in orders), tuple(listed)
        )

    def batch(self, *sections: Any, **changes: Any) -> Any:
        """The next batch, with header fields replaced by ``changes``."""
        number, _, last, root = self.read("batchState")
        header = {
            "number": number + 1,
            "matched_through_s": self.now(),
            "up_to": max(last, layout.group_sequence(self.sequence)),
            "previous_root": root,
            "journal_hash": keccak(text=f"journal {number}"),
        }
        return layout.Batch(**(header | changes), sections=sections)

    def send_batch(self, batch: Any, data: bytes | None = None) -> Outcome:
        encoded = layout.encode_batch(batch) if data is None else data
        receipt = self.send(self.exchange.functions.settle(encoded), self.operator)
        event = self.exchange.events.BatchSettled().process_receipt(receipt, errors=DISCARD)[0]
        skips = [
            (
                skip["args"]["sequence"],
                skip["args"]["index"],
                skip["args"]["culprit"],
                skip["args"]["reason"],
            )
            for skip in self.exchange.events.FillSkipped().process_receipt(receipt, errors=DISCARD)
        ]
        return Outcome(receipt, batch, event["args"], skips)

    def settle(self, *groups: tuple[Any, ...], **changes: Any) -> Outcome:
        """Settle groups of one market as one batch."""
        sections = (self.section(*groups),) if groups else ()
        return self.send_batch(self.batch(*sections, **changes))

    def cover(self) -> None:
        """Let time pass and a heartbeat say that matching went on: what was requested takes effect."""
        self.advance(WATCH_LAG + 2)
        self.settle()

    def assert_solvent(self) -> None:
        """Every token: balances and fees add up to liabilities, which the vault holds exactly."""
        for token in (self.market.base, self.market.quote):
            owed = sum(self.balance(trader, token) for trader in self.traders.values())
            owed += self.read("feesOf", token.address)
            assert owed == self.read("liabilities", token.address)
            assert owed == token.functions.balanceOf(self.exchange.address).call()
