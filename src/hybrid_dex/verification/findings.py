"""Findings: each kind of wrong that a public log, a receipt or a batch can be caught at, by name.

A finding says what was found and where. Whether it convicts the operator is part of its kind: a
receipt that somebody else signed convicts nobody.
"""

import enum

import attrs

__all__ = ["Finding", "Fraud"]


class Fraud(enum.Enum):
    """What was found. The value is its name in reports; `explanation` says what it means."""

    BROKEN_CHAIN = "broken-chain"
    NOT_REPLAYABLE = "not-replayable"
    OTHER_EVENTS = "other-events"
    PASSED_OVER = "passed-over"
    WRONG_PRICE = "wrong-price"
    RULE_BROKEN = "rule-broken"
    NOT_SIGNED = "not-signed"
    FORGED_RECEIPT = "forged-receipt"
    NOT_COVERED = "not-covered"
    REWRITTEN = "rewritten"
    OMITTED = "omitted"
    FRONT_RUN = "front-run"
    REORDERED = "reordered"
    OTHER_CONTENT = "other-content"
    FILLED_AFTER_CANCEL = "filled-after-cancel"
    SETTLED_NOT_IN_LOG = "settled-not-in-log"
    SETTLED_OTHERWISE = "settled-otherwise"
    SETTLED_OUT_OF_ORDER = "settled-out-of-order"
    NEVER_SETTLED = "never-settled"
    BROKEN_BATCHES = "broken-batches"

    @property
    def explanation(self) -> str:
        """What it means, in a sentence."""
        return _EXPLANATIONS[self]

    @property
    def convicts(self) -> bool:
        """Whether it shows that the operator, and nobody else, did not keep its word."""
        return self not in _OPEN


_EXPLANATIONS = {
    Fraud.BROKEN_CHAIN: "The log is not one journal: a frame is damaged, missing or does not continue the one before.",
    Fraud.NOT_REPLAYABLE: "This program can not replay the log, so nothing behind that point is proven.",
    Fraud.OTHER_EVENTS: "The log claims other events than its own commands make by the rules.",
    Fraud.PASSED_OVER: "An order with a better price, or an earlier one at the price, was passed over.",
    Fraud.WRONG_PRICE: "A fill is not at the maker's limit, or beyond the taker's.",
    Fraud.RULE_BROKEN: "The log breaks another matching rule.",
    Fraud.NOT_SIGNED: "The log has an order that its trader did not sign, for this chain and contract.",
    Fraud.FORGED_RECEIPT: "The receipt is not signed by the operator: it proves nothing.",
    Fraud.NOT_COVERED: "The log ends before what the receipt or batch is about: ask for a newer one.",
    Fraud.REWRITTEN: "The operator signed another history: the receipt's frame is not the log's.",
    Fraud.OMITTED: "What the operator signed is not in the log at all.",
    Fraud.FRONT_RUN: "The log has the order later than the operator signed: something went in before it.",
    Fraud.REORDERED: "The log has the order earlier than the operator signed.",
    Fraud.OTHER_CONTENT: "The log has other terms than the operator signed.",
    Fraud.FILLED_AFTER_CANCEL: "An order was filled after the operator had signed that it was gone.",
    Fraud.SETTLED_NOT_IN_LOG: "A fill was settled on chain that the log does not have.",
    Fraud.SETTLED_OTHERWISE: "A fill was settled with other orders, price, quantity or fees than the log has.",
    Fraud.SETTLED_OUT_OF_ORDER: "Fills of one account were settled in another order than they were made.",
    Fraud.NEVER_SETTLED: "A batch speaks for a fill of the log that was never settled.",
    Fraud.BROKEN_BATCHES: "The batches are not one chain, or name a journal that is not the log's.",
}
_OPEN = {
    Fraud.NOT_REPLAYABLE,
    Fraud.NOT_SIGNED,
    Fraud.FORGED_RECEIPT,
    Fraud.NOT_COVERED,
}


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        fraud: which kind.
        detail: what exactly, in a sentence.
        sequence: the command concerned, 0 for none.
        position: the log's frame concerned, 0 for none.
        receipt: the place of the receipt concerned among those given, from 0.
        batch: the number of the batch concerned.
    """

    fraud: Fraud
    detail: str
    sequence: int = 0
    position: int = 0
    receipt: int | None = None
    batch: int | None = None
