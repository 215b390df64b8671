"""The words of scenarios about settlement and the chain: see `scenarios/README.md`.

Where a table says `Settlement: by hand`, fills are final, or fail, only when a row says so.
"""

from hybrid_dex.local import LocalExchange
from hybrid_dex.model import commands as c
from hybrid_dex.model.events import (
    AccountFrozen,
    AccountUnfrozen,
    ApprovalRevoked,
    Event,
    FillSettled,
    OrderApproved,
    SessionGranted,
    SessionRevoked,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
    WithdrawalChanged,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from hybrid_dex.model.signed_order import Authorization, Nonce, SignatureKind

STAGES = {
    "submit": SettlementStage.SUBMITTED,
    "confirm": SettlementStage.CONFIRMED,
    "settle": SettlementStage.FINAL,
}
SECOND = 10**9


class UnsettledExchange(LocalExchange):
    """Leaves fills in flight until somebody says what became of them."""

    def _make_final(self) -> tuple[Event, ...]:
        return ()

    def do(self, command: c.Command) -> tuple[Event, ...]:
        """Apply a command that has no method of its own."""
        return self._step(command)


class Chain:
    """What a table tells of the chain: facts become commands, events become words."""

    def __init__(self, exchange: UnsettledExchange, market: Market, names: dict[str, int]) -> None:
        self.exchange = exchange
        self.market = market
        self.names = names
        self.salts: dict[str, int] = {}

    def command(self, who: str, verb: str, rest: str) -> c.Command:
        """Return what a row says as a command."""
        match verb, rest.split():
            case (("submit" | "confirm" | "settle"), ["all"]):
                fills = tuple(fill.fill_id for fill in self.exchange.view.unsettled())
                return c.ConfirmSettlement(fills=fills, stage=STAGES[verb], batch=1)
            case "fail", [number, *blame]:
                fill = list(self.exchange.view.unsettled())[int(number) - 1]
                culprit = self.names[blame[1]] if blame else None
                return c.FailSettlement(failures=(FillFailure(fill.fill_id, 1, culprit),), batch=1)
            case "request", [amount, asset]:
                atoms = self.atoms(amount, asset)
                return c.RequestWithdrawal(account=who, asset=asset, amount=atoms)
            case "took", [amount, asset]:
                atoms = self.atoms(amount, asset)
                return c.CompleteWithdrawal(account=who, asset=asset, amount=atoms)
            case (("redeem" | "forfeit" | "voucher"), _):
                return self.voucher(who, verb, rest.split())
        return self.signer(who, verb, rest.split())

    def voucher(self, who: str, verb: str, words: list[str]) -> c.Command:
        """Vouchers: `voucher 3 USDC until 60s as v1`, `redeem v1 3 USDC`, `forfeit v1 USDC`."""
        match verb, words:
            case "voucher", [amount, asset, "until", end, "as", name]:
                self.salts[name] = self.exchange.view.sequence + 1
                return c.IssueVoucher(
                    account=who,
                    asset=asset,
                    amount=self.atoms(amount, asset),
                    recipient="somewhere",
                    deadline_s=int(end.removesuffix("s")),
                )
            case "redeem", [name, amount, asset]:
                atoms = self.atoms(amount, asset)
                salt = self.salts[name]
                return c.RedeemVoucher(account=who, asset=asset, amount=atoms, salt=salt)
            case "forfeit", [name, asset]:
                return c.ExpireVoucher(account=who, asset=asset, salt=self.salts[name])
        raise AssertionError(f"not a row: {verb} {words}")

    def signer(self, who: str, verb: str, words: list[str]) -> c.Command:
        """Other signers: grants, approvals, and the orders that they sign."""
        market = self.market.id
        match verb, words:
            case "grant", [key, "buy", amount, "sell", lots, "until", end]:
                return c.GrantSession(
                    account=who,
                    key=key,
                    market=market,
                    buy_budget=self.atoms(amount, "USDC"),
                    sell_budget=self.market.parse_quantity(lots),
                    expiry_s=int(end.removesuffix("s")),
                )
            case "revoke", [key]:
                return c.RevokeSession(account=who, key=key, market=market)
            case "approve", [name]:
                return c.ApproveOrder(account=who, order_hash=order_hash(name))
            case "disapprove", [name]:
                return c.RevokeApproval(account=who, order_hash=order_hash(name))
            case "sign", [side, quantity, "at", price, "with", signer, "until", end, "as", name]:
                self.names[name] = self.exchange.view.sequence + 1 << 8
                return c.PlaceOrder(
                    account=who,
                    market=market,
                    side=Side[side.upper()],
                    price=self.market.parse_price(price),
                    quantity=self.market.parse_quantity(quantity),
                    authorization=self.authorize(who, signer, int(end.removesuffix("s"))),
                )
        raise AssertionError(f"not a row: {verb} {words}")

    def authorize(self, who: str, signer: str, expiry_s: int) -> Authorization:
        """Of a session key, of an approved hash, or of the account itself; a lane for each order."""
        kind = SignatureKind.WALLET if signer == "wallet" else SignatureKind.SESSION
        if signer.startswith("hash"):
            kind = SignatureKind.APPROVED
        named = signer if kind is SignatureKind.SESSION else who
        nonce = Nonce(1, 0, len(self.names)).packed
        return Authorization(named, kind, 30_000, expiry_s, nonce, order_hash(signer), b"")

    def atoms(self, amount: str, asset: str) -> int:
        known = {one.id: one for one in (self.market.base, self.market.quote)}[asset]
        return 0 if amount == "0" else known.parse(amount)

    def words(self, event: Event) -> str | None:
        """Tell an event, or ``None`` when it is none of these."""
        match event:
            case FillSettled():
                taker, maker = self.name(event.taker_order), self.name(event.maker_order)
                return f"{taker} with {maker} {event.stage.name.lower()}"
            case WithdrawalChanged():
                return f"{self.amount(event.asset, event.requested)} requested"
            case AccountFrozen():
                return f"{event.account} frozen, {self.amount(event.asset, event.short)} short"
            case AccountUnfrozen():
                return f"{event.account} thawed"
            case SessionGranted():
                buys, sells = self.amount("USDC", event.buy_budget), event.sell_budget
                sold = self.market.format_quantity(sells)
                return f"{event.key} may buy for {buys} and sell {sold}"
            case SessionRevoked():
                return f"{event.key} revoked"
            case OrderApproved():
                return "approved"
            case ApprovalRevoked():
                return "disapproved"
            case VoucherIssued() | VoucherRedeemed() | VoucherExpired():
                return type(event).__name__.removeprefix("Voucher").lower()
        return None

    def name(self, order_id: int) -> str:
        return next((name for name, known in self.names.items() if known == order_id), "it")

    def amount(self, asset: str, atoms: int) -> str:
        known = {one.id: one for one in (self.market.base, self.market.quote)}
        return f"{known[asset].format(atoms)} {asset}"


def order_hash(name: str) -> bytes:
    """A hash of 32 bytes by a short name."""
    return name.encode().ljust(32, b".")
