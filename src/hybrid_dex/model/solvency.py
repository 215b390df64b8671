"""What the engine says that stands on chain, and where that is not so.

For each account and token, once the engine has taken every fact up to a final block:
``on chain = available + held + withdrawing + in vouchers + in flight out - in flight in``.
"""

from typing import Final

import attrs

from hybrid_dex.model.units import AccountId, AssetId, Sequence

__all__ = ["ACCOUNTS", "VAULT", "Claim", "Discrepancy", "Statement"]

ACCOUNTS: Final = "all accounts"
VAULT: Final = "the vault"


@attrs.frozen
class Claim:
    """What the engine says that the chain holds for an account.

    Attributes:
        account: whose.
        asset: of what.
        amount: atoms.
    """

    account: AccountId
    asset: AssetId
    amount: int


@attrs.frozen(kw_only=True)
class Statement:
    """What the engine says after a command.

    Attributes:
        sequence: of that command: the place in the journal.
        totals: per asset, what all accounts together have on chain, atoms; fees are not in it.
        claims: some accounts, or all.
    """

    sequence: Sequence
    totals: tuple[tuple[AssetId, int], ...]
    claims: tuple[Claim, ...]


@attrs.frozen(kw_only=True)
class Discrepancy:
    """Where chain and engine, or vault and ledger, differ.

    Attributes:
        asset: of what.
        what: an account, `ACCOUNTS` for their sum, or `VAULT` for the tokens that it holds.
        expected: atoms that the engine says, or that the contract owes.
        found: atoms that the chain says; ``None`` when the token does not say what the vault holds.
    """

    asset: AssetId
    what: str
    expected: int
    found: int | None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.what}: no answer instead of {self.expected} atoms of {self.asset}"
        return f"{self.what}: {self.found} atoms of {self.asset} instead of {self.expected}"
