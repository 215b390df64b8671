"""A session key: a bot's own key, which trades for an account that granted it on chain.

The account's wallet does two things once: it grants the key, for one market each, with budgets and
an expiry, and it opens a login session for the bot, whose refresh token it hands over. The bot then
holds a key that can never withdraw and a token that can never place an order. Neither is worth
anything without the other.
"""

from collections.abc import Callable, Sequence

import attrs

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing import Domain, LocalSigner

__all__ = ["SessionKey"]


def _forget(_refresh_token: str) -> None:
    """Keep nothing: the bot can not start again by itself."""


@attrs.frozen(kw_only=True)
class SessionKey:
    """The signer of a bot, in place of the account's wallet.

    Attributes:
        account: whose funds trade.
        key: the key that the account granted.
        refresh_token: of the session that the account opened for the bot.
        keep: told each new refresh token, for the old one is good once; store it to survive a
            restart.
    """

    account: AccountId
    key: LocalSigner
    refresh_token: str = attrs.field(repr=False)
    keep: Callable[[str], None] = attrs.field(default=_forget, repr=False)

    @property
    def address(self) -> str:
        """The account, which is who trades; not the key's own address."""
        return self.account

    def sign_order(self, order: SignedOrder, domain: Domain) -> SignedOrder:
        """Return the account's order, signed by the key."""
        return self.key.sign_session_order(order, domain)

    def sign_bulk(self, orders: Sequence[SignedOrder], domain: Domain) -> tuple[SignedOrder, ...]:
        """Return the account's orders, each signed by the key: a tree is signed by wallets only."""
        return tuple(self.sign_order(order, domain) for order in orders)

    def sign_text(self, text: str) -> bytes:
        """Refuse: a session key can not log in.

        Raises:
            ConfigurationError: always; the session that was handed over has ended.
        """
        raise ConfigurationError(
            "the session that was handed over has ended, and a session key can not log in; "
            "let the account's wallet open another one"
        )
