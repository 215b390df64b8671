"""One bad fill among fifty, whatever is wrong with it: the other forty-nine settle."""

from dataclasses import replace

import pytest
from conftest import put_back
from scenario import BUY, FOK, IOC, POST_ONLY, SELL, WINDOW_MAX, layout, nonce, session_key

R, C, KINDS = layout.SkipReason, layout.Culprit, layout.SignatureKind
KEY = session_key(0)
GOOD = 49
BAD = 30
"""Where the bad fill stands among the good ones."""


def against(world, taker):
    """A bad taker's order meets a good maker's."""
    return [taker, (world.sell(4, 2500, 10), 5)]


def met(world, maker, **changes):
    """A bad maker's order is met by a good taker's."""
    return [world.buy(4, 2500, 10, **changes), (maker, 5)]


def wrong_key(world):
    return against(world, world.buy(5, 2500, 10, signer=world.trader(6)))


def wrong_terms(world):
    return met(world, world.sell(5, 2500, 10, entry={"price": 2400}))


def expired(world):
    return against(world, world.buy(5, 2500, 10, expiry=world.now() - WINDOW_MAX - 100))


def too_far_ahead(world):
    return met(world, world.sell(5, 2500, 10, expiry=world.now() + 31 * 86400))


def below_the_floor(world):
    world.do(world.trader(5), "cancelUpTo", world.market.quote.address, 5)
    world.cover()
    return met(world, world.sell(5, 2500, 10, nonce=nonce(4)))


def fee_above_the_signed(world):
    return against(world, world.buy(5, 2500, 10, max_fee=100, fee=101))


def stale_lane(world):
    world.settle((world.buy(4, 2500, 1), (world.sell(5, 2500, 1, nonce=nonce(7)), 1)))
    return met(world, world.sell(5, 2500, 10, nonce=nonce(6)), nonce=nonce(2))


def canceled(world):
    world.do(world.trader(5), "cancel", 1, nonce(3))
    world.cover()
    return met(world, world.sell(5, 2500, 10, nonce=nonce(3)))


def amount_of_nothing(world):
    return against(world, world.buy(5, 0, 10))


def more_than_signed(world):
    return met(world, world.sell(5, 2500, 4))


def own_order(world):
    return [
        world.buy(5, 2500, 10),
        (world.sell(5, 2500, 10, nonce=nonce(1, lane=1)), 5),
    ]


def one_side(world):
    return against(world, world.sell(5, 2500, 10))


def post_only_taker(world):
    return against(world, world.buy(5, 2500, 10, flags=POST_ONLY))


def immediate_maker(world):
    return met(world, world.sell(5, 2500, 10, flags=IOC))


def beyond_the_limit(world):
    return against(world, world.buy(5, 2499, 10))


def rebate_above_the_fee(world):
    return against(world, world.buy(5, 2500, 1000, fee=-1000))


def no_quote(world):
    return against(world, world.sign(world.trader(20, quote=10), BUY, 2500, 10))


def no_base(world):
    return met(world, world.sign(world.trader(20, base=1), SELL, 2500, 10))


def withdrawn(world):
    world.do(world.trader(5), "requestWithdrawal", world.market.base.address, 2**112 - 1)
    world.cover()
    return met(world, world.sell(5, 2500, 10))


def fok_in_part(world):
    return against(world, world.buy(5, 2500, 10, flags=FOK))


def session_not_granted(world):
    return met(world, world.sell(5, 2500, 10, session=KEY))


def session_revoked(world):
    world.grant(world.trader(5), KEY)
    world.do(world.trader(5), "revokeSession", KEY.address, 1)
    world.cover()
    return against(world, world.buy(5, 2500, 10, session=KEY))


def session_signed_by_another(world):
    world.grant(world.trader(5), KEY)
    return met(world, world.sell(5, 2500, 10, session=KEY, signer=session_key(1)))


def session_budget(world):
    world.grant(world.trader(5), KEY, sell=4)
    return met(world, world.sell(5, 2500, 10, session=KEY))


def bulk_proof(world):
    terms = [(SELL, 2500, 10, {"nonce": nonce(1, lane=n)}) for n in range(2)]
    leaf = world.sign_tree(world.trader(5), 1, *terms)[0]
    return met(world, world.replace(leaf, leaf=1))


def bulk_signature(world):
    terms = [(SELL, 2500, 10, {})]
    return met(world, world.sign_tree(world.trader(5), 3, *terms, signer=world.trader(6))[0])


def not_approved(world):
    return met(world, world.sell(5, 2500, 10, approved=True))


def approval_revoked(world):
    maker = world.sell(5, 2500, 10, approved=True)
    world.do(world.trader(5), "approveOrder", maker.digest)
    world.do(world.trader(5), "revokeApproval", maker.digest)
    world.cover()
    return met(world, maker)


CASES = [
    (wrong_key, C.TAKER, R.SIGNATURE),
    (wrong_terms, C.MAKER, R.SIGNATURE),
    (expired, C.TAKER, R.EXPIRY),
    (too_far_ahead, C.MAKER, R.EXPIRY),
    (below_the_floor, C.MAKER, R.FLOOR),
    (fee_above_the_signed, C.TAKER, R.FEE),
    (stale_lane, C.MAKER, R.LANE_STALE),
    (canceled, C.MAKER, R.CANCELED),
    (amount_of_nothing, C.TAKER, R.AMOUNT),
    (more_than_signed, C.MAKER, R.LOTS),
    (own_order, C.NONE, R.SELF_TRADE),
    (one_side, C.NONE, R.SAME_SIDE),
    (post_only_taker, C.TAKER, R.POST_ONLY),
    (immediate_maker, C.MAKER, R.TAKES_ONLY),
    (beyond_the_limit, C.NONE, R.PRICE),
    (rebate_above_the_fee, C.NONE, R.REBATE),
    (no_quote, C.TAKER, R.FUNDS),
    (no_base, C.MAKER, R.FUNDS),
    (withdrawn, C.MAKER, R.FUNDS),
    (fok_in_part, C.NONE, R.FILL_OR_KILL),
    (session_not_granted, C.MAKER, R.SESSION),
    (session_revoked, C.TAKER, R.SESSION),
    (session_signed_by_another, C.MAKER, R.SIGNATURE),
    (session_budget, C.MAKER, R.SESSION_BUDGET),
    (bulk_proof, C.MAKER, R.SIGNATURE),
    (bulk_signature, C.MAKER, R.SIGNATURE),
    (not_approved, C.MAKER, R.APPROVAL),
    (approval_revoked, C.MAKER, R.APPROVAL),
]


@pytest.fixture(scope="module")
def troupe(crowd):
    """The crowd and three more: one meets what is bad, one is bad, one signs for him."""
    with put_back(crowd) as world:
        for index in (4, 5, 6):
            world.trader(index)
        yield world


@pytest.fixture(scope="module")
def good(troupe):
    """Forty-nine fills of good orders, signed once."""
    maker = troupe.sell(0, 2500, 10_000, fee=100)
    return [
        [troupe.buy(1 + i % 3, 2500, 10, fee=500, nonce=nonce(1, lane=i // 3)), (maker, 10)]
        for i in range(GOOD)
    ]


@pytest.fixture
def stage(troupe):
    with put_back(troupe) as fresh:
        yield fresh


@pytest.mark.parametrize(
    ("build", "culprit", "reason"), CASES, ids=[case[0].__name__ for case in CASES]
)
def test_one_bad_fill_of_fifty_is_skipped_alone(stage, good, build, culprit, reason):
    world = stage
    bad = build(world)
    outcome = world.settle(*good[:BAD], bad, *good[BAD:])
    assert outcome.event["settled"] == GOOD
    assert [skip[1:] for skip in outcome.skips] == [(0, culprit, reason)]
    assert outcome.skips[0][0] == layout.group_sequence(world.sequence - GOOD + BAD)
    world.assert_solvent()


def test_a_closed_market_is_skipped_alone(stage, good):
    """The reason of a whole section: the other market's fills settle."""
    world = stage
    base, quote = world.market.base.address, world.market.quote.address
    world.do(world.owner, "listMarket", 2, base, quote, 10**14, 1)
    world.do(world.owner, "closeMarket", 2)
    world.cover()
    closed = replace(world.market, number=2)
    bad = [world.buy(4, 2500, 10, market=closed), (world.sell(5, 2500, 10, market=closed), 5)]
    outcome = world.send_batch(world.batch(world.section(bad), world.section(*good)))
    assert (outcome.event["settled"], outcome.reasons) == (GOOD, [(C.TAKER, R.MARKET)])
    world.assert_solvent()


def test_no_reason_is_without_its_case():
    assert {reason for *_, reason in CASES} | {R.MARKET} == set(R)


def test_every_kind_of_signature_settles_in_one_batch(stage):
    """Wallets, sessions, trees and approvals meet each other in every pairing of taker and maker."""
    world = stage
    lanes = iter(range(100))
    groups = []
    for taker_kind in KINDS:
        for maker_kind in KINDS:
            taker = signed(world, 0, BUY, taker_kind, next(lanes))
            groups.append([taker, (signed(world, 1, SELL, maker_kind, next(lanes)), 10)])
    outcome = world.settle(*groups)
    assert (outcome.reasons, outcome.event["settled"]) == ([], len(KINDS) ** 2)
    world.assert_solvent()


def signed(world, index, side, kind, lane):
    trader, terms = world.trader(index), {"nonce": nonce(1, lane=lane)}
    if kind == KINDS.BULK:
        return world.sign_tree(trader, 2, (side, 2500, 10, terms))[0]
    if kind == KINDS.SESSION:
        world.grant(trader, KEY, buy=25_000, sell=10)
        return world.sign(trader, side, 2500, 10, session=KEY, **terms)
    if kind == KINDS.APPROVED:
        order = world.sign(trader, side, 2500, 10, approved=True, **terms)
        world.do(trader, "approveOrder", order.digest)
        return order
    return world.sign(trader, side, 2500, 10, **terms)
