"""One signature over a tree of orders stands for each of its leaves, and for nothing else."""

import pytest
from scenario import BUY, IOC, SELL, Trader, layout, nonce

R, C = layout.SkipReason, layout.Culprit
REFUSED = [(C.MAKER, R.SIGNATURE)]


def ladder(scenario, height, index=0, count=None, **changes):
    """Sell orders of one trader in as many lanes, under one signature."""
    return scenario.sign_tree(
        scenario.trader(index),
        height,
        *(
            (SELL, 2500 + n, 10, {"nonce": nonce(1, lane=n)})
            for n in range((1 << height) if count is None else count)
        ),
        **changes,
    )


def swept(scenario, *makers):
    return scenario.settle((scenario.buy(1, 2600, 1000), *((maker, 5) for maker in makers)))


@pytest.mark.parametrize("height", [1, 2, 3])
def test_every_leaf_of_every_height_settles(scenario, height):
    makers = ladder(scenario, height)
    outcome = swept(scenario, *makers)
    assert (outcome.reasons, outcome.event["settled"]) == ([], 1 << height)
    assert len(layout.section_roots(outcome.batch.sections[0])) == 1
    scenario.assert_solvent()


@pytest.mark.parametrize("leaf", range(8))
def test_one_leaf_settles_alone_and_unfinished_trees_do(scenario, leaf):
    makers = ladder(scenario, 3, count=leaf + 1)
    assert swept(scenario, makers[leaf]).reasons == []


def test_an_orders_hash_is_that_of_the_order_alone(scenario):
    """The tree changes who may prove the signature, not what the order is called."""
    maker = ladder(scenario, 2)[3]
    section = scenario.section((scenario.buy(1, 2600, 10), (maker, 5)))
    digests = scenario.digests
    outcome = scenario.send_batch(scenario.batch(section))
    leaves = layout.trade_ids(outcome.batch, [digests])
    assert outcome.event["merkleRoot"] == layout.merkle_root(leaves)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_wrong_proof_is_refused(scenario, level):
    maker = ladder(scenario, 3)[5]
    proof = list(maker.entry.proof)
    proof[level] = bytes(32)
    assert swept(scenario, scenario.replace(maker, proof=tuple(proof))).reasons == REFUSED


@pytest.mark.parametrize("leaf", [0, 1, 2, 4, 7])
def test_a_proof_from_another_place_is_refused(scenario, leaf):
    maker = ladder(scenario, 3)[5]
    assert swept(scenario, scenario.replace(maker, leaf=leaf)).reasons == REFUSED


def test_a_place_beyond_the_tree_is_refused(scenario):
    maker = ladder(scenario, 1)[1]
    batch = scenario.batch(scenario.section((scenario.buy(1, 2600, 10), (maker, 5))))
    data = bytearray(layout.encode_batch(batch))
    place = 84 + 9 + 2 * 20 + 98 + 96 + 32 + 1
    assert data[place] == 1
    data[place] = 3
    assert scenario.send_batch(batch, bytes(data)).reasons == REFUSED


@pytest.mark.parametrize(
    "change",
    [
        {"price": 2400},
        {"lots": 11},
        {"max_fee_ppm": 1001},
        {"expiry_s": 4_000_000_000},
        {"nonce": nonce(2)},
        {"flags": IOC},
        {"side": BUY},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_leaf_changed_after_signing_is_refused(scenario, change):
    maker = scenario.replace(ladder(scenario, 2)[1], **change)
    taker = scenario.sell(1, 2400, 10) if change == {"side": BUY} else scenario.buy(1, 2600, 10)
    assert scenario.settle((taker, (maker, 5))).reasons == REFUSED


def test_a_root_of_another_height_is_refused(scenario):
    """The height is part of what was signed: a subtree's root is no tree, nor is a tree's root a subtree's."""
    makers = ladder(scenario, 3)
    subtree = ladder(scenario, 2, count=4)
    short = scenario.replace(makers[0], root=subtree[0].entry.root, proof=makers[0].entry.proof[:2])
    assert swept(scenario, short).reasons == REFUSED
    long = scenario.replace(subtree[0], proof=makers[0].entry.proof, root=makers[0].entry.root)
    assert swept(scenario, long).reasons == REFUSED
    assert swept(scenario, subtree[0]).reasons == []


def test_a_tree_signed_by_another_key_is_refused(scenario):
    assert swept(scenario, *ladder(scenario, 1, signer=scenario.trader(2))).reasons == REFUSED * 2


def test_a_tree_of_another_account_is_refused_even_if_it_holds_the_order(scenario):
    """A stranger signs a tree with somebody's order in it: no order of that account settles by it."""
    victim, stranger = scenario.trader(0), scenario.trader(2)
    leaf = ladder(scenario, 1, signer=stranger)[0]
    assert leaf.entry.account == victim.raw
    own = scenario.sell(2, 2500, 10)
    section = scenario.section((scenario.buy(1, 2600, 100), (leaf, 5), (own, 5)))
    batch = scenario.batch(section)
    data = bytearray(layout.encode_batch(batch))
    place = 84 + 9 + 3 * 20
    assert data[place] == layout.section_accounts(section).index(victim.raw)
    data[place] = layout.section_accounts(section).index(stranger.raw)
    assert scenario.send_batch(batch, bytes(data)).reasons == REFUSED


def test_a_plain_signature_is_no_tree(scenario):
    """The signature of an order over its own hash proves no tree with that order, and the other way round."""
    maker = ladder(scenario, 1)[0]
    plain = scenario.sell(0, 2500, 10)
    assert plain.digest == maker.digest
    assert swept(scenario, scenario.replace(maker, signature=plain.entry.signature)).reasons == (
        REFUSED
    )
    wrong = scenario.replace(plain, signature=maker.entry.signature)
    assert swept(scenario, wrong).reasons == REFUSED
    assert swept(scenario, plain).reasons == []


def test_an_empty_leaf_is_nobodys_order(scenario):
    """The zero address signs nothing: an unused leaf can not be settled."""
    makers = ladder(scenario, 1, count=1)
    assert makers[0].entry.proof[0] != bytes(32)
    empty = scenario.replace(makers[0], price=0, lots=0, nonce=0, expiry_s=0, max_fee_ppm=0, leaf=1)
    assert swept(scenario, empty).reasons == [(C.MAKER, R.AMOUNT)]


def test_a_tree_holds_revisions_and_both_exits_of_one_order(scenario):
    """Leaves are orders like any other: a revision keeps what is filled, exits share their lane."""
    trader = scenario.trader(0)
    first, second, high, low = scenario.sign_tree(
        trader,
        2,
        (SELL, 2500, 10, {"nonce": nonce(1, 0)}),
        (SELL, 2510, 12, {"nonce": nonce(1, 1)}),
        (SELL, 2600, 10, {"nonce": nonce(1, lane=1)}),
        (SELL, 2400, 10, {"nonce": nonce(1, lane=1)}),
    )
    taker = scenario.buy(1, 2600, 1000)
    assert scenario.settle((taker, (first, 8), (high, 7))).reasons == []
    assert scenario.settle((taker, (second, 5), (low, 4))).reasons == [(C.MAKER, R.LOTS)] * 2
    assert scenario.settle((taker, (second, 4), (low, 3))).reasons == []
    assert scenario.settle((taker, (first, 1))).reasons == [(C.MAKER, R.LANE_STALE)]


def test_a_tree_settles_over_several_sections_and_batches(scenario):
    makers = ladder(scenario, 2)
    taker = scenario.buy(1, 2600, 1000)
    sections = [scenario.section((taker, (maker, 5))) for maker in makers[:3]]
    assert scenario.send_batch(scenario.batch(*sections)).reasons == []
    assert swept(scenario, *makers).reasons == []


def test_trees_of_several_accounts_settle_together(scenario):
    """Several roots in one section, of one account too."""
    makers = [*ladder(scenario, 1, 0), *ladder(scenario, 2, 2), *ladder(scenario, 3, 3, count=1)]
    taken = scenario.sign_tree(
        scenario.trader(0), 1, (SELL, 2500, 10, {"nonce": nonce(1, lane=9)}),
        (SELL, 2500, 10, {"nonce": nonce(1, lane=10)}),
    )  # fmt: skip
    outcome = swept(scenario, *makers, *taken)
    assert (outcome.reasons, outcome.event["settled"]) == ([], 9)
    assert len(layout.section_roots(outcome.batch.sections[0])) == 4


# Tables


@pytest.mark.parametrize("height", [0, 4, 255])
def test_a_height_that_no_tree_has_is_refused(scenario, height):
    batch = scenario.batch(
        scenario.section((scenario.buy(1, 2600, 10), (ladder(scenario, 1)[0], 5)))
    )
    data = bytearray(layout.encode_batch(batch))
    data[84 + 9 + 2 * 20 + 1] = height
    with scenario.reverts("Unsupported()"):
        scenario.send_batch(batch, bytes(data))


@pytest.mark.parametrize(
    "place",
    [84 + 9 + 40, 84 + 9 + 40 + 98 + 96 + 32],
    ids=["the root's account", "the leaf's root"],
)
def test_an_index_outside_its_table_is_refused(scenario, place):
    batch = scenario.batch(
        scenario.section((scenario.buy(1, 2600, 10), (ladder(scenario, 1)[0], 5)))
    )
    data = bytearray(layout.encode_batch(batch))
    assert data[place] in (0, 1)
    data[place] = 2
    with scenario.reverts("WrongIndex()"):
        scenario.send_batch(batch, bytes(data))


def test_the_trader_is_who_signs_the_tree(scenario):
    """Nobody can put another trader's name on a leaf of his own tree."""
    thief: Trader = scenario.trader(2)
    leaf = ladder(scenario, 1, index=0, signer=thief)[0]
    claimed = scenario.replace(leaf, account=thief.raw)
    assert swept(scenario, claimed).reasons == REFUSED
