"""Deploy the exchange to the connected network and write what was deployed to ``deployments/``.

Three contracts: the timelock that owns, the extension, the exchange. The timelock begins without a
delay, names the roles, sets its own delay, and then the deployer gives up everything it had. Nobody
else may propose before the delay is set: what is scheduled without one stays ready for ever.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from ape import chain, networks, project
from ape.cli import ConnectedProviderCommand, account_option

DEPLOYMENTS = Path(__file__).resolve().parents[1] / "deployments"
PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
"""Where Uniswap's Permit2 lies on every chain that has it."""
ANYBODY = "0x" + "00" * 20
NOTHING = bytes(32)
PARAMETERS = ("extension", "owner", "operator", "watchLag", "windowMax", "exitDelay")


@dataclass(frozen=True)
class Roles:
    """Who does what; where nothing is given, the deployer."""

    proposer: str | None = None
    operator: str | None = None
    lister: str | None = None
    pauser: str | None = None
    fee_collector: str | None = None

    def of(self, deployer: str) -> "Roles":
        """Fill in the deployer."""
        return Roles(**{name: given or deployer for name, given in asdict(self).items()})


def check(roles, window_max, timelock_delay, *, local):
    """Refuse what would make a live deployment weaker than the trust model says."""
    if local:
        return
    if timelock_delay < 2 * window_max:
        raise click.UsageError(
            f"a timelock of {timelock_delay} s lets a change overtake an exit: at least twice "
            f"window-max, {2 * window_max} s"
        )
    given = asdict(roles)
    if missing := [name.replace("_", "-") for name, account in given.items() if not account]:
        raise click.UsageError(f"name the roles {', '.join(missing)}; no key should have several")
    if len({account.lower() for account in given.values()}) != len(given):
        raise click.UsageError("two roles are one account; no key should have several")


def own(account, exchange, timelock, roles, timelock_delay):
    """Let the timelock name the roles and set its delay; then leave it to its proposer."""
    calls = [
        (exchange, exchange.setLister.encode_input(roles.lister)),
        (exchange, exchange.setPauser.encode_input(roles.pauser)),
        (exchange, exchange.setFeeCollector.encode_input(roles.fee_collector)),
        (timelock, timelock.updateDelay.encode_input(timelock_delay)),
    ]
    batch = ([one.address for one, _ in calls], [0] * len(calls), [data for _, data in calls])
    timelock.scheduleBatch(*batch, NOTHING, NOTHING, 0, sender=account)
    timelock.executeBatch(*batch, NOTHING, NOTHING, sender=account)
    if roles.proposer != account.address:
        for role in (timelock.PROPOSER_ROLE(), timelock.CANCELLER_ROLE()):
            timelock.grantRole(role, roles.proposer, sender=account)
            timelock.revokeRole(role, account, sender=account)
    timelock.renounceRole(timelock.DEFAULT_ADMIN_ROLE(), account, sender=account)


def deploy(account, roles, delays, timelock_delay):
    """Deploy, write the record and return its file."""
    network = networks.provider.network
    check(roles, delays[1], timelock_delay, local=network.is_local)
    roles = roles.of(account.address)
    timelock = project.ExchangeTimelock.deploy(0, [account], [ANYBODY], account, sender=account)
    extension = project.ExchangeExtension.deploy(*delays, PERMIT2, sender=account)
    arguments = [extension.address, timelock.address, roles.operator, *delays]
    exchange = project.Exchange.deploy(*arguments, sender=account)
    created = exchange.creation_metadata
    administered = project.ExchangeExtension.at(exchange.address)
    own(account, administered, timelock, roles, timelock_delay)
    deployed = {
        "network": f"{network.ecosystem.name}:{network.name}",
        "chainId": chain.chain_id,
        "contract": "Exchange",
        "address": exchange.address,
        "transaction": created.txn_hash,
        "block": created.block,
        "constructor": dict(zip(PARAMETERS, arguments, strict=True)),
        "extension": {"address": extension.address, "permit2": PERMIT2},
        "timelock": {"address": timelock.address, "delay": timelock.getMinDelay()},
        "roles": {
            "owner": administered.owner(),
            "proposer": roles.proposer,
            "operator": administered.operator(),
            "lister": administered.lister(),
            "pauser": administered.pauser(),
            "feeCollector": administered.feeCollector(),
        },
    }
    DEPLOYMENTS.mkdir(exist_ok=True)
    file = DEPLOYMENTS / f"{network.name}.json"
    file.write_text(json.dumps(deployed, indent=2) + "\n")
    return file


def seconds(name, default, text):
    """An option that is a number of seconds."""
    return click.option(name, default=default, show_default=True, help=text)


@click.command(cls=ConnectedProviderCommand)
@account_option()
@click.option("--proposer", help="Proposes to the timelock, which owns.")
@click.option("--operator", help="Settles, signs vouchers and receipts.")
@click.option("--lister", help="Lists and closes assets and markets.")
@click.option("--pauser", help="Pauses deposits and settling.")
@click.option("--fee-collector", help="Withdraws fees.")
@seconds("--watch-lag", 120, "Time to see a request in.")
@seconds("--window-max", 3600, "Time until a request takes effect at the latest.")
@seconds("--exit-delay", 259_200, "Time without a batch until anyone can freeze.")
@seconds("--timelock-delay", 172_800, "Time until what was proposed can be done.")
def cli(
    account,
    proposer,
    operator,
    lister,
    pauser,
    fee_collector,
    watch_lag,
    window_max,
    exit_delay,
    timelock_delay,
):
    """Deploy timelock, extension and Exchange.

    On a local network every role that is not named is the deployer's. Anywhere else all must be
    named, each another account, and the timelock must take at least twice window-max.
    """
    roles = Roles(proposer, operator, lister, pauser, fee_collector)
    file = deploy(account, roles, (watch_lag, window_max, exit_delay), timelock_delay)
    click.echo(f"wrote deployments/{file.name}")
