"""The AsyncAPI document names every message of the socket, and is valid by the reference parser."""

import subprocess
from pathlib import Path
from typing import Any, get_args

from hybrid_dex.wire import Ack, ClientMessage, ErrorMessage, PingOp, Pong, ServerMessage
from reference_app.asyncapi import RESULTS
from reference_app.tests.stack import Stack, Trader

ROOT = Path(__file__).parents[2]


def resolve(document: dict[str, Any], reference: str) -> dict[str, Any]:
    """Follow a reference, and the one that it may lead to."""
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    found: dict[str, Any] = node
    return resolve(document, found["$ref"]) if set(found) == {"$ref"} else found


async def test_every_message_has_an_operation_and_every_request_its_answer(stack: Stack) -> None:
    reply = await stack.http.get("/asyncapi.json")
    assert reply.headers["content-type"] == "application/json"
    document = reply.json()
    assert document["asyncapi"].startswith("3.")
    operations = document["operations"]
    requests = {kind.__struct_config__.tag: kind for kind in get_args(ClientMessage)}
    told = {kind.__struct_config__.tag for kind in get_args(ServerMessage)}
    told -= {kind.__struct_config__.tag for kind in (Ack, ErrorMessage, Pong)}
    assert set(operations) == set(requests) | {f"tell_{tag}" for tag in told}
    assert set(RESULTS) == set(requests.values()) - {PingOp}
    for tag, kind in requests.items():
        (sent,) = operations[tag]["messages"]
        payload = resolve(document, sent["$ref"])["payload"]
        schema = resolve(document, payload["$ref"])
        assert schema["properties"]["op"] == {"enum": [tag]}
        answers = [resolve(document, one["$ref"]) for one in operations[tag]["reply"]["messages"]]
        names = [one["name"] for one in answers]
        if kind is PingOp:
            assert names == ["Pong"]
            continue
        assert names == [f"{kind.__name__}Ack", "ErrorMessage"]
        result = answers[0]["payload"]["properties"]["result"]["$ref"]
        assert result.rpartition("/")[2] == RESULTS[kind].__name__


async def test_the_reference_parser_finds_nothing_wrong(stack: Stack) -> None:
    document = (await stack.http.get("/asyncapi.json")).text
    found = subprocess.run(  # noqa: ASYNC221 # nothing else runs meanwhile
        ["node", str(ROOT / "tests/vectors/check_asyncapi.mjs")],
        input=document,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=1200,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]


async def test_what_the_socket_sends_has_the_fields_that_the_document_says(
    stack: Stack, alice: Trader
) -> None:
    document = (await stack.http.get("/asyncapi.json")).json()
    schemas = document["components"]["schemas"]
    async with alice.socket({"channel": "orders"}, {"channel": "balances"}) as socket:
        placed = await socket.ask({"op": "place", "order": alice.order("buy", "1", "10")})
        for message, name in (
            (placed, "Ack"),
            (placed["result"], "OrderAnswer"),
            (placed["result"]["order"], "OrderMessage"),
            (await socket.hear("order"), "ExecutionMessage"),
            (await socket.hear("balances"), "BalancesMessage"),
        ):
            schema = schemas[name]
            assert set(message) <= set(schema["properties"]), name
            assert set(schema["required"]) <= set(message), name
