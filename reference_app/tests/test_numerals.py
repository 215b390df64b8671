"""C5: no numeral outside the grammar is taken, in any field of any request, over REST and the socket.

The fields are read off the OpenAPI and AsyncAPI documents, so that a new one is tried by being there.
Each stands in an otherwise good request; the refusal has to be about the message, and never ours.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import attrs

from hybrid_dex.defaults.roles import Role
from hybrid_dex.model.reasons import RejectReason
from reference_app.access import BEARER, FRESH
from reference_app.examples import example
from reference_app.tests.stack import Stack, Trader, limits, running, settings
from tests.tiers import count

HOLE = "@@HOLE@@"
OPEN = limits(requests_per_minute=10**9, account_requests_per_minute=10**9, orders_per_second=10**9)
TEXTS = (
    "NaN", "nan", "-NaN", "Infinity", "-Infinity", "inf", "1e999999999", "1e5", "1E5", "1e-1",
    "1e+1", "-0", "-1", "+1", "--1", "1-", "0x10", "0b1", "0o7", "1_000", "1,000", "1.000,00",
    "\uff11\uff12", "\u0661", "\u00b2", "\u00bd", "\u2167", "\u22121", "\u200b1", "1\u00a0", "00",
    "01", "007", "00.1", "9" * 4_000, "0." + "0" * 3_999 + "1", "", " ", " 1", "1 ", "\t1", "1\n",
    "1\x00", "1.", ".1", ".", "1..1", "1.1.1", "1/2", "$1", "1f", "1L", "true", "null", "[1]", "{}",
)  # fmt: skip
"""As texts, where a text is wanted."""
BARE = (
    "NaN", "Infinity", "-Infinity", "1e999999999", "1.0", "1.5", "-1.0", "1e3", "1E400", "01", "+1",
    ".5", "1.", "0x10", "1_000", "true", "false", "[]", "[1]", "{}", '{"1":1}', "9" * 4_000,
    "-" + "9" * 400, '"1"', '"01"', '""', '" 1"', '"1e3"', "\uff11",
)  # fmt: skip
"""As they stand, where an integer is wanted."""
NOT_TEXTS = ("1", "0", "-1", "1.0", "1e999999999", "NaN", "true", "false", "[]", '["1"]', "{}")
"""Where a text is wanted and something else comes."""
A_FIELD = count(fast=5, full=80)
TAKEN = {
    RejectReason.INVALID_NUMBER,
    RejectReason.INVALID_MESSAGE,
    RejectReason.MESSAGE_TOO_LARGE,
}


@attrs.frozen
class Field:
    """A numeric field of a message: the message with a hole, and what fits into the hole."""

    where: str
    body: str
    wants_text: bool
    nullable: bool

    def hostile(self, rng: Random, times: int) -> list[str]:
        """What is put into the hole, as JSON or something like it."""
        texts = tuple(json.dumps(text) for text in TEXTS)
        every = (*texts, *NOT_TEXTS) if self.wants_text else BARE
        if not self.nullable:
            every = (*every, "null")
        return rng.sample(every, min(times, len(every)))


def is_number(schema: Mapping[str, Any]) -> bool | None:
    """Whether a schema is a text of digits (True), an integer (False), or no number."""
    if schema.get("type") == "integer":
        return False
    pattern = schema.get("pattern")
    if schema.get("type") != "string" or pattern is None:
        return None
    digits = re.search(pattern, "1") and not any(map(re.compile(pattern).search, ("a", "0x5a")))
    return True if digits else None


def holes(
    schema: Mapping[str, Any], document: Mapping[str, Any], value: Any, path: tuple[Any, ...] = ()
) -> Iterator[tuple[tuple[Any, ...], Any, bool, bool]]:
    """Each numeric field below: its path, a value that has it, whether it is text, or may be null.

    Where a field may have several forms, each is tried.
    """
    components = document["components"]["schemas"]
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    forms = schema.get("anyOf", schema.get("oneOf", [schema]))
    nullable = any(form.get("type") == "null" for form in forms)
    for form in forms:
        if form is not schema:
            inner = example(form, components, str(path[-1]) if path else "")
            if "$ref" in form or form.get("type") in {"object", "array"}:
                yield from holes(form, document, inner, path)
                continue
        number = is_number(form)
        if number is not None:
            yield path, HOLE, number, nullable
        elif form.get("type") == "object":
            for name, inner_schema in form.get("properties", {}).items():
                known = value if isinstance(value, dict) else {}
                inner = known.get(name, example(inner_schema, components, name))
                for found, hole, text, may_be_null in holes(
                    inner_schema, document, inner, (*path, name)
                ):
                    yield found, {**known, name: hole}, text, may_be_null
        elif form.get("type") == "array" and isinstance(form.get("items"), dict):
            inner = value[0] if isinstance(value, list) and value else {}
            for found, hole, text, may_be_null in holes(form["items"], document, inner, (*path, 0)):
                yield found, [hole], text, may_be_null


def fields_of(schema: Mapping[str, Any], document: Mapping[str, Any], good: Any) -> Iterator[Field]:
    for path, body, wants_text, nullable in holes(schema, document, good):
        yield Field(".".join(map(str, path)), json.dumps(body), wants_text, nullable)


def is_integer(numeral: str) -> bool:
    """Whether it is within the grammar, and out of range: what it is out of, the refusal may say."""
    return re.fullmatch("-?[1-9][0-9]*", numeral) is not None


def filled(field: Field, numeral: str) -> bytes:
    return field.body.replace(json.dumps(HOLE), numeral).encode()


async def with_orders(stack: Stack) -> tuple[Trader, dict[str, Any]]:
    """A trader with a resting order, and good values for what the examples can not know."""
    alice = await stack.trader(1, USDC="1000000", ETH="1000")
    placed = await alice.place("buy", "1", "10")
    return alice, {"order_id": placed["order"]["order_id"], "market_id": "ETH-USDC"}


def made_good(body: Any, alice: Trader, names: Mapping[str, Any]) -> Any:
    """An example with real orders and ids in it."""
    if isinstance(body, dict):
        if "side" in body and "quantity" in body:
            order = alice.order("buy", "1", "10")
            return (
                order
                if "market" in body
                else {name: order[name] for name in body.keys() & order.keys()}
            )
        return {
            name: names.get(name, made_good(value, alice, names)) for name, value in body.items()
        }
    return [made_good(one, alice, names) for one in body] if isinstance(body, list) else body


async def test_no_hostile_numeral_is_taken_in_a_body(
    tmp_path: Path, rng: Random, figure: Callable[[str], None]
) -> None:
    tried, fields = 0, 0
    async with running(settings(tmp_path, limits=OPEN)) as stack:
        alice, names = await with_orders(stack)
        document = (await stack.http.get("/openapi.json")).json()
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if "requestBody" not in operation:
                    continue
                content = operation["requestBody"]["content"]["application/json"]
                address = re.sub(r"\{(\w+)\}", lambda name: str(names.get(name[1], "1")), path)
                shown = content.get("examples") or {"": {"value": content["example"]}}
                good = made_good(next(iter(shown.values()))["value"], alice, names)
                security = operation.get("security", [])
                taken = TAKEN | {
                    RejectReason.FRESH_SIGNATURE_REQUIRED for one in security if FRESH in one
                }
                roles = {role.value for role in Role} & set().union(
                    *(one.get(BEARER, ()) for one in security)
                )
                if roles:  # whoever has none is refused before the body is read
                    taken |= {RejectReason.FORBIDDEN}
                for field in fields_of(content["schema"], document, good):
                    fields += 1
                    for numeral in field.hostile(rng, A_FIELD):
                        reply = await stack.http.request(
                            method.upper(),
                            address,
                            content=filled(field, numeral),
                            headers=alice.headers | {"content-type": "application/json"},
                        )
                        tried += 1
                        shown = (method, path, field.where, numeral[:60], reply.text[:300])
                        assert 400 <= reply.status_code < 500, shown
                        assert reply.json()["code"] in taken or is_integer(numeral), shown
        assert fields > 60
        assert len(stack.services.exchange.view.open_orders(alice.account)) == 1
    figure(f"{tried} hostile numerals in {fields} fields of REST bodies: 0 taken, 0 server errors")


async def test_no_hostile_numeral_is_taken_in_an_address(
    tmp_path: Path, rng: Random, figure: Callable[[str], None]
) -> None:
    tried = 0
    async with running(settings(tmp_path, limits=OPEN)) as stack:
        alice, names = await with_orders(stack)
        document = (await stack.http.get("/openapi.json")).json()
        for path, item in document["paths"].items():
            for method, operation in item.items():
                for parameter in operation.get("parameters", ()):
                    forms = parameter["schema"]
                    forms = forms.get("anyOf", forms.get("oneOf", [forms]))
                    named = parameter["name"] in {"order_id", "salt"}
                    if not named and all(is_number(form) is None for form in forms):
                        continue
                    for text in rng.sample(TEXTS, min(len(TEXTS), A_FIELD)):
                        if not text.strip(". ") or len(text) > 2_000:
                            continue  # no address of this route
                        filling = dict(names) | {parameter["name"]: quote(text, safe="")}
                        address = re.sub(
                            r"\{(\w+)\}", lambda found, f=filling: str(f.get(found[1], "1")), path
                        )
                        if parameter["in"] == "query":
                            address += f"?{parameter['name']}={quote(text, safe='')}"
                        reply = await stack.http.request(
                            method.upper(), address, headers=alice.headers
                        )
                        tried += 1
                        assert 400 <= reply.status_code < 500, (method, address, reply.text[:200])
    assert tried > 20
    figure(f"{tried} hostile numerals in addresses: 0 taken, 0 server errors")


async def test_no_hostile_numeral_is_taken_over_the_socket(
    tmp_path: Path, rng: Random, figure: Callable[[str], None]
) -> None:
    tried, fields = 0, 0
    async with running(settings(tmp_path, limits=OPEN)) as stack:
        alice, names = await with_orders(stack)
        document = (await stack.http.get("/asyncapi.json")).json()
        async with alice.socket() as socket:
            for tag, operation in document["operations"].items():
                if operation["action"] != "receive":
                    continue
                name = operation["messages"][0]["$ref"].rpartition("/")[2]
                payload = document["components"]["messages"][name]["payload"]
                good = made_good(example(payload, document["components"]["schemas"]), alice, names)
                good = good | {"op": tag}
                for field in fields_of(payload, document, good):
                    fields += 1
                    for numeral in field.hostile(rng, A_FIELD):
                        if field.where == "id" and numeral.startswith('"'):
                            continue  # an id may be any text
                        await socket.connection.send(filled(field, numeral).decode())
                        answer = await socket.receive()
                        tried += 1
                        shown = (tag, field.where, numeral[:60], answer)
                        assert answer["type"] == "error", shown
                        told = answer["problem"]["code"]
                        assert told in TAKEN or is_integer(numeral), shown
        assert fields > 60
        assert len(stack.services.exchange.view.open_orders(alice.account)) == 1
    figure(f"{tried} hostile numerals in {fields} fields of the socket: 0 taken, 0 errors of ours")
