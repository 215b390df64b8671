"""Deploy the exchange to the connected network and write what was deployed to ``deployments/``."""

import json
from pathlib import Path

import click
from ape import chain, networks, project
from ape.cli import ConnectedProviderCommand, account_option

DEPLOYMENTS = Path(__file__).resolve().parents[1] / "deployments"
PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
"""Where Uniswap's Permit2 lies on every chain that has it."""
PARAMETERS = ("extension", "owner", "operator", "watchLag", "windowMax", "exitDelay")


def deploy(account, owner, operator, delays):
    """Deploy, write the record and return its file."""
    network = networks.provider.network
    extension = project.ExchangeExtension.deploy(*delays, PERMIT2, sender=account)
    arguments = [
        extension.address,
        owner or account.address,
        operator or account.address,
        *delays,
    ]
    exchange = project.Exchange.deploy(*arguments, sender=account)
    deployed = {
        "network": f"{network.ecosystem.name}:{network.name}",
        "chainId": chain.chain_id,
        "contract": "Exchange",
        "address": exchange.address,
        "transaction": exchange.creation_metadata.txn_hash,
        "block": exchange.creation_metadata.block,
        "constructor": dict(zip(PARAMETERS, arguments, strict=True)),
    }
    DEPLOYMENTS.mkdir(exist_ok=True)
    file = DEPLOYMENTS / f"{network.name}.json"
    file.write_text(json.dumps(deployed, indent=2) + "\n")
    return file


@click.command(cls=ConnectedProviderCommand)
@account_option()
@click.option("--owner", help="Lists, pauses, collects fees; the deployer if not given.")
@click.option("--operator", help="Settles; the deployer if not given.")
@click.option("--watch-lag", default=120, show_default=True, help="Seconds to see a request in.")
@click.option(
    "--window-max",
    default=3600,
    show_default=True,
    help="Seconds until a request takes effect at the latest.",
)
@click.option(
    "--exit-delay",
    default=259_200,
    show_default=True,
    help="Seconds without a batch until anyone can freeze.",
)
def cli(account, owner, operator, watch_lag, window_max, exit_delay):
    """Deploy Exchange."""
    file = deploy(account, owner, operator, (watch_lag, window_max, exit_delay))
    click.echo(f"wrote deployments/{file.name}")
