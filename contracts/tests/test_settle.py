"""Settling moves what both traders signed for, at the maker's limit, and leaves a provable trace."""

import random

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from scenario import BUY, LOT, SELL, TYPES, Market, layout, nonce


def holdings(scenario, *indices):
    """(base, quote) of each trader."""
    return [
        tuple(
            scenario.balance(scenario.traders[i], t)
            for t in (scenario.market.base, scenario.market.quote)
        )
        for i in indices
    ]


def change(before, after):
    return [
        tuple(b - a for a, b in zip(x, y, strict=True)) for x, y in zip(before, after, strict=True)
    ]


def test_a_buying_taker_pays_the_makers_limit(scenario):
    maker, taker = scenario.sell(0, 2500, 10), scenario.buy(1, 2600, 4)
    before = holdings(scenario, 0, 1)
    outcome = scenario.settle((taker, (maker, 4)))
    assert change(before, holdings(scenario, 0, 1)) == [(-4 * LOT, 10_000), (4 * LOT, -10_000)]
    assert (outcome.skips, outcome.event["settled"]) == ([], 1)
    scenario.assert_solvent()


def test_a_selling_taker_gets_the_makers_limit(scenario):
    maker, taker = scenario.buy(0, 2500, 10), scenario.sell(1, 2400, 4)
    before = holdings(scenario, 0, 1)
    assert scenario.settle((taker, (maker, 4))).skips == []
    assert change(before, holdings(scenario, 0, 1)) == [(4 * LOT, -10_000), (-4 * LOT, 10_000)]


def test_fees_are_charged_in_quote_per_fill_rounded_down(scenario):
    maker = scenario.sell(0, 2500, 10, fee=150)
    taker = scenario.buy(1, 2500, 10, fee=333)
    before = holdings(scenario, 0, 1)
    scenario.settle((taker, (maker, 3), (maker, 4)))
    # 7500: 1.125 and 2.4975 become 1 and 2; 10000: 1.5 and 3.33 become 1 and 3
    assert change(before, holdings(scenario, 0, 1)) == [
        (-7 * LOT, 17_500 - 2),
        (7 * LOT, -17_500 - 5),
    ]
    assert scenario.read("feesOf", scenario.market.quote.address) == 7
    scenario.assert_solvent()


def test_a_rebate_comes_out_of_the_fee_of_the_same_fill(scenario):
    maker, taker = scenario.sell(0, 2500, 100, fee=-200), scenario.buy(1, 2500, 100, fee=500)
    before = holdings(scenario, 0, 1)
    assert scenario.settle((taker, (maker, 100))).skips == []
    assert change(before, holdings(scenario, 0, 1)) == [
        (-100 * LOT, 250_050),
        (100 * LOT, -250_125),
    ]
    scenario.assert_solvent()


def test_a_rebate_above_the_fee_of_the_fill_is_skipped(scenario):
    maker, taker = scenario.sell(0, 2500, 100, fee=-505), scenario.buy(1, 2500, 100, fee=500)
    assert scenario.settle((taker, (maker, 100))).reasons == [(0, layout.SkipReason.REBATE)]


def test_a_taker_sweeps_makers_each_at_its_limit(scenario):
    makers = [scenario.sell(i, 2500 + i, 5) for i in (0, 1, 2)]
    taker = scenario.buy(3, 2600, 12)
    before = holdings(scenario, 0, 1, 2, 3)
    scenario.settle((taker, (makers[0], 5), (makers[1], 5), (makers[2], 2)))
    paid = 5 * 2500 + 5 * 2501 + 2 * 2502
    assert change(before, holdings(scenario, 0, 1, 2, 3)) == [
        (-5 * LOT, 12_500),
        (-5 * LOT, 12_505),
        (-2 * LOT, 5_004),
        (12 * LOT, -paid),
    ]
    scenario.assert_solvent()


def test_proceeds_of_one_fill_pay_for_the_next(scenario):
    """Amounts net in memory: an account that starts with nothing can pass on what it just bought."""
    poor = scenario.trader(10, base=0, quote=2500)
    assert scenario.balance(poor, scenario.market.base) == 0
    bought = (scenario.sign(poor, BUY, 2500, 1), (scenario.sell(0, 2500, 1), 1))
    sold = (
        scenario.sign(poor, SELL, 2500, 1, nonce=nonce(1, lane=1)),
        (scenario.buy(1, 2600, 1), 1),
    )
    assert scenario.settle(bought, sold).skips == []
    assert holdings(scenario, 10) == [(0, 2600)]


def test_sections_of_several_markets_settle_in_one_batch(scenario, deploy):
    other = deploy("MockERC20", "Gold", "GLD", 18)
    scenario.do(scenario.owner, "listAsset", other.address)
    scenario.do(
        scenario.owner, "listMarket", 2, other.address, scenario.market.base.address, 10**10, 10**3
    )
    market = Market(2, other, scenario.market.base, 10**10, 10**3)
    scenario.deposit(scenario.trader(0), other, 10**18)
    first = scenario.section((scenario.buy(1, 2500, 4), (scenario.sell(0, 2500, 4), 4)))
    maker = scenario.sell(0, 7, 50, market=market, fee=1000)
    taker = scenario.buy(1, 7, 50, market=market, nonce=nonce(2))
    second = scenario.section((taker, (maker, 50)))
    third = scenario.section((scenario.buy(2, 2500, 4), (scenario.sell(3, 2500, 4), 4)))
    outcome = scenario.send_batch(scenario.batch(first, second, third))
    assert (outcome.skips, outcome.event["settled"]) == ([], 3)
    assert scenario.balance(scenario.trader(1), other) == 50 * 10**10
    assert scenario.read("feesOf", scenario.market.base.address) == 350
    scenario.assert_solvent()


def test_an_empty_batch_is_a_heartbeat(scenario):
    before = scenario.read("batchState")
    outcome = scenario.settle()
    number, matched_through, _, root = scenario.read("batchState")
    assert number == before[0] + 1
    assert matched_through == outcome.batch.matched_through_s
    assert root == layout.new_root(outcome.batch, layout.EMPTY_ROOT)


def test_the_root_commits_to_what_settled(scenario):
    maker = scenario.sell(0, 2500, 100)
    takers = [scenario.buy(i, 2500 - (i == 2), 5) for i in (1, 2, 3)]
    section = scenario.section(*((taker, (maker, 2), (maker, 3)) for taker in takers))
    digests = scenario.digests
    outcome = scenario.send_batch(scenario.batch(section))
    skipped = {layout.FillPosition(1, sequence, index) for sequence, index, _, _ in outcome.skips}
    assert len(skipped) == 2
    leaves = layout.trade_ids(outcome.batch, [digests], skipped)
    assert outcome.event["merkleRoot"] == layout.merkle_root(leaves)
    assert outcome.event["root"] == layout.new_root(outcome.batch, layout.merkle_root(leaves))
    assert outcome.event["journalHash"] == outcome.batch.journal_hash
    assert scenario.read("batchState")[3] == outcome.event["root"]
    for skipped in ((), {layout.FillPosition(1, outcome.skips[0][0], 0)}):
        assert (
            layout.merkle_root(layout.trade_ids(outcome.batch, [digests], skipped))
            != outcome.event["merkleRoot"]
        )


def test_forty_nine_of_fifty_settle(scenario):
    """One account has too little: its fill is skipped with its reason, all others settle."""
    poor = scenario.trader(20, quote=100)
    maker = scenario.sell(0, 2500, 1000)
    groups = [
        (
            scenario.sign(poor, BUY, 2500, 1)
            if i == 30
            else scenario.buy(1, 2500, 1, nonce=nonce(1, lane=i)),
            (maker, 1),
        )
        for i in range(50)
    ]
    outcome = scenario.settle(*groups)
    assert outcome.event["settled"] == 49
    assert [skip[1:] for skip in outcome.skips] == [
        (0, layout.Culprit.TAKER, layout.SkipReason.FUNDS)
    ]
    assert outcome.skips[0][0] == layout.group_sequence(scenario.sequence - 19)
    scenario.assert_solvent()


def test_a_seller_without_funds_is_skipped(scenario):
    poor = scenario.trader(20, base=3)
    outcome = scenario.settle(
        (
            scenario.buy(1, 2500, 9),
            (scenario.sign(poor, SELL, 2500, 4), 4),
            (scenario.sell(0, 2500, 4), 4),
        )
    )
    assert outcome.skips == [
        (
            outcome.batch.sections[0].groups[0].sequence,
            0,
            layout.Culprit.MAKER,
            layout.SkipReason.FUNDS,
        )
    ]


@pytest.mark.parametrize("seed", [20260101, 7])
def test_the_digest_is_that_of_eth_account(scenario, seed):
    """Random orders: the contract's hash of the typed data is the one that wallets sign."""
    draw = random.Random(seed)
    for _ in range(20):
        message = {
            "trader": Account.from_key(draw.randbytes(32)).address,
            "market": draw.getrandbits(32),
            "baseToken": Account.from_key(draw.randbytes(32)).address,
            "quoteToken": Account.from_key(draw.randbytes(32)).address,
            "side": draw.getrandbits(1),
            "flags": draw.getrandbits(3),
            "baseAmount": draw.getrandbits(128),
            "quoteAmount": draw.getrandbits(128),
            "maxFeePpm": draw.getrandbits(16),
            "expiry": draw.getrandbits(40),
            "nonce": draw.getrandbits(64),
        }
        signable = encode_typed_data(full_message=scenario.document(message))
        expected = keccak(b"\x19" + signable.version + signable.header + signable.body)
        assert scenario.read("hashOrder", tuple(message.values())) == expected


def test_random_batches_conserve_every_token(scenario):
    """Whatever settles or is skipped, balances and fees add up to what the vault holds, and no order overfills."""
    draw = random.Random(11)
    filled = {}
    for counter in range(1, 9):
        orders = []
        for lane in range(6):
            index = draw.randrange(4)
            side = draw.choice(["buy", "sell"])
            flags = draw.choice([0, 0, 0, 0, 1, 2, 4])
            price, lots = draw.randrange(2495, 2505), draw.randrange(1, 10**6)
            number = nonce(counter, lane=lane)
            orders.append(
                getattr(scenario, side)(
                    index, price, lots, flags=flags, nonce=number, fee=draw.randrange(-100, 500)
                )
            )
        groups = [
            (orders[i], *((orders[j], draw.randrange(1, 10**6)) for j in draw.sample(range(6), 3)))
            for i in draw.sample(range(6), 3)
        ]
        outcome = scenario.settle(*groups)
        scenario.assert_solvent()
        skipped = {skip[:2] for skip in outcome.skips}
        for group in outcome.batch.sections[0].groups:
            for place, fill in enumerate(group.fills):
                if (group.sequence, place) not in skipped:
                    for index in (group.taker, fill.maker):
                        order = outcome.batch.sections[0].orders[index]
                        filled[order] = filled.get(order, 0) + fill.lots
                        assert filled[order] <= order.lots
    assert filled


def test_the_librarys_digest_is_the_contracts(scenario):
    """Random orders: the library, the contract and, above, eth-account hash one order alike."""
    from hybrid_dex.model.market import Asset, Market
    from hybrid_dex.model.order import OrderType, Side, TimeInForce
    from hybrid_dex.model.signed_order import Nonce, SignedOrder
    from hybrid_dex.signing import Domain, order_digest, typed_data

    draw = random.Random(3)
    domain = Domain(chain_id=scenario.w3.eth.chain_id, verifying_contract=scenario.exchange.address)
    base, quote = scenario.market.base.address, scenario.market.quote.address
    for _ in range(20):
        market = Market(
            id="ETH-USDC",
            number=draw.randrange(1, 2**32),
            base=Asset(id="ETH", decimals=18, token=base),
            quote=Asset(id="USDC", decimals=6, token=quote),
            lot_size=draw.randrange(1, 2**64),
            tick_size=draw.randrange(1, 2**32),
        )
        order = SignedOrder(
            trader=scenario.trader(0).address,
            market=market,
            side=draw.choice(list(Side)),
            order_type=OrderType.LIMIT,
            time_in_force=draw.choice([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
            post_only=False,
            price=draw.randrange(1, 2**48),
            quantity=draw.randrange(1, 2**48),
            max_fee_ppm=draw.randrange(2**16),
            expiry_s=draw.randrange(2**40),
            nonce=Nonce(draw.randrange(2**40), draw.randrange(2**8), draw.randrange(2**16)),
            signature=b"",
        )
        message = typed_data(order, domain)["message"]
        names = [field["name"] for field in TYPES["Order"]]
        values = [message[name] for name in names]
        values = tuple(v if str(v).startswith("0x") else int(v) for v in values)
        assert scenario.read("hashOrder", values) == order_digest(order, domain)
