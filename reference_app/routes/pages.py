"""The pages, at addresses beside the API's; all of them are one document that finds its own way."""

from typing import Any, Final

from litestar import Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from reference_app.pages import PAGE_POLICY, Page, Pages

__all__ = ["PAGE_PATHS", "page_routes"]

AnyRequest = Request[Any, Any, Any]

PAGE_PATHS: Final = (
    "/trade",
    "/trade/{market:str}",
    "/portfolio",
    "/funds",
    "/keys",
    "/exit",
    "/preferences",
    "/console",
    "/console/{section:str}",
)
"""None of them is an address of the API."""


def page_routes(pages: Pages) -> Router:
    """Return the routes of pages and their files."""

    @get("/", include_in_schema=False)
    async def first() -> Redirect:
        """Lead to where trading is."""
        return Redirect("/trade")

    @get(list(PAGE_PATHS), include_in_schema=False)
    async def show(request: AnyRequest) -> Response[bytes]:
        """Return the page."""
        return _reply(request, pages.index)

    @get(["/assets/{name:str}", "/{name:str}"], include_in_schema=False)
    async def give(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        """Return a file of the pages by its exact name."""
        folder = "assets/" if request.scope["path"].startswith("/assets/") else ""
        found = pages.files.get(folder + name)
        if found is None:
            raise NotFoundException
        return _reply(request, found)

    return Router("/", route_handlers=[first, show, give])


def _reply(request: AnyRequest, page: Page) -> Response[bytes]:
    encoding, body = page.encoded(request.headers.get("accept-encoding", ""))
    headers = {"cache-control": page.cache_control, "vary": "accept-encoding"}
    if encoding:
        headers["content-encoding"] = encoding
    if page.policy:
        headers["content-security-policy"] = PAGE_POLICY
    return Response(body, media_type=page.media_type, headers=headers, status_code=page.status)
