"""Identity: who people are to this exchange, and what keeps it: sessions, in a database of their own.

Its parts are made by the composition root, opened before the exchange and closed after it.
"""

from typing import Final, Self

import attrs

from hybrid_dex.defaults.auth_database import AuthDatabase
from hybrid_dex.defaults.login_tokens import LoginTokens, PreviousSecret
from hybrid_dex.defaults.sql_login_store import SqlLoginStore
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.interfaces.clock import Clock
from reference_app.settings import Settings

__all__ = ["Identity", "make_identity"]

_LONGEST_PREVIOUS_S: Final = 31 * 86_400
_SECOND_NS: Final = 10**9


@attrs.frozen(kw_only=True)
class Identity:
    """What knows people. Use it in ``async with``.

    Attributes:
        database: what all of it stands in.
        logins: nonces and sessions.
        tokens: writes and reads tokens.
    """

    database: AuthDatabase
    logins: SqlLoginStore
    tokens: LoginTokens

    async def __aenter__(self) -> Self:
        """Connect. Raises `ConfigurationError`."""
        await self.database.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is noted, and release every connection."""
        await self.logins.settle()
        await self.database.close()


def make_identity(settings: Settings, clock: Clock) -> Identity:
    """Return what the settings ask for; nothing is opened yet.

    Raises:
        ConfigurationError: a secret is weak, an address can not be used, or the previous secret
            would be good for too long.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    database = AuthDatabase(settings.auth_url)
    return Identity(
        database=database,
        logins=SqlLoginStore(database=database, alone=not settings.auth.shared),
        tokens=LoginTokens(
            secret=settings.token_secret,
            issuer=settings.name,
            audience=settings.name,
            demo=settings.demo,
            previous=_previous(settings, clock),
        ),
    )


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
