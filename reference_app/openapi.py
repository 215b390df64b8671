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
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from hybrid_dex.wire import PROBLEM_MEDIA_TYPE, Problem, encode
from hybrid_dex.wire.scalars import BytesText, ClientOrderIdText, IdText, SymbolText

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
    for (path, method), handler in operations.items():
        operation = schema["paths"][path][method]
        _describe(operation, handler, ref_of)
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


def _describe(
    operation: dict[str, Any], handler: HTTPRouteHandler, ref_of: Mapping[type, dict[str, Any]]
) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in _FORMS:
            parameter["schema"] = _FORMS[parameter["name"]]
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
        for response in responses.values():
            response["content"] = {_JSON: {"schema": ref_of[answer]} | _example(handler)}
    responses["default"] = {
        "description": "A problem (RFC 9457)",
        "content": {PROBLEM_MEDIA_TYPE: {"schema": ref_of[Problem]}},
    }
    operation["responses"] = responses


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
