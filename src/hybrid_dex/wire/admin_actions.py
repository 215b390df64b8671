"""What who runs the exchange may do, as messages.

Each action is one of a union, told apart by ``kind``. Those of `AdminActionRequest` are done at once.
Those of `AdminProposalRequest` touch listing or let trading go on after a stop: one admin proposes
them, another confirms. Both go under an ``id`` of the asker's and say a ``reason``.
"""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Market
from hybrid_dex.wire.admin import LimitsMessage, TierNameText
from hybrid_dex.wire.markets import FeesMessage, FeeTierMessage, schedule_of
from hybrid_dex.wire.problem import Problem
from hybrid_dex.wire.scalars import AccountText, DecimalText, Milliseconds, SymbolText

__all__ = [
    "ActionMessage",
    "ActionStateWord",
    "ActionsAnswer",
    "AdminAction",
    "AdminActionRequest",
    "AdminProposal",
    "AdminProposalRequest",
    "AssignRiskTierAction",
    "CancelActionRequest",
    "CancelOrdersAction",
    "CancelPlanAction",
    "ConfirmActionRequest",
    "DelistMarketAction",
    "ListMarketAction",
    "MarketTermsMessage",
    "OpenMarketAction",
    "PauseSettlementAction",
    "ReleaseAccountAction",
    "ReleaseAllAction",
    "ResumeSettlementAction",
    "RetrySettlementAction",
    "ScheduleHaltAction",
    "ScheduleOpeningAction",
    "SetAccountGroupAction",
    "SetFeesAction",
    "SetMarketStateAction",
    "SetRiskTierAction",
    "StopAccountAction",
    "StopAllAction",
    "terms_market",
    "to_fee_schedule",
]

ActionIdText: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="the asker's own id of an action: a repeat finds the first one",
        extra_json_schema={"pattern": "^[A-Za-z0-9_-]+$"},
        pattern=r"^[A-Za-z0-9_-]+(?!\n)$",  # in Python a `$` alone lets a line's end pass
    ),
]
ReasonText: TypeAlias = Annotated[
    str, Meta(min_length=3, max_length=500, description="why, for the audit log")
]
ActionStateWord: TypeAlias = Literal[
    "proposed", "running", "done", "refused", "canceled", "expired", "unknown"
]
TradingStateWord: TypeAlias = Literal["open", "post_only", "auction_open"]
StandingStateWord: TypeAlias = Literal["halted", "cancel_only"]
Ppm: TypeAlias = int


class SetMarketStateAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="set_market_state",
):
    """Move a market: halt it, or from one state in which orders enter to another.

    A halt also takes back what was planned to open the market.

    Attributes:
        state: where to. A market that stands still is opened by a proposal, `open_market`.
        reference_price: what counts as its last price until it trades again.
    """

    market: SymbolText
    state: Literal["open", "post_only", "auction_open", "halted", "cancel_only"]
    reference_price: DecimalText | None = None


class ScheduleHaltAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="schedule_halt",
):
    """Halt a market at a time, in milliseconds."""

    market: SymbolText
    state: StandingStateWord
    due_ms: Milliseconds


class CancelPlanAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="cancel_plan",
):
    """Take back what is planned for a market at a time."""

    market: SymbolText
    due_ms: Milliseconds


class CancelOrdersAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="cancel_orders",
):
    """Cancel all orders of a market, of an account, or of an account in a market."""

    market: SymbolText | None = None
    account: AccountText | None = None


class StopAccountAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="stop_account",
):
    """Freeze an account: nothing more of it enters. ``cancel`` also cancels what rests."""

    account: AccountText
    cancel: bool = False


class StopAllAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="stop_all",
):
    """The kill switch: nothing more enters from anybody. ``cancel`` also cancels what rests."""

    cancel: bool = False


class SetRiskTierAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="set_risk_tier",
):
    """Give a risk tier these limits in place of those that it has; ``default`` is everybody's."""

    tier: TierNameText
    limits: LimitsMessage


class AssignRiskTierAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="assign_risk_tier",
):
    """Put an account into a risk tier; null is the default again."""

    account: AccountText
    tier: TierNameText | None


class SetAccountGroupAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="set_account_group",
):
    """Declare an account to be of a group that counts as one trader; null is none."""

    account: AccountText
    group: TierNameText | None


class SetFeesAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="set_fees",
):
    """Charge these fees in a market, at once or from a time on.

    No rate may exceed the largest that was listed; fees that rise are announced a day before.
    """

    market: SymbolText
    fees: FeesMessage
    due_ms: Milliseconds | None = None


class PauseSettlementAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="pause_settlement",
):
    """Send no batch until a second admin lets it go on. The chain is read on."""


class RetrySettlementAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="retry_settlement",
):
    """Hand a batch's transaction to the node again; with ``bump``, for more, up to the ceiling."""

    batch: Annotated[int, Meta(ge=1, le=2**48 - 1)]
    bump: bool = False


AdminAction: TypeAlias = (
    SetMarketStateAction
    | ScheduleHaltAction
    | CancelPlanAction
    | CancelOrdersAction
    | StopAccountAction
    | StopAllAction
    | SetRiskTierAction
    | AssignRiskTierAction
    | SetAccountGroupAction
    | SetFeesAction
    | PauseSettlementAction
    | RetrySettlementAction
)
"""What one operator does."""


class OpenMarketAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="open_market",
):
    """Let a market that stands still take orders again."""

    market: SymbolText
    state: TradingStateWord
    reference_price: DecimalText | None = None


class ScheduleOpeningAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="schedule_opening",
):
    """Let a market take orders from a time on."""

    market: SymbolText
    state: TradingStateWord
    due_ms: Milliseconds
    reference_price: DecimalText | None = None


class MarketTermsMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of a new market, in the words of the settings file. They never change afterwards.

    Attributes:
        id: ``BASE-QUOTE``.
        number: the market's number in a settlement contract.
        base_token: the base token's address, where there is a chain, as its checksum spells it.
        quote_token: the quote token's, likewise.
        tick: the smallest price step, in quote per one base.
        lot: the smallest quantity step, in base.
        minimum_notional: the smallest notional of an order, in quote.
        price_band_ppm: how far from the last price it may trade, parts per million.
    """

    id: SymbolText
    base_decimals: Annotated[int, Meta(ge=0, le=36)]
    quote_decimals: Annotated[int, Meta(ge=0, le=36)]
    tick: DecimalText
    lot: DecimalText
    number: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 0
    base_token: AccountText | None = None
    quote_token: AccountText | None = None
    maker_fee_ppm: Ppm = 0
    taker_fee_ppm: Ppm = 0
    minimum_notional: DecimalText = "0"
    minimum_quantity: DecimalText | None = None
    maximum_quantity: DecimalText | None = None
    maximum_notional: DecimalText | None = None
    fee_tiers: list[FeeTierMessage] = []
    price_band_ppm: Annotated[int, Meta(ge=1)] | None = None


class ListMarketAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="list_market",
):
    """List a market, in the state in which it begins. Where a chain settles, its contract has it first."""

    market: MarketTermsMessage
    state: Literal["open", "post_only", "auction_open", "halted", "cancel_only"] = "halted"


class DelistMarketAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="delist_market",
):
    """Close a market that stands still, for ever: its orders are canceled, funds stay what they are."""

    market: SymbolText
    due_ms: Milliseconds | None = None


class ReleaseAccountAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="release_account",
):
    """Let an account that was stopped go on."""

    account: AccountText


class ReleaseAllAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="release_all",
):
    """Lift the kill switch: everybody goes on that was not stopped alone."""


class ResumeSettlementAction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="resume_settlement",
):
    """Send batches again after a pause."""


AdminProposal: TypeAlias = (
    OpenMarketAction
    | ScheduleOpeningAction
    | ListMarketAction
    | DelistMarketAction
    | ReleaseAccountAction
    | ReleaseAllAction
    | ResumeSettlementAction
)
"""What takes two admins."""


class AdminActionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An action that is done at once.

    Attributes:
        id: the asker's own; a repeat returns what came of the first one.
        reason: why.
        action: what.
    """

    id: ActionIdText
    reason: ReasonText
    action: AdminAction


class AdminProposalRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An action that another admin has to confirm.

    Attributes:
        id: the asker's own; a repeat returns the first one as it stands.
        reason: why.
        action: what.
    """

    id: ActionIdText
    reason: ReasonText
    action: AdminProposal


class ConfirmActionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Confirm a proposal as it was read.

    Attributes:
        digest: of the action, so that what the wallet signs is this very action.
    """

    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]


class CancelActionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take a proposal back, and why."""

    reason: ReasonText


class ActionMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An action and what came of it.

    Attributes:
        kind: what was asked for.
        subject: of which market or account.
        state: how far it has come; ``unknown`` when the exchange ended while it was being done.
        action: all of it, as it was sent.
        digest: over all of it; what another admin confirms.
        proposer: who asked for it.
        expires_at_ms: until when it can be confirmed; null when it takes one person.
        decided_by: who did, confirmed or canceled it; empty until then.
        before: how it was before it was done.
        after: how it was after it was done.
        problem: why it was refused; null when it was not.
    """

    id: ActionIdText
    kind: str
    subject: str
    state: ActionStateWord
    reason: str
    action: dict[str, Any]
    digest: str
    proposer: AccountText
    created_at_ms: Milliseconds
    expires_at_ms: Milliseconds | None
    decided_by: str
    decided_at_ms: Milliseconds | None
    before: str
    after: str
    problem: Problem | None


class ActionsAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Actions, newest first; ``next`` is the cursor of the next page, null on the last."""

    actions: list[ActionMessage]
    next: str | None = None


def terms_market(terms: MarketTermsMessage) -> Market:
    """Return the market of these terms. Raises `FormatError`."""
    fields = {name: getattr(terms, name) for name in terms.__struct_fields__}
    fields["fee_tiers"] = [
        (tier.volume, tier.maker_fee_ppm, tier.taker_fee_ppm) for tier in terms.fee_tiers
    ]
    try:
        return Market.spot(**fields)
    except FormatError as error:
        raise FormatError(f"action.market.{error.field}", error.reason, error.valid) from error
    except (ConfigurationError, ValueError) as error:
        raise FormatError("action.market", str(error.args[0]), "a market's terms") from error


def to_fee_schedule(message: FeesMessage, market: Market) -> FeeSchedule:
    """Return the fees of a message, for a market. Raises `FormatError`."""
    return schedule_of(message, market.quote)
