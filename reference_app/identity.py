"""Identity: who people are to this exchange: sessions, keys and roles, in a database of their own.

Its parts are made by the composition root, opened before the exchange and closed after it.
"""

from concurrent.futures import Executor
from functools import partial
from secrets import token_bytes
from typing import Final, Self

import attrs

from hybrid_dex.defaults.api_keys import ApiKeys
from hybrid_dex.defaults.auth_database import AuthDatabase
from hybrid_dex.defaults.fresh_actions import FreshActions
from hybrid_dex.defaults.login_store import NonceStore
from hybrid_dex.defaults.login_tokens import LoginTokens, PreviousSecret
from hybrid_dex.defaults.roles import Roles
from hybrid_dex.defaults.sealed_secrets import SealedSecrets
from hybrid_dex.defaults.sql_login_store import SqlLoginStore
from hybrid_dex.defaults.wallet_auth import WalletAuth, WalletAuthOptions
from hybrid_dex.defaults.wallet_signatures import ContractWallets
from hybrid_dex.errors import ConfigurationError, UnavailableError
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.signing.domain import Domain
from reference_app.breakers import Breaker
from reference_app.counters import Counters
from reference_app.refusals import Refusals
from reference_app.settings import Settings

__all__ = ["Identity", "make_identity"]

_LONGEST_PREVIOUS_S: Final = 31 * 86_400
_SECOND_NS: Final = 10**9
_LOGINS_AWAY: Final = "logins can not be looked up now: try again in a few seconds"


@attrs.frozen(kw_only=True)
class Identity:
    """What knows people. Use it in ``async with``.

    Attributes:
        database: what all of it stands in.
        logins: nonces and sessions.
        auth: logs wallets in, and verifies orders.
        keys: what programs sign requests with.
        roles: what accounts may do beside trading.
        refusals: of what a role is for, in the audit log.
        actions: confirmations by the wallet of one request.
        wallets: asks accounts that are contracts; ``None`` without a chain.
    """

    database: AuthDatabase
    logins: SqlLoginStore
    auth: WalletAuth
    keys: ApiKeys
    roles: Roles
    refusals: Refusals
    actions: FreshActions
    wallets: ContractWallets | None

    async def __aenter__(self) -> Self:
        """Connect. Raises `ConfigurationError`."""
        await self.database.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is noted, and release every connection."""
        await self.logins.settle()
        await self.keys.settle()
        if self.wallets is not None:
            await self.wallets.close()
        await self.database.close()


def make_identity(
    settings: Settings,
    clock: Clock,
    domain: Domain,
    executor: Executor | None = None,
    nonces: NonceStore | None = None,
    *,
    counters: Counters | None = None,
) -> Identity:
    """Return what the settings ask for; nothing is opened yet.

    Args:
        settings: all of them.
        clock: the exchange's.
        domain: what orders are signed for.
        executor: verifies many signatures at once.
        nonces: where login nonces are kept, when not in the database.
        counters: how often the database was left alone.

    Raises:
        ConfigurationError: a secret is weak, an address can not be used, or the previous secret
            would be good for too long.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    breaker = Breaker("logins", UnavailableError, counters=counters)
    database = AuthDatabase(settings.auth_url, guard=partial(breaker.refusing, _LOGINS_AWAY))
    alone = not settings.auth.shared
    logins = SqlLoginStore(database=database, alone=alone)
    previous = _previous(settings, clock)
    tokens = LoginTokens(
        secret=settings.token_secret,
        issuer=settings.name,
        audience=settings.name,
        demo=settings.demo,
        previous=previous,
    )
    wallets = _wallets(settings, domain)
    auth = WalletAuth(
        domain=domain,
        tokens=tokens,
        store=logins,
        nonces=nonces,
        clock=clock,
        options=WalletAuthOptions(
            origins=tuple(settings.auth.origins), access_life_s=settings.auth.access_life_s
        ),
        wallets=wallets,
        executor=executor,
    )
    sealed = SealedSecrets(
        secret=tokens.secret,
        previous=None if previous is None else previous.secret,
        randomness=token_bytes,
    )
    roles = Roles(database=database, clock=clock)
    return Identity(
        database=database,
        logins=logins,
        auth=auth,
        keys=ApiKeys(database=database, sealed=sealed, clock=clock, alone=alone),
        roles=roles,
        refusals=Refusals(roles=roles, clock=clock),
        actions=FreshActions(auth=auth, tokens=tokens),
        wallets=wallets,
    )


def _wallets(settings: Settings, domain: Domain) -> ContractWallets | None:
    if not settings.chain.rpc_urls:
        return None
    # web3 takes a second to import, and an exchange without a chain needs none of it.
    from hybrid_dex.settlement.contract_wallets import EvmContractWallets  # noqa: PLC0415

    return EvmContractWallets(rpc_urls=settings.chain.rpc_urls, chain_id=domain.chain_id)


def _previous(settings: Settings, clock: Clock) -> PreviousSecret | None:
    auth = settings.auth
    if not auth.previous_secret:
        return None
    now_s = clock.now_ns() // _SECOND_NS
    if auth.previous_secret_until_s > now_s + _LONGEST_PREVIOUS_S:
        raise ConfigurationError(
            f"auth.previous_secret_until_s is {auth.previous_secret_until_s}, more than 31 days "
            f"from now; at most {now_s + _LONGEST_PREVIOUS_S}"
        )
    return PreviousSecret(secret=auth.previous_secret, until_s=auth.previous_secret_until_s)
