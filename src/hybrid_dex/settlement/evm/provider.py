"""JSON-RPC over HTTP for web3, on one connection pool of its own.

web3's own provider takes a lock in a thread for each request, one lock for the whole process; a
request that is canceled while it waits there keeps that lock for ever, and with it every other
request and the end of the process. It also opens a connection for each request, and takes an answer
for that of whatever was asked. None of that happens here; nor are the servers asked that a contract
names in a revert (EIP-3668).
"""

from typing import Any, Final

import aiohttp
import stamina
from web3.providers.async_base import AsyncJSONBaseProvider
from web3.providers.rpc.utils import REQUEST_RETRY_ALLOWLIST, check_if_retry_on_failure
from web3.types import RPCEndpoint, RPCResponse

from hybrid_dex.settlement.evm.node_words import is_contracts_word
from hybrid_dex.wire import is_too_deep

__all__ = ["ATTEMPTS", "HttpProvider"]

_HEADERS: Final = {"Content-Type": "application/json"}
_DEFAULT_TIMEOUT_S: Final = 30.0
_MOST_LEVELS: Final = 64
"""web3 brings a library that lets Python recurse until the stack is at its end: deep JSON would crash it."""
ATTEMPTS: Final = 5
"""How often a question is asked by those who do not ask again themselves."""


class _ClosedError(aiohttp.ClientConnectionError):
    """Nothing more is asked."""


class HttpProvider(AsyncJSONBaseProvider):
    """Sends requests to one address; made without IO, closed for good with `disconnect`.

    Args:
        url: the node's address, http or https.
        timeout_s: limit of one request.
        attempts: how often one is sent that got no answer, where that changes nothing (web3's list).
    """

    global_ccip_read_enabled = False  # web3's name for the servers that a contract names

    def __init__(
        self, url: str, *, timeout_s: float = _DEFAULT_TIMEOUT_S, attempts: int = 1
    ) -> None:
        super().__init__()
        self._url = url
        self._attempts = attempts
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def make_request(
        self,
        method: RPCEndpoint,
        params: Any,  # noqa: ANN401 # whatever the method takes
    ) -> RPCResponse:
        """Send one request and return its answer.

        Raises:
            aiohttp.ClientError: no answer, or no status 2xx, or it is closed.
            TimeoutError: no answer in time.
            ValueError: no JSON object, one that nests deeply, or the answer to another request.
        """
        request = self.form_request(method, params)
        body = self.encode_rpc_dict(request)
        again = check_if_retry_on_failure(method, REQUEST_RETRY_ALLOWLIST)
        async for attempt in stamina.retry_context(
            on=_passing,
            attempts=self._attempts if again else 1,
            timeout=None,
        ):
            with attempt:
                told = await self._post(body)
        if is_too_deep(told, _MOST_LEVELS):
            raise ValueError(f"the node's answer nests deeper than {_MOST_LEVELS} levels")
        answer = self.decode_rpc_response(told)
        if not isinstance(answer, dict):
            raise ValueError("the node's answer is no JSON object")  # noqa: TRY004 # of the node
        # An error may lack the id: the node could not read the request.
        if "error" not in answer and answer.get("id") != request["id"]:
            raise ValueError("the node answered another request")
        error = answer.get("error")
        if isinstance(error, dict) and not is_contracts_word(error):
            error.pop("data", None)  # web3 takes any error with data for a revert
        return answer

    async def _post(self, body: bytes) -> bytes:
        if self._closed:  # else a straggler would open connections that nobody closes
            raise _ClosedError("the connections to the node were closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, raise_for_status=True)
        async with self._session.post(self._url, data=body, headers=_HEADERS) as response:
            return await response.read()

    async def disconnect(self) -> None:
        """Close the connections; what is still asked is refused. Safe to call twice."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _passing(error: Exception) -> bool:
    """Whether the same request may be answered a moment later."""
    return isinstance(error, aiohttp.ClientError | TimeoutError) and not isinstance(
        error, _ClosedError
    )
