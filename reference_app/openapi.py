"""The OpenAPI 3.1 document and its page.

The framework lists routes and parameters; the messages are described by the wire's own types, so
that document and decoder can not differ. The page is HTML and one style sheet: no script, nothing
loaded from elsewhere.
"""

import html
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from hybrid_dex.wire import PROBLEM_MEDIA_TYPE, Problem, encode
from hybrid_dex.wire.scalars import BytesText, ClientOrderIdText, IdText, SymbolText
from reference_app.examples import example
from reference_app.weights import route_weight

__all__ = ["document", "page"]

_JSON: Final = "application/json"
_REF: Final = "#/components/schemas/{name}"
_FORMS: Final = {
    "order_id": msgspec.json.schema(IdText),
    "client_order_id": msgspec.json.schema(ClientOrderIdText),
    "order_hash": msgspec.json.schema(BytesText),
    "market_id": msgspec.json.schema(SymbolText),
}
"""The forms of the names in addresses."""
_REFUSALS: Final = {
    400: "What was sent is not of the documented form",
    401: "It does not say, or not credibly, who asks",
    403: "This account, key or session may not do it",
    404: "There is no such thing, or it is somebody else's",
    408: "It was sent too long ago to be done",
    409: "It does not go with how things stand",
    413: "It is longer than any message",
    415: "It is not declared as application/json",
    422: "The rules of trading refuse it",
    429: "Too much was asked for: Retry-After says when to ask again",
    503: "What is needed for it is away for now",
    504: "It may have been done: ask before sending it again",
}
"""Every status of a refusal that has a meaning of its own, and that meaning."""
_ANY_REQUEST: Final = frozenset({400, 413, 429, 503})
_NAMED: Final = frozenset({404})
_NAMES: Final = frozenset({"market", "asset"})
_PRIVATE: Final = frozenset({401, 403})
_WITH_BODY: Final = frozenset({401, 403, 404, 415, 422})
_CHANGING: Final = frozenset({404, 408, 409, 422, 504})
_UNSIGNED: Final = "preview_order"
"""What takes an order that is not signed yet."""
_READING: Final = frozenset({HttpMethod.GET})
_METHODS: Final = ("get", "post", "put", "patch", "delete")


@lru_cache(maxsize=4)
def document(app: Litestar) -> bytes:
    """Return the document of an app as JSON; made once."""
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    operations = {
        (path, method): handler
        for path, method, handler in _handlers(app)
        if method in schema["paths"].get(path, {})
    }
    kinds = {
        kind
        for handler in operations.values()
        for kind in (handler.opt.get("body"), _answer(handler))
        if kind is not None
    }
    ordered = [Problem, *sorted(kinds, key=lambda kind: str(kind.__name__))]
    refs, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    ref_of = dict(zip(ordered, refs, strict=True))
    schema["components"]["schemas"] = components
    schema["components"]["responses"] = {
        str(status): _refusal(meaning, ref_of[Problem]) for status, meaning in _REFUSALS.items()
    }
    for (path, method), handler in operations.items():
        operation = schema["paths"][path][method]
        _describe(operation, handler, ref_of)
        _exemplify(operation, handler, components)
    return encode(schema)


def page(raw: bytes) -> str:
    """Return a document as HTML."""
    schema: dict[str, Any] = msgspec.json.decode(raw)
    title = html.escape(schema["info"]["title"])
    rows = [
        f"<tr><td><code>{method.upper()}</code></td><td><code>{html.escape(path)}</code></td>"
        f"<td>{html.escape(operation.get('description') or operation.get('summary', ''))}</td>"
        f"<td>{_messages(operation)}</td><td>{'login' if operation.get('security') else ''}</td></tr>"
        for path, item in schema["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    ]
    messages = [
        f"<section id='{html.escape(name)}'><h3>{html.escape(name)}</h3>"
        f"<p>{html.escape(_first(body.get('description', '')))}</p>"
        f"<pre>{html.escape(msgspec.json.format(msgspec.json.encode(body)).decode())}</pre></section>"
        for name, body in schema["components"]["schemas"].items()
    ]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title><link rel='stylesheet' href='/openapi.css'></head><body><main>"
        f"<h1>{title}</h1><p>OpenAPI {schema['openapi']}: <a href='/openapi.json'>/openapi.json</a></p>"
        "<h2>Requests</h2><table><thead><tr><th>Method</th><th>Address</th><th>What it does</th>"
        f"<th>Messages</th><th></th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"<h2>Messages</h2>{''.join(messages)}</main></body></html>"
    )


def _handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            path = route.path_format if route.path_format == "/" else route.path_format.rstrip("/")
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    yield path, str(method).lower(), handler


def _answer(handler: HTTPRouteHandler) -> type[msgspec.Struct] | None:
    found = handler.parsed_fn_signature.return_type
    for kind in (found.annotation, *(inner.annotation for inner in found.inner_types)):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return kind
    return None


def _refusal(meaning: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": meaning, "content": {PROBLEM_MEDIA_TYPE: {"schema": schema}}}


def _statuses(operation: Mapping[str, Any], handler: HTTPRouteHandler) -> set[int]:
    """Return with which statuses an operation may be refused."""
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    found = set(_ANY_REQUEST)
    if names & _NAMES or any(one["in"] == "path" for one in operation.get("parameters", ())):
        found |= _NAMED
    if operation.get("security"):
        found |= _PRIVATE
    if handler.opt.get("body") is not None:
        found |= _WITH_BODY
    if not handler.http_methods & _READING:
        found |= _CHANGING
    return found | set(handler.opt.get("refusals", ()))


def _exemplify(
    operation: dict[str, Any],
    handler: HTTPRouteHandler,
    components: Mapping[str, Mapping[str, Any]],
) -> None:
    """Put an example beside every parameter, body and answer."""
    for parameter in operation.get("parameters", ()):
        parameter["example"] = example(parameter["schema"], components, parameter["name"])
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    answers = [one for status, one in operation["responses"].items() if status.startswith("2")]
    for part in (*bodies, *answers):
        for content in part.get("content", {}).values():
            if not content.keys() & {"example", "examples"}:
                content["example"] = example(content.get("schema", {}), components)
    if handler.handler_name == _UNSIGNED:
        operation["requestBody"]["content"][_JSON]["example"].pop("signature")


def _describe(
    operation: dict[str, Any], handler: HTTPRouteHandler, ref_of: Mapping[type, dict[str, Any]]
) -> None:
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _FORMS.get(parameter["name"]) or _as_sent(parameter["schema"])
    body = handler.opt.get("body")
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {_JSON: {"schema": ref_of[body]} | _examples(handler)},
        }
    responses = {
        status: response
        for status, response in operation["responses"].items()
        if status.startswith("2")
    }
    answer = _answer(handler)
    if answer is not None:
        of_answer = ref_of[answer]
        if handler.parsed_fn_signature.return_type.is_collection:
            of_answer = {"type": "array", "items": of_answer}
        for response in responses.values():
            response["content"] = {_JSON: {"schema": of_answer} | _example(handler)}
    for status in sorted(_statuses(operation, handler)):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    responses["default"] = _refusal("A problem (RFC 9457)", ref_of[Problem])
    operation["responses"] = responses
    operation["x-weight"] = route_weight(handler)


def _as_sent(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema as an address can hold it: left out, never null; whole numbers."""
    found = dict(schema)
    for one in found.pop("oneOf", ()):
        if one != {"type": "null"}:
            found = one | found
    if isinstance(found.get("type"), list):
        [found["type"]] = [one for one in found["type"] if one != "null"]
    if "enum" in found:
        found["enum"] = [one for one in found["enum"] if one is not None]
    return found | {bound: int(found[bound]) for bound in ("minimum", "maximum") if bound in found}


def _example(handler: HTTPRouteHandler) -> dict[str, Any]:
    """What a route that shows one answers with, for instance."""
    make = handler.opt.get("example")
    return {} if make is None else {"example": msgspec.to_builtins(make())}


def _examples(handler: HTTPRouteHandler) -> dict[str, Any]:
    """Return the examples of a body, by what they are of."""
    found: Mapping[str, Any] = handler.opt.get("examples", {})
    return {"examples": {name: {"value": one} for name, one in found.items()}} if found else {}


def _messages(operation: Mapping[str, Any]) -> str:
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    answers = [
        response for status, response in operation["responses"].items() if status.startswith("2")
    ]
    names = [
        content["schema"]["$ref"].rpartition("/")[2]
        for part in (*bodies, *answers)
        for content in part.get("content", {}).values()
        if "$ref" in content.get("schema", {})
    ]
    return " &rarr; ".join(f"<a href='#{name}'>{name}</a>" for name in names)


def _first(text: str) -> str:
    return text.partition("\n\n")[0]
