"""Every operation of the OpenAPI document is what the exchange does, held against it by its examples.

Each example goes with the schema beside it, is sent to the real app, and the answer is one that the
document describes. Names that only this exchange can give, and signatures, are put in; what wants a
wallet's confirmation is refused without one first.
"""

import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import attrs
import httpx
import jsonschema_rs
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from hybrid_dex.defaults.roles import Role
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.signing import BulkTree
from hybrid_dex.signing.order import typed_data
from hybrid_dex.wire import LadderRequest, OrderRequest, decode, encode, to_ladder, to_order
from reference_app.tests.keys import confirmed
from reference_app.tests.stack import Stack, Trader, login_text

READER = Account.from_key("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
"""The account of the examples, known to everybody from the nodes that developers run."""
PAGES = frozenset({"before", "after"})
"""Taken from the answer before."""
NO_CHAIN = {
    ("get", "/account/solvency-proof"): 404,
    ("get", "/account/vouchers/{salt}"): 404,
    ("post", "/account/vouchers"): 503,
    ("get", "/receipts"): 409,
    ("post", "/orders/{order_id}/receipt"): 409,
    ("post", "pause_settlement"): 404,
    ("post", "retry_settlement"): 404,
    ("post", "resume_settlement"): 404,
}
"""What an exchange that settles without a chain says it can not have, by its address or action."""
UNSIGNED = ("post", "/orders/{order_id}/replace")
"""Its new terms are signed for one order only, which an example can not name."""
EXCLUSIVE = ("get", "/receipts")
"""Its parameters go one at a time."""
LAST = (
    ("post", "/auth/logout"),
    ("delete", "/auth/sessions"),
    ("delete", "/auth/sessions/{session_id}"),
)

Operation = tuple[str, str, dict[str, Any]]
"""Method, path, and what the document says."""


@attrs.define
class World:
    """An exchange in which the examples can be true."""

    stack: Stack
    reader: Trader
    other: Trader
    document: dict[str, Any]
    names: dict[str, str]

    def operations(self) -> Iterator[Operation]:
        """Every operation, those last that end a login."""
        found = [
            (method, path, operation)
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
        ]
        yield from sorted(found, key=lambda one: one[:2] in LAST)

    def validator(self, schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
        whole = {"components": self.document["components"]} | schema
        return jsonschema_rs.Draft202012Validator(whole)


@pytest.fixture
async def world(stack: Stack) -> World:
    stack.lanes = itertools.count(1_000)  # those of the examples are free
    reader = Trader(stack, READER)
    await reader.login()
    market = stack.market("ETH-USDC")
    for asset, amount in ((market.base, "1000"), (market.quote, "1000000")):
        await stack.services.exchange.deposit(reader.account, asset.id, asset.parse(amount))
    await stack.services.identity.roles.grant(reader.account, Role.ADMIN, "command")
    other = await stack.trader(22, ETH="10", USDC="10000")
    await stack.services.identity.roles.grant(other.account, Role.ADMIN, "command")
    document = (await stack.http.get("/openapi.json")).json()
    return World(stack, reader, other, document, {})


def contents(operation: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each schema and an example of it: of parameters, the body, and answers that are no refusal."""
    for parameter in operation.get("parameters", ()):
        yield parameter["schema"], parameter["example"]
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    answers = [one for status, one in operation["responses"].items() if status[0] == "2"]
    assert answers
    for part in (*bodies, *answers):
        for content in part.get("content", {}).values():
            for example in examples(content):
                yield content.get("schema", {}), example


def examples(content: dict[str, Any]) -> list[Any]:
    assert ("example" in content) != ("examples" in content), "one or the other"
    if "example" in content:
        return [content["example"]]
    return [one["value"] for one in content["examples"].values()]


async def test_every_operation_has_words_and_examples_of_its_schemas(world: World) -> None:
    count = 0
    for method, path, operation in world.operations():
        name = f"{method} {path}"
        assert len(operation.get("description", "")) > 10, name
        for schema, example in contents(operation):
            found = [error.message for error in world.validator(schema).iter_errors(example)]
            assert not found, (name, example, found)
            count += 1
        for status, response in operation["responses"].items():
            assert status == "default" or status[0] == "2" or "$ref" in response, (name, status)
    assert count > 100


def signed(trader: Trader, value: Any) -> Any:
    """The message with every order in it signed by its trader, for an hour."""
    if isinstance(value, list):
        return [signed(trader, one) for one in value]
    if not isinstance(value, dict):
        return value
    if "signature" not in value or "market" not in value:
        return {name: signed(trader, one) for name, one in value.items()}
    message: dict[str, Any] = value | {"expiry_s": int(time.time()) + 3_600}
    full = asked_to_sign(trader, message)
    signature = trader.key.sign_message(encode_typed_data(full_message=full)).signature
    return message | {"signature": "0x" + bytes(signature).hex()}


def asked_to_sign(trader: Trader, message: dict[str, Any]) -> dict[str, Any]:
    """The typed data of a message: of an order, or of the tree of a ladder."""
    market, domain = trader.stack.market(message["market"]), trader.stack.services.domain
    if "rungs" in message:
        ladder = to_ladder(decode(LadderRequest, encode(message)), market, trader.account)
        return BulkTree(tuple(ladder)).typed_data(domain)
    order = to_order(decode(OrderRequest, encode(message)), market, trader.account)
    assert isinstance(order, SignedOrder)
    return typed_data(order, domain)


async def a_login(world: World, _: Any) -> Any:
    nonce = (await world.stack.post("/auth/nonce")).json()["nonce"]
    return proof(world.reader, login_text(world.reader.account, nonce))


def proof(trader: Trader, text: str) -> dict[str, str]:
    signature = trader.key.sign_message(encode_defunct(text=text)).signature
    return {"message": text, "signature": "0x" + bytes(signature).hex()}


async def a_token(world: World, example: dict[str, Any]) -> Any:
    """Of a session of its own, so that the reader's goes on."""
    answer = await Trader(world.stack, READER).login()
    return {name: answer.get(name, answer["access_token"]) for name in example}


async def a_confirmation(world: World, _: Any) -> Any:
    asked = {"method": "DELETE", "target": "/auth/api-keys", "body_sha256": "5a" * 32}
    begun = await world.reader.post("/auth/actions", asked)
    return proof(world.reader, begun.json()["message"])


async def a_key(_: World, example: dict[str, Any]) -> Any:
    return example | {"expires_at_ms": int(time.time() * 1_000) + 3_600_000}


async def an_action(_: World, example: dict[str, Any]) -> Any:
    return example | {"id": f"walk-{time.time_ns()}"}


BODIES: dict[str, Callable[[World, Any], Awaitable[Any]]] = {
    "/auth/login": a_login,
    "/auth/refresh": a_token,
    "/auth/revoke": a_token,
    "/auth/actions/confirm": a_confirmation,
    "/auth/api-keys": a_key,
    "/admin/actions": an_action,
    "/admin/proposals": an_action,
}
"""What is good once, and only for who asked for it."""


async def named(world: World, path: str) -> dict[str, str]:
    """The names of an address, of things that are there."""
    reader, names = world.reader, {"account": world.other.account}
    if "{order_id}" in path or "{client_order_id}" in path or "{order_hash}" in path:
        name = f"walk {time.time_ns()}"
        order = (await reader.place("buy", "2", "1000", client_order_id=name))["order"]
        names |= {
            "order_id": order["order_id"], "client_order_id": name,
            "order_hash": order["order_hash"],
        }  # fmt: skip
    if path == "/orders/protection/heartbeat":
        timer = encode({"timeout_ms": 30_000})
        headers = reader.headers | {"content-type": "application/json"}
        await world.stack.http.put("/orders/protection/timer", content=timer, headers=headers)
    if "{key_id}" in path:
        body = {
            "name": "walk", "kind": "hmac", "scopes": ["read"],
            "expires_at_ms": int(time.time() * 1_000) + 3_600_000,
        }  # fmt: skip
        made = await confirmed(reader, "POST", "/auth/api-keys", body)
        names["key_id"] = made.json()["key"]["id"]
    if "{session_id}" in path:
        sessions = (await reader.get("/auth/sessions")).json()["sessions"]
        names["session_id"] = sessions[-1]["id"]
    if "{action_id}" in path:
        body = {
            "id": f"walk-{time.time_ns()}", "reason": "to be walked over",
            "action": {"kind": "release_account", "account": world.other.account},
        }  # fmt: skip
        made = await confirmed(world.other, "POST", "/admin/proposals", body)
        assert made.is_success, made.text
        names |= {"action_id": made.json()["id"], "digest": made.json()["digest"]}
    return names


async def sent(world: World, asked: Operation, query: dict[str, Any], body: Any) -> httpx.Response:
    """Send an example; what wants a confirmation is refused without it."""
    method, path, operation = asked
    if (method, path) in LAST:
        await world.reader.login()
    names, target = await named(world, path), path
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            value = names.get(parameter["name"], str(parameter["example"]))
            target = target.replace(f"{{{parameter['name']}}}", value.replace(" ", "%20"))
    if body is not None and path in BODIES:
        body = await BODIES[path](world, body)
    elif isinstance(body, dict) and "digest" in body:
        body = body | {"digest": names["digest"]}
    body = signed(world.reader, body)
    headers = world.reader.headers
    if body is not None:
        headers = headers | {"content-type": "application/json"}
    reply = await world.stack.http.request(
        method,
        target,
        params=query,
        content=None if body is None else encode(body),
        headers=headers,
    )
    wants = RejectReason.FRESH_SIGNATURE_REQUIRED
    if reply.status_code == 403 and reply.json()["code"] == wants:
        reply = await confirmed(world.reader, method.upper(), target, body)
    return reply


def described(world: World, operation: dict[str, Any], reply: httpx.Response) -> list[str]:
    """What in an answer is not as the document has it: its status, its type, its content."""
    response = operation["responses"].get(str(reply.status_code))
    if response is None:
        return ["the status is not documented"]
    if "$ref" in response:
        response = world.document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    if "content" not in response:
        return ["it has content"] if reply.content else []
    kind = reply.headers["content-type"].partition(";")[0]
    if kind not in response["content"]:
        return [f"{kind} is not documented"]
    schema = response["content"][kind]["schema"]
    return [error.message for error in world.validator(schema).iter_errors(reply.json())]


@pytest.mark.timeout(300)
async def test_every_operation_answers_its_examples_as_documented(
    world: World, figure: Callable[[str], None]
) -> None:
    asked, wrong = 0, list[str]()
    for method, path, operation in world.operations():
        for query, body in requests(method, path, operation):
            reply = await sent(world, (method, path, operation), query, body)
            problems = described(world, operation, reply)
            if problems or not expected(method, path, body, reply):
                what = f"{method} {path} {query} {body}: {reply.status_code}"
                wrong.append(f"{what} {reply.text} {problems}"[:900])
            asked += 1
    assert not wrong, "\n".join(wrong)
    figure(
        f"{asked} examples of {len(list(world.operations()))} operations: each answered as documented"
    )


def expected(method: str, path: str, body: Any, reply: httpx.Response) -> bool:
    """It is done, each order of a ladder too; or refused for want of a chain, or of a signature over this very order."""
    action = body.get("action", {}).get("kind", "") if isinstance(body, dict) else ""
    status = NO_CHAIN.get((method, action or path))
    if status is not None:
        return reply.status_code == status and (
            "chain" in reply.text or path == "/account/vouchers/{salt}"
        )
    if (method, path) == UNSIGNED:
        return reply.status_code == 422 and "sign the new terms" in reply.text
    if path == "/orders/ladder":
        return reply.is_success and all("order_id" in rung for rung in reply.json()["rungs"])
    return reply.is_success


def requests(
    method: str, path: str, operation: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each query and body that an operation is asked with: all its parameters, and those it needs."""
    queries = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
    given = {one["name"]: one["example"] for one in queries if one["name"] not in PAGES}
    needed = {one["name"]: one["example"] for one in queries if one.get("required")}
    ways = [given, needed] if given != needed else [given]
    if (method, path) == EXCLUSIVE:
        ways = [{name: value} for name, value in given.items()]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    for query in ways:
        for body in [None] if content is None else examples(content):
            yield query, body
