"""`hybrid-dex admin`: roles, from the machine's own command line.

Whoever can read the settings and the database of the exchange may give any role: that is how the first
admin comes about. All of it is in the audit log, as done by ``command``.
"""

import asyncio
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from hybrid_dex.defaults.auth_database import AuthDatabase
from hybrid_dex.defaults.roles import Role, RoleGrant, Roles
from hybrid_dex.defaults.system_clock import SystemClock
from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing.address import parse_address
from reference_app.settings import load_settings

__all__ = ["app"]

app = App(name="admin", help="Give and take roles on this machine's exchange.")

_ACTOR: Final = "command"
SettingsFiles = Annotated[
    list[Path], Parameter(name="--settings", help="TOML files, as for serve.")
]


@app.command
def grant(address: str, *, role: Role, settings: SettingsFiles) -> int:
    """Give an account a role in place of the one it has.

    Parameters
    ----------
    address
        The account: an EIP-55 address.
    role
        trader takes away any other.
    """
    account = _account(address)
    asyncio.run(_grant(_url(settings), account, role))
    print(f"{account} is {role} now")  # noqa: T201 # what the command says
    return 0


@app.command
def roles(*, settings: SettingsFiles) -> int:
    """List every account with a role above trader."""
    found = asyncio.run(_all(_url(settings)))
    for one in found:
        print(f"{one.account}  {one.role}  given by {one.granted_by}")  # noqa: T201 # as above
    if not found:
        print("nobody has a role above trader")  # noqa: T201 # as above
    return 0


async def _grant(url: str, account: AccountId, role: Role) -> None:
    database = AuthDatabase(url)
    await database.open()
    try:
        stored = Roles(database=database, clock=SystemClock())
        await stored.grant(account, role, _ACTOR, keeps_admin=False)
    finally:
        await database.close()


async def _all(url: str) -> list[RoleGrant]:
    database = AuthDatabase(url)
    await database.open()
    try:
        return await Roles(database=database, clock=SystemClock()).all()
    finally:
        await database.close()


def _account(text: str) -> AccountId:
    try:
        parse_address(text)
    except FormatError as error:
        raise ConfigurationError(
            f"{text[:64]!r} is no account: {error.reason}; valid: {error.valid}"
        ) from error
    return AccountId(text)


def _url(files: list[Path]) -> str:
    """Return the database of the exchange that the settings describe."""
    settings = load_settings(files)
    settings.data.mkdir(parents=True, exist_ok=True)
    return settings.auth_url
