"""Whatever state the operator left behind, one account with a node and its key gets out whole."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from hybrid_dex.errors import ConfigurationError, MissingContractError, SettlementError
from hybrid_dex.model.market import Asset
from hybrid_dex.settlement.deployment import Deployer
from hybrid_dex.settlement.leaving import Departure, Leaving
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.settlement.wallet import UnfundedError
from tests.chain.fault_proxy import FaultProxy, Request, error
from tests.chain.harness import (
    DELAYS,
    ENDLESS,
    NO_TEXT,
    OWNER_KEY,
    Trader,
    World,
    as_owner,
    key,
)

ETH, USDC = 10**18, 10**6
REVERTS, BURNS, SAYS_NO, GONE = "0x5f5ffd", "0x5b5f56", "0x5f5f5260205ff3", "0x"


class Leaver:
    """Somebody who leaves, and whose waiting moves the chain's clock."""

    def __init__(self, world: World, number: int, *, step_s: int = 400, **options: Any) -> None:
        self.lines: list[str] = []
        self.waited_s = 0
        self._world = world
        self._step_s = step_s
        self._leaving = Leaving(
            rpc_url=options.pop("rpc_url", world.anvil.url),
            contract=options.pop("contract", world.deployment.contract),
            key=key(100 + number),
            tell=self.lines.append,
            sleep=self._sleep,
            **options,
        )

    async def _sleep(self, _seconds: float) -> None:
        self.waited_s += self._step_s
        self._world.anvil.rpc("evm_increaseTime", self._step_s)
        self._world.anvil.mine()
        await asyncio.sleep(0)

    async def leave(self) -> Departure:
        """Leave, or fail."""
        return await self._leaving.leave()

    def said(self, text: str) -> bool:
        """Whether a line holds a text."""
        return any(text in line for line in self.lines)


async def another_token(world: World, trader: Trader, amount: int) -> Asset:
    """A token that somebody listed, and the trader has in the vault."""
    deployer = Deployer(rpc_url=world.anvil.url, key=OWNER_KEY)
    address, _ = await deployer._create("MockERC20", "Odd one", "ODD", 3)
    odd = Asset(id="ODD", decimals=3, token=address)  # type: ignore[arg-type] # a symbol
    await as_owner(world, "listAsset", address)
    await deployer.mint(odd, trader.account, amount)
    await deployer.close()
    await trader.vault.deposit(odd, amount)
    return odd


async def wallets(vault: Vault, *assets: Asset) -> list[int]:
    """What the user holds outside of the vault."""
    return [await vault.wallet_balance(asset) for asset in assets]


async def test_everything_leaves_within_the_longest_wait(world: World) -> None:
    """No batch ever comes again: WINDOW_MAX is enough, and every step is said."""
    alice = await world.trader(1, base=3 * ETH, quote=2_500 * USDC)
    bob = await world.trader(2, quote=7 * USDC)
    leaver = Leaver(world, 1)
    departure = await leaver.leave()
    base, quote = world.market.base, world.market.quote
    assert departure.complete
    assert departure.paid == {base.token: 3 * ETH, quote.token: 2_500 * USDC}
    assert await wallets(alice.vault, base, quote) == [3 * ETH, 2_500 * USDC]
    assert leaver.waited_s <= DELAYS.window_max_s + 400
    assert leaver.said("it takes 16 min 40 s at most")
    assert leaver.said("2500 USDC paid to")
    assert (await bob.vault.balance(quote)).balance == 7 * USDC, "nobody else is touched"
    again = Leaver(world, 1)
    assert (await again.leave()).paid == {}
    assert again.said("has nothing in this vault")


async def test_a_paused_vault_lets_go(world: World) -> None:
    """Pause stops deposits and settling, never this."""
    await world.trader(1, base=ETH, quote=5 * USDC)
    await as_owner(world, "pause")
    departure = await Leaver(world, 1).leave()
    assert departure.complete
    assert len(departure.paid) == 2


async def test_a_silent_operator_is_frozen_out_and_nobody_waits(world: World) -> None:
    """EXIT_DELAY after the last batch the wait is over at once; the next one finds it frozen."""
    await world.trader(1, base=ETH)
    await world.trader(2, quote=5 * USDC)
    world.anvil.rpc("evm_increaseTime", DELAYS.exit_delay_s + 1)
    world.anvil.mine()
    first, second = Leaver(world, 1), Leaver(world, 2)
    assert (await first.leave()).complete
    assert first.said("ending settling")
    assert first.waited_s == 0
    assert (await second.leave()).complete
    assert second.waited_s == 0
    assert not second.said("ending settling")


@pytest.mark.parametrize("code", [REVERTS, BURNS, SAYS_NO, GONE, ENDLESS, NO_TEXT])
async def test_a_hostile_token_keeps_no_other_back(world: World, code: str) -> None:
    """It reverts, burns all gas, says no or nonsense, or has no code; its balance stays there."""
    alice = await world.trader(1, base=ETH, quote=5 * USDC)
    odd = await another_token(world, alice, 77)
    assert odd.token is not None
    honest = world.anvil.rpc("eth_getCode", odd.token, "latest")
    world.anvil.rpc("anvil_setCode", odd.token, code)
    leaver = Leaver(world, 1)
    departure = await leaver.leave()
    assert set(departure.paid) == {world.market.base.token, world.market.quote.token}
    assert set(departure.refused) == {odd.token}
    assert leaver.said("does not move")
    world.anvil.rpc("anvil_setCode", odd.token, honest)
    again = Leaver(world, 1)
    assert (await again.leave()).paid == {odd.token: 77}
    assert again.said("0.077 ODD paid to")
    assert again.waited_s == 0, "the request stood all the time"


async def test_it_goes_on_where_it_was_stopped(world: World) -> None:
    """After the request, after one of two payments: nothing is asked for or waited for twice."""
    alice = await world.trader(1, base=ETH, quote=5 * USDC)

    class Stopped(Exception):
        """Ctrl-C."""

    async def stop(_seconds: float) -> None:
        raise Stopped

    leaving = Leaving(
        rpc_url=world.anvil.url, contract=world.deployment.contract, key=key(101), sleep=stop
    )
    with pytest.raises(Stopped):
        await leaving.leave()
    pending = await alice.vault.pending_withdrawal(world.market.base)
    assert pending is not None
    world.anvil.rpc("evm_increaseTime", DELAYS.window_max_s)
    world.anvil.mine()
    await alice.vault.withdraw(world.market.base)
    leaver = Leaver(world, 1)
    departure = await leaver.leave()
    assert departure.paid == {world.market.quote.token: 5 * USDC}
    assert not leaver.said("asking for")
    assert leaver.waited_s == 0


async def test_a_request_for_less_is_taken_and_the_rest_asked_for(world: World) -> None:
    """An old request that took effect is paid first; a young one is replaced by everything."""
    alice = await world.trader(1, base=ETH, quote=5 * USDC)
    base, quote = world.market.base, world.market.quote
    await alice.vault.request_withdrawal(base, ETH // 4)
    world.anvil.rpc("evm_increaseTime", DELAYS.window_max_s)
    world.anvil.mine()
    await alice.vault.request_withdrawal(quote, USDC)
    departure = await Leaver(world, 1).leave()
    assert departure.paid == {base.token: ETH, quote.token: 5 * USDC}
    assert await wallets(alice.vault, base, quote) == [ETH, 5 * USDC]


async def test_all_of_a_token_that_refuses_a_part_stays_asked_for(world: World) -> None:
    """An old request for less is refused by the token; when it behaves again, all of it can go."""
    alice = await world.trader(1, quote=5 * USDC)
    odd = await another_token(world, alice, 77)
    assert odd.token is not None
    await alice.vault.request_withdrawal(odd, 7)
    world.anvil.rpc("evm_increaseTime", DELAYS.window_max_s)
    world.anvil.mine()
    honest = world.anvil.rpc("eth_getCode", odd.token, "latest")
    world.anvil.rpc("anvil_setCode", odd.token, REVERTS)
    assert set((await Leaver(world, 1).leave()).refused) == {odd.token}
    world.anvil.rpc("anvil_setCode", odd.token, honest)
    again = Leaver(world, 1)
    assert (await again.leave()).paid == {odd.token: 77}
    assert not again.said("asking for")


async def test_another_recipient_is_paid(world: World) -> None:
    """To a safe place, from a key that may be known to others."""
    await world.trader(1, quote=5 * USDC)
    safe = await world.trader(9)
    departure = await Leaver(world, 1, recipient=safe.account).leave()
    assert departure.complete
    assert await safe.vault.wallet_balance(world.market.quote) == 5 * USDC


@pytest.mark.parametrize(
    "who", ["nobody", "the vault", "a name", "a typing error", "small letters"]
)
async def test_a_recipient_who_could_not_be_paid_is_refused_before_the_wait(
    world: World, who: str
) -> None:
    """Not after it, one token after the other; and no node says whose a name is."""
    alice = await world.trader(1, quote=5 * USDC)
    recipient = {
        "nobody": "0x" + "00" * 20,
        "the vault": world.deployment.contract,
        "a name": "alice.eth",
        "a typing error": alice.account[:-1],
        "small letters": alice.account.lower(),
    }[who]
    height = world.anvil.height()
    with pytest.raises(ConfigurationError, match=r"^recipient"):
        await Leaver(world, 1, recipient=recipient).leave()
    with pytest.raises(ConfigurationError, match=r"^recipient"):
        await alice.vault.withdraw(world.market.quote, recipient)
    assert world.anvil.height() == height


async def test_named_tokens_need_no_logs(world: World) -> None:
    """For a node that keeps none; what is not named stays."""
    alice = await world.trader(1, base=ETH, quote=5 * USDC)
    quote = str(world.market.quote.token)

    def keeps_none(_proxy: FaultProxy, request: Request) -> Any:
        return error("pruned") if request["method"] == "eth_getLogs" else None

    async with FaultProxy(world.anvil.url, keeps_none) as proxy:
        with pytest.raises(SettlementError, match="eth_getLogs"):
            await Leaver(world, 1, rpc_url=proxy.url).leave()
        departure = await Leaver(world, 1, rpc_url=proxy.url, tokens=(quote,)).leave()
    assert departure.paid == {quote: 5 * USDC}
    assert (await alice.vault.balance(world.market.base)).balance == ETH


async def test_a_node_that_fails_while_it_waits_is_asked_again(world: World) -> None:
    """And one that never comes back is given up, with everything still asked for."""
    await world.trader(1, quote=5 * USDC)
    fails = 0

    def breaks(_proxy: FaultProxy, request: Request) -> Any:
        nonlocal fails
        if fails and request["method"] == "eth_call":
            fails -= 1
            return error("overloaded")
        return None

    async with FaultProxy(world.anvil.url, breaks) as proxy:
        leaver = Leaver(world, 1, rpc_url=proxy.url, step_s=100)
        waits = leaver._leaving._sleep

        async def then_fail(seconds: float) -> None:
            nonlocal fails
            await waits(seconds)
            fails = 3 if leaver.waited_s == 200 else fails

        leaver._leaving._sleep = then_fail
        assert (await leaver.leave()).complete
        assert leaver.said("the node does not answer")


async def test_what_can_not_be_is_said_at_once(world: World) -> None:
    """No contract there, a key that is none, an address without its checksum."""
    with pytest.raises(MissingContractError):
        await Leaver(world, 1, contract="0x" + "11" * 20).leave()
    with pytest.raises(ConfigurationError, match="EIP-55"):
        Leaver(world, 1, contract="0x" + "aB" * 20)
    with pytest.raises(ConfigurationError, match="private key"):
        Leaving(rpc_url=world.anvil.url, contract=world.deployment.contract, key="secret")


async def test_somebody_without_gas_is_told_so(world: World) -> None:
    """Instead of a refusal that looks like the contract's."""
    alice = await world.trader(1, quote=5 * USDC)
    world.anvil.rpc("anvil_setBalance", alice.account, "0x0")
    with pytest.raises(UnfundedError, match=f"exit: {alice.account} can not pay for gas"):
        await Leaver(world, 1).leave()


@pytest.mark.parametrize(
    ("method", "words", "kind"),
    [
        ("eth_estimateGas", "insufficient funds for gas * price + value", UnfundedError),
        ("eth_sendRawTransaction", "Upfront cost exceeds account balance", UnfundedError),
        ("eth_estimateGas", "header not found", SettlementError),
        ("eth_estimateGas", "limit exceeded", SettlementError),
    ],
)
async def test_what_is_no_word_of_the_token_s_is_not_held_against_it(
    world: World, method: str, words: str, kind: type[SettlementError]
) -> None:
    """A gas account that ran dry between request and payment, or a node that fails just then."""
    alice = await world.trader(1, quote=5 * USDC)
    quote = world.market.quote
    await alice.vault.exit(quote)
    world.anvil.rpc("evm_increaseTime", DELAYS.window_max_s)
    world.anvil.mine()

    def fails(_proxy: FaultProxy, request: Request) -> Any:
        return error(words) if request["method"] == method else None

    async with FaultProxy(world.anvil.url, fails) as proxy:
        leaver = Leaver(world, 1, rpc_url=proxy.url)
        with pytest.raises(SettlementError, match=re.escape(words)) as raised:
            await leaver.leave()
        assert type(raised.value) is kind
        assert not leaver.said("does not move")
    assert (await Leaver(world, 1).leave()).paid == {quote.token: 5 * USDC}


async def test_somebody_who_can_not_pay_for_freezing_is_told_so_at_once(world: World) -> None:
    """Not that the node does not answer; once there is gas, it goes on."""
    alice = await world.trader(1, quote=5 * USDC)
    world.anvil.rpc("evm_increaseTime", DELAYS.exit_delay_s + 1)
    world.anvil.mine()
    await alice.vault.exit(world.market.quote)
    world.anvil.rpc("anvil_setBalance", alice.account, "0x0")
    leaver = Leaver(world, 1)
    with pytest.raises(UnfundedError, match="freeze"):
        await leaver.leave()
    assert leaver.waited_s == 0
    world.anvil.rpc("anvil_setBalance", alice.account, hex(ETH))
    assert (await Leaver(world, 1).leave()).complete
