"""Who trades in the demo: accounts with well-known keys, worth nothing outside this machine."""

from typing import Final

import attrs
from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic

from hybrid_dex.model.market import Market

__all__ = ["MARKET", "DemoAccount", "demo_accounts"]

MNEMONIC: Final = "test test test test test test test test test test test junk"
"""The development mnemonic that every local EVM node funds; never use it elsewhere."""

_VISITOR: Final = 100
"""Beyond the accounts that a node funds, so nobody else has it by accident."""

MARKET: Final = Market.spot(
    "ETH-USDC",
    number=1,
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    maker_fee_ppm=100,
    taker_fee_ppm=500,
    minimum_notional="1",
)
"""What the demo trades; its tokens get their addresses when they are deployed."""


@attrs.frozen(kw_only=True)
class DemoAccount:
    """One account.

    Attributes:
        name: what the view calls it.
        address: checksummed.
        key: private key, 0x-hex.
        base: what it deposits of the market's base, decimal text.
        quote: what it deposits of the market's quote, decimal text.
    """

    name: str
    address: str
    key: str = attrs.field(repr=False)
    base: str = "0"
    quote: str = "0"


@attrs.frozen(kw_only=True)
class DemoAccounts:
    """Everybody: the contract's owner, its operator, those who trade, and whoever opens the pages."""

    owner: DemoAccount
    operator: DemoAccount
    maker: DemoAccount
    takers: tuple[DemoAccount, ...]
    visitor: DemoAccount

    @property
    def funded(self) -> tuple[DemoAccount, ...]:
        """Those with funds in the vault: whoever trades by itself, and the pages' demo wallet."""
        return (*self.traders, self.visitor)

    @property
    def traders(self) -> tuple[DemoAccount, ...]:
        """Those who trade by themselves."""
        return (self.maker, *self.takers)


def demo_accounts(takers: int) -> DemoAccounts:
    """Return the demo's accounts, the same ones every time."""
    seed = seed_from_mnemonic(MNEMONIC, "")

    def account(index: int, name: str, base: str = "0", quote: str = "0") -> DemoAccount:
        key = key_from_seed(seed, f"m/44'/60'/0'/0/{index}")
        address = str(Account.from_key(key).address)
        return DemoAccount(name=name, address=address, key=f"0x{key.hex()}", base=base, quote=quote)

    return DemoAccounts(
        owner=account(0, "owner"),
        operator=account(1, "operator"),
        maker=account(2, "maker", "400", "1000000"),
        takers=tuple(
            account(3 + index, f"taker {index + 1}", "40", "100000") for index in range(takers)
        ),
        visitor=account(_VISITOR, "visitor", "20", "50000"),
    )
