"""Random orders for the signing tests: every field over its whole range, reproducible by seed."""

import random
from typing import Any

import attrs
import msgspec
from eth_account import Account
from eth_account.datastructures import SignedMessage
from eth_account.messages import SignableMessage, encode_typed_data

from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.order import OrderType, Side, TimeInForce
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import AccountId, AssetId, FeePpm, MarketId, Price, Quantity
from hybrid_dex.signing import Domain, checksum_address, keccak256

MAX_STEPS = 2**48 - 1


def private_key(rng: random.Random) -> str:
    """A key worth nothing: anyone can draw it again."""
    return "0x" + rng.randbytes(32).hex()


def address_of(key: str) -> AccountId:
    """The address of a key, as eth-account sees it."""
    return AccountId(Account.from_key(key).address)


def address(rng: random.Random) -> str:
    """Any address."""
    return checksum_address(rng.randbytes(20))


def domain(rng: random.Random) -> Domain:
    """Any chain and contract."""
    chain_id = rng.choice([1, 31337, 2**64, rng.randrange(1, 2**256)])
    return Domain(chain_id=chain_id, verifying_contract=address(rng))


def integer(rng: random.Random, highest: int) -> int:
    """1 to ``highest``: often an end of the range, else any number of bits."""
    if rng.random() < 0.2:
        return rng.choice([1, highest])
    return rng.randint(1, 1 << rng.randint(1, highest.bit_length())) & highest or 1


def market(rng: random.Random) -> Market:
    """Any market whose signed amounts fit 128 bits."""
    return Market(
        id=MarketId("BASE-QUOTE"),
        number=integer(rng, 2**32 - 1),
        base=Asset(id=AssetId("BASE"), decimals=18, token=address(rng)),
        quote=Asset(id=AssetId("QUOTE"), decimals=6, token=address(rng)),
        lot_size=integer(rng, 2**64 - 1),
        tick_size=integer(rng, 2**32 - 1),
    )


def market_of(number: int) -> Market:
    """A market of which only the number is signed."""
    asset = Asset(id=AssetId("BASE"), decimals=18)
    quote = Asset(id=AssetId("QUOTE"), decimals=6)
    return Market(
        id=MarketId("BASE-QUOTE"), number=number, base=asset, quote=quote, lot_size=1, tick_size=1
    )


def order(rng: random.Random, trader: AccountId) -> SignedOrder:
    """Any unsigned order of a trader."""
    time_in_force = rng.choice([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK])
    return SignedOrder(
        trader=trader,
        market=market(rng),
        side=rng.choice(list(Side)),
        order_type=OrderType.LIMIT,
        time_in_force=time_in_force,
        post_only=time_in_force is TimeInForce.GTC and rng.random() < 0.5,
        price=Price(integer(rng, MAX_STEPS)),
        quantity=Quantity(integer(rng, MAX_STEPS)),
        max_fee_ppm=FeePpm(integer(rng, 2**16 - 1)),
        expiry_s=integer(rng, 2**40 - 1),
        nonce=Nonce(rng.randrange(2**40), rng.randrange(2**8), rng.randrange(2**16)),
        signature=b"",
    )


def market_terms(listed: Market) -> dict[str, object]:
    """A market as vectors hold it."""
    return {
        "number": listed.number,
        "baseToken": listed.base.token,
        "quoteToken": listed.quote.token,
        "lotSize": str(listed.lot_size),
        "tickSize": str(listed.tick_size),
    }


def order_terms(base: SignedOrder) -> dict[str, object]:
    """An order as vectors hold it."""
    return {
        "trader": base.trader,
        "side": int(base.side),
        "postOnly": base.post_only,
        "timeInForce": base.time_in_force.name,
        "price": str(base.price),
        "quantity": str(base.quantity),
        "maxFeePpm": base.max_fee_ppm,
        "expiry": base.expiry_s,
        "counter": base.nonce.counter,
        "revision": base.nonce.revision,
        "lane": base.nonce.lane,
    }


def order_of(listed: dict[str, Any], terms: dict[str, Any]) -> SignedOrder:
    """The order of a vector, not signed."""
    return SignedOrder(
        trader=AccountId(terms["trader"]),
        market=Market(
            id=MarketId("BASE-QUOTE"),
            number=listed["number"],
            base=Asset(id=AssetId("BASE"), decimals=18, token=listed["baseToken"]),
            quote=Asset(id=AssetId("QUOTE"), decimals=6, token=listed["quoteToken"]),
            lot_size=int(listed["lotSize"]),
            tick_size=int(listed["tickSize"]),
        ),
        side=Side(terms["side"]),
        time_in_force=TimeInForce[terms["timeInForce"]],
        post_only=terms["postOnly"],
        price=Price(int(terms["price"])),
        quantity=Quantity(int(terms["quantity"])),
        max_fee_ppm=FeePpm(terms["maxFeePpm"]),
        expiry_s=terms["expiry"],
        nonce=Nonce(terms["counter"], terms["revision"], terms["lane"]),
        signature=b"",
    )


def changed_fields(rng: random.Random, base: SignedOrder) -> dict[str, SignedOrder]:
    """The same order with one signed thing changed, by name."""
    lists = base.market
    bump, again = msgspec.structs.replace, attrs.evolve
    orders = {
        "trader": bump(base, trader=AccountId(address(rng))),
        "side": bump(base, side=Side(1 - base.side)),
        "post_only": bump(base, post_only=not base.post_only),
        "price": bump(base, price=Price(base.price ^ 1)),
        "quantity": bump(base, quantity=Quantity(base.quantity ^ 1)),
        "max_fee_ppm": bump(base, max_fee_ppm=FeePpm(base.max_fee_ppm ^ 1)),
        "expiry_s": bump(base, expiry_s=base.expiry_s ^ 1),
        "counter": bump(base, nonce=bump(base.nonce, counter=base.nonce.counter ^ 1)),
        "revision": bump(base, nonce=bump(base.nonce, revision=base.nonce.revision ^ 1)),
        "lane": bump(base, nonce=bump(base.nonce, lane=base.nonce.lane ^ 1)),
        "market.number": bump(base, market=again(lists, number=lists.number ^ 1)),
        "base.token": bump(base, market=again(lists, base=again(lists.base, token=address(rng)))),
        "quote.token": bump(
            base, market=again(lists, quote=again(lists.quote, token=address(rng)))
        ),
        "lot_size": bump(base, market=again(lists, lot_size=lists.lot_size + 1)),
        "tick_size": bump(base, market=again(lists, tick_size=lists.tick_size + 1)),
    }
    for other in TimeInForce:
        if other not in (base.time_in_force, TimeInForce.GTD) and base.time_in_force is not other:
            orders[f"time_in_force {other.name}"] = bump(base, time_in_force=other)
    return orders


def reference_values(base: SignedOrder) -> dict[str, str | int]:
    """What is signed of an order, worked out without the room under test."""
    listed = base.market
    assert listed.base.token is not None
    assert listed.quote.token is not None
    nonce = base.nonce
    flags = int(base.post_only)
    flags += {TimeInForce.IOC: 2, TimeInForce.FOK: 4}.get(base.time_in_force, 0)
    return {
        "trader": base.trader,
        "market": listed.number,
        "baseToken": listed.base.token,
        "quoteToken": listed.quote.token,
        "side": int(base.side),
        "flags": flags,
        "baseAmount": base.quantity * listed.lot_size,
        "quoteAmount": base.price * base.quantity * listed.tick_size,
        "maxFeePpm": base.max_fee_ppm,
        "expiry": base.expiry_s,
        "nonce": nonce.counter * 2**24 + nonce.revision * 2**16 + nonce.lane,
    }


def reference_message(base: SignedOrder, of: Domain) -> SignableMessage:
    """The order as eth-account's encoder wants it.

    The field list is the struct as the contract declares it, written out a second time.
    """
    types = (
        "address trader,uint32 market,address baseToken,address quoteToken,uint8 side,uint8 flags,"
        "uint128 baseAmount,uint128 quoteAmount,uint16 maxFeePpm,uint40 expiry,uint64 nonce"
    )
    fields = [dict(zip(("type", "name"), field.split(), strict=True)) for field in types.split(",")]
    return encode_typed_data(
        domain_data={
            "name": "hybrid-dex",
            "version": "1",
            "chainId": of.chain_id,
            "verifyingContract": of.verifying_contract,
        },
        message_types={"Order": fields},
        message_data=reference_values(base),
    )


def reference_digest(message: SignableMessage) -> bytes:
    """The digest of eth-account's encoding (EIP-191 version 1)."""
    return keccak256(b"\x19" + message.version + message.header + message.body)


def reference_signature(message: SignableMessage, key: str) -> SignedMessage:
    """The signature of eth-account."""
    signed: SignedMessage = Account.sign_message(message, key)
    return signed
