"""Engines: the exchange in this process, or the way to one in another; and what gateways share.

Which it is, the settings say. Both are asked through `EngineClient`, so nothing else of the app
knows. Plugins are loaded by the scheme of an address, when one is set.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Protocol

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.exchange import (
    Bus,
    EngineClient,
    EngineLink,
    EngineRecipe,
    Exchange,
    ExchangeOptions,
    LinkOptions,
    Replica,
)
from hybrid_dex.interfaces.auth import Auth
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.records import Records
from hybrid_dex.interfaces.settlement import Settlement
from hybrid_dex.plugins import load
from hybrid_dex.settlement.local import LocalSettlement
from hybrid_dex.signing.domain import Domain
from reference_app.opening_balances import credit_opening_balances
from reference_app.settings import IN_MEMORY, Settings

__all__ = ["domain_of", "make_bus", "make_engine", "opened_engine"]

_SEPARATOR: Final = "://"
_NO_CHAIN_CONTRACT: Final = "0x000000000000000000000000000000000000dEaD"
"""What orders are signed for where no contract is: nobody's, so they are worth nothing on a chain."""


class _BusMaker(Protocol):
    """What a plugin of the group `hybrid_dex.bus` is."""

    def __call__(self, address: str, name: str) -> Bus: ...


class _LinkMaker(Protocol):
    """What a plugin of the group `hybrid_dex.engine` is."""

    def __call__(self) -> EngineLink: ...


def domain_of(settings: Settings) -> Domain:
    """Return chain and contract that orders are signed for. Raises `ConfigurationError`."""
    try:
        return Domain(
            chain_id=settings.chain.preset().chain_id,
            verifying_contract=settings.chain.contract or _NO_CHAIN_CONTRACT,
        )
    except FormatError as error:
        raise ConfigurationError(str(error)) from error


def make_bus(settings: Settings) -> Bus | None:
    """Return what gateways share, not connected; ``None`` for one process alone.

    Raises:
        ConfigurationError: it can not be used.
    """
    if settings.bus == IN_MEMORY:
        return None
    maker: _BusMaker = load("bus", settings.bus.partition(_SEPARATOR)[0])  # type: ignore[assignment] # the group's promise
    return maker(settings.bus, settings.name)


def make_engine(
    settings: Settings,
    *,
    auth: Auth,
    records: Records,
    clock: Clock,
    bus: Bus | None,
    owns_process: bool,
) -> EngineClient:
    """Return the engine that the settings name, not opened.

    Args:
        settings: all of them.
        auth: verifies signed orders.
        records: what an engine here projects into.
        clock: its time.
        bus: what gateways share.
        owns_process: this process lives for the exchange, so its memory may be managed for it.

    Raises:
        ConfigurationError: a setting can not be used.
    """
    markets = [market.market() for market in settings.markets]
    risk = StandardRisk(settings.risk)
    if not settings.is_gateway:
        return Exchange(
            markets,
            journal=FileJournal(settings.data / "journal"),
            snapshots=FileSnapshots(settings.data / "snapshots"),
            settlement=_settlement(settings),
            auth=auth,
            risk=risk,
            records=records,
            clock=clock,
            options=ExchangeOptions(
                snapshot_every=settings.snapshot_every,
                freeze_recovered=owns_process,
                projection_process=owns_process,
                voucher_lifetime_s=settings.voucher_lifetime_s,
            ),
        )
    signed = bool(settings.chain.rpc_urls)
    recipe = EngineRecipe(book=SortedBook, risk=risk, requires_signature=signed)
    return _link(settings.engine).connect(
        settings.engine,
        _options(settings),
        replica=Replica(recipe),
        auth=auth,
        requires_signature=signed,
        bus=bus,
    )


@asynccontextmanager
async def opened_engine(
    settings: Settings, engine: EngineClient, records: Records, bus: Bus | None
) -> AsyncIterator[None]:
    """Open the engine, and let gateways reach one that is here; close in turn.

    Raises:
        HybridDexError: it can not start; the message says what to do.
    """
    async with AsyncExitStack() as stack:
        if bus is not None:
            await stack.enter_async_context(bus)
        if not isinstance(engine, Exchange):  # an exchange opens its records itself
            await records.open()
            stack.push_async_callback(records.close)
        await stack.enter_async_context(engine)
        if isinstance(engine, Exchange):
            await credit_opening_balances(engine, settings.opening_balances)
            if bus is not None:
                await stack.enter_async_context(bus.publishing(engine))
            if listen := settings.link.listen:
                serving = _link(listen).serve(engine, listen, _options(settings))
                await stack.enter_async_context(serving)
        yield


def _link(address: str) -> EngineLink:
    maker: _LinkMaker = load("engine", address.partition(_SEPARATOR)[0])  # type: ignore[assignment] # the group's promise
    return maker()


def _options(settings: Settings) -> LinkOptions:
    link, domain = settings.link, domain_of(settings)
    contract = settings.chain.contract or "no contract"
    return LinkOptions(
        certificate=link.certificate,
        key=link.key,
        authority=link.authority,
        plaintext=link.plaintext,
        trusted=tuple(link.trusted),
        answer_s=link.answer_s,
        signed_for=f"chain {domain.chain_id}, {contract}",
    )


def _settlement(settings: Settings) -> Settlement:
    chain = settings.chain
    if not chain.rpc_urls:
        return LocalSettlement()
    # web3 takes a second to import, and an exchange without a chain needs none of it.
    from hybrid_dex.settlement.evm import EvmOptions, EvmSettlement  # noqa: PLC0415

    settings.data.mkdir(parents=True, exist_ok=True)
    try:
        options = EvmOptions(
            rpc_urls=chain.rpc_urls,
            chain=chain.preset(),
            contract=chain.contract,
            operator_key=chain.operator_key,
            store_path=settings.data / "settlement.sqlite",
            start_block=chain.start_block,
            batch_age_s=chain.batch_age_s,
            heartbeat_s=chain.heartbeat_s,
        )
    except ValueError as error:
        raise ConfigurationError(f"the chain's settings can not be used: {error}") from error
    return EvmSettlement(options)
