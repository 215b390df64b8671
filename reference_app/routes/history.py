"""The account's own past: ledger, deposits, withdrawals, fees and limits, and what it can claim.

Lists are read from the records, a moment behind the engine; the `next` of a page continues it,
whatever happened meanwhile. Nobody sees another account's rows.
"""

import asyncio
import logging
from collections.abc import Collection
from typing import Annotated, Final, Literal

from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from hybrid_dex.errors import FormatError, SettlementError
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.decimal_text import MAX_CHAIN_DIGITS, parse_units
from hybrid_dex.model.history import EntryKey, TransferKind
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_limits import DEFAULT_TIER
from hybrid_dex.model.units import AssetId, Sequence
from hybrid_dex.settlement.solvency_proofs import ProofFolder
from hybrid_dex.signing import checksum_address
from hybrid_dex.signing.solvency import SolvencyProof, SumTree
from hybrid_dex.wire import (
    AccountFeesAnswer,
    AssetSolvencyMessage,
    LedgerAnswer,
    SolvencyAnswer,
    TransfersAnswer,
    VoucherStatusMessage,
    hex_text,
    ledger_entry_message,
    limits_message,
    make_cursor,
    market_rates_message,
    parse_cursor,
    transfer_message,
    voucher_status_message,
)
from reference_app.access import READ
from reference_app.problems import ProblemError, refuse
from reference_app.routes.parameters import AssetQuery, Limit, PageEnd
from reference_app.services import Caller, Services, TheServices

__all__ = ["history_routes"]

_log: Final = logging.getLogger(__name__)
_LARGEST_ENTRY: Final = (2**63 - 1, 2**31 - 1, 2**15 - 1)
"""How far the records count commands, the events of one, and the entries of one of these."""
_LARGEST_TRANSFER: Final = _LARGEST_ENTRY[:2]
_DEPOSITS: Final = (TransferKind.DEPOSIT,)
_WITHDRAWALS: Final = tuple(kind for kind in TransferKind if kind is not TransferKind.DEPOSIT)

TheAssetQuery = Annotated[str, QueryParameter(max_length=64, description="an asset's symbol")]
KindQuery = Annotated[
    Literal["withdrawal", "withdrawal_request", "voucher", "voucher_redeemed", "voucher_expired"]
    | None,
    QueryParameter(description="one kind of withdrawal only"),
]


@get("/ledger", security=READ)
async def list_entries(
    services: TheServices,
    principal: Caller,
    asset: AssetQuery = None,
    before: PageEnd = None,
    limit: Limit = 100,
) -> LedgerAnswer:
    """List every movement of the account's funds, newest first, with the balance after each."""
    wanted = None if asset is None else services.asset(asset).id
    below = None
    if before is not None:
        sequence, index, leg = parse_cursor(before, _LARGEST_ENTRY)
        below = EntryKey(Sequence(sequence), index, leg)
    account, records = principal.account, services.records
    entries = await services.read(
        lambda: records.ledger(account, asset=wanted, before=below, limit=limit)
    )
    last = entries[-1].key if len(entries) == limit else None
    return LedgerAnswer(
        entries=[ledger_entry_message(one, services.asset(one.asset)) for one in entries],
        complete_from=await services.read(records.details_from),
        next=None if last is None else make_cursor(last.sequence, last.index, last.leg),
    )


@get("/deposits", security=READ)
async def list_deposits(
    services: TheServices,
    principal: Caller,
    asset: AssetQuery = None,
    before: PageEnd = None,
    limit: Limit = 100,
) -> TransfersAnswer:
    """List the account's deposits, newest first."""
    return await _transfers(services, principal, _DEPOSITS, asset, (before, limit))


@get("/withdrawals", security=READ)
async def list_withdrawals(
    services: TheServices,
    principal: Caller,
    *,
    asset: AssetQuery = None,
    kind: KindQuery = None,
    before: PageEnd = None,
    limit: Limit = 100,
) -> TransfersAnswer:
    """List what left or waits to leave: requests on chain, vouchers and their ends, withdrawals."""
    kinds = _WITHDRAWALS if kind is None else [one for one in _WITHDRAWALS if one.value == kind]
    return await _transfers(services, principal, kinds, asset, (before, limit))


@get("/vouchers/{salt:str}", security=READ)
async def get_voucher(
    services: TheServices, principal: Caller, salt: FromPath[str]
) -> VoucherStatusMessage:
    """Get how far a withdrawal by voucher has come: open, redeemed or expired."""
    number = parse_units("salt", salt, 0, MAX_CHAIN_DIGITS)
    account = principal.account
    found = await services.read(lambda: services.records.voucher(account, number))
    if found is None:
        detail = "you have no such voucher"
        raise refuse(Refusal(RejectReason.UNKNOWN_VOUCHER, "salt", detail))
    return voucher_status_message(found, services.asset(found.asset))


@get("/fees", security=READ)
async def get_fees(services: TheServices, principal: Caller) -> AccountFeesAnswer:
    """Get the account's rates in each market, what its tier counts, and its limits."""
    view, account = services.exchange.view, principal.account
    tier = view.tier(account)
    chosen = None if tier is None else tier.limits
    return AccountFeesAnswer(
        markets=[
            market_rates_message(
                market,
                view.fees_of(market.id),
                view.rates(account, market.id),
                view.volume(account, market.quote.id),
            )
            for market in view.markets()
        ],
        limits=limits_message(
            DEFAULT_TIER if tier is None else tier.name,
            services.settings.risk if chosen is None else chosen,
            killed=tier is not None and tier.killed,
        ),
    )


@get("/solvency", security=READ)
async def get_solvency(services: TheServices, principal: Caller) -> SolvencyAnswer:
    """Get what the account can claim on chain as of one command, and where to check it."""
    view, account, on_chain = services.exchange.view, principal.account, services.settles_on_chain
    await services.limiter.orders(account)
    assets = {str(asset.id): asset for asset in view.assets()}
    return SolvencyAnswer(
        account=account,
        sequence=view.sequence,
        state_hash=hex_text(view.state_hash()),
        assets=[
            AssetSolvencyMessage(
                asset=balance.asset,
                on_chain=assets[balance.asset].format(balance.on_chain),
                total=assets[balance.asset].format(balance.total),
                liabilities=assets[balance.asset].format(view.liabilities(balance.asset)),
                token=assets[balance.asset].token if on_chain else None,
            )
            for balance in view.balances(account)
            if balance.asset in assets
        ],
        chain_id=services.domain.chain_id if on_chain else None,
        contract=services.domain.verifying_contract if on_chain else None,
    )


def _proof_example() -> SolvencyProof:
    """A proof of the first of three accounts, at block 21,000,000."""
    accounts = [checksum_address(bytes([number]) * 20) for number in (0x11, 0x22, 0x33)]
    token, contract = (checksum_address(bytes([number]) * 20) for number in (0x70, 0xCC))
    tree = SumTree.of(token, dict(zip(accounts, (1_500_000, 20_000_000, 7), strict=True)))
    return tree.prove(accounts[0], chain_id=1, contract=contract, block=21_000_000)


@get("/solvency-proof", security=READ, opt={"example": _proof_example})
async def get_solvency_proof(
    services: TheServices, principal: Caller, asset: TheAssetQuery
) -> SolvencyProof:
    """Get the proof that the account's balance on chain is part of the newest published root.

    The answer is a file of `hybrid-dex solvency verify --proof`.
    """
    wanted, account = services.asset(asset), principal.account
    if not services.settles_on_chain or wanted.token is None:
        raise _no_proof("there is no chain here on which a root could be published")
    folder = ProofFolder(services.settings.solvency_proofs)
    try:
        found = await asyncio.to_thread(folder.proof, wanted.token, account)
        if found is not None:
            return found
        block = await asyncio.to_thread(folder.newest_block, wanted.token)
    except (SettlementError, FormatError) as error:
        _log.exception("a solvency proof can not be read")
        detail = "the proofs can not be read now; make your own with `hybrid-dex solvency proof`"
        raise refuse(Refusal(RejectReason.UNAVAILABLE, "", detail)) from error
    if block is None:
        raise _no_proof(f"no solvency root of {asset} was published yet")
    raise _no_proof(f"you had no {asset} in the vault at block {block}, whose root is the newest")


def _no_proof(detail: str) -> ProblemError:
    return refuse(Refusal(RejectReason.NO_SOLVENCY_PROOF, "asset", detail))


async def _transfers(
    services: Services,
    principal: Caller,
    kinds: Collection[TransferKind],
    asset: str | None,
    page: tuple[str | None, int],
) -> TransfersAnswer:
    before, limit = page
    wanted: AssetId | None = None if asset is None else services.asset(asset).id
    below = None
    if before is not None:
        sequence, index = parse_cursor(before, _LARGEST_TRANSFER)
        below = (Sequence(sequence), index)
    account, records = principal.account, services.records
    found = await services.read(
        lambda: records.transfers(account, kinds, asset=wanted, before=below, limit=limit)
    )
    last = found[-1] if len(found) == limit else None
    return TransfersAnswer(
        transfers=[transfer_message(one, services.asset(one.asset)) for one in found],
        next=None if last is None else make_cursor(last.sequence, last.index),
    )


history_routes = Router(
    "/account",
    route_handlers=[
        list_entries,
        list_deposits,
        list_withdrawals,
        get_voucher,
        get_fees,
        get_solvency,
        get_solvency_proof,
    ],
    tags=["account"],
)
