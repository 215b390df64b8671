"""The client: what a trader uses to read, sign and trade. Needs the ``client`` extra.

It knows the wire and signing, and nothing of the engine; what an exchange can do to it is what the
wire can say. The parts that decide are sans-IO (`BookReplica`, `NonceLanes`, `OwnOrders`), and the
ports to HTTP and socket can be replaced, so it runs against an app in the same process too.

    async with ExchangeClient("http://127.0.0.1:8000", signer=LocalSigner(key)) as client:
        answer = await client.place("ETH-USDC", "buy", quantity="0.5", price="2500")
"""

from hybrid_dex.client.administration import Administration
from hybrid_dex.client.api_key import ApiKey, KeyAuth
from hybrid_dex.client.book_replica import BookReplica, Step
from hybrid_dex.client.client import ExchangeClient
from hybrid_dex.client.credentials import Credentials
from hybrid_dex.client.errors import (
    LaggingListenerError,
    MemberRefusedError,
    UnprovenError,
    UnreachableError,
)
from hybrid_dex.client.groups import (
    BatchItem,
    OrderCancel,
    OrderReduction,
    OrderReplacement,
)
from hybrid_dex.client.history import ClientHistory
from hybrid_dex.client.http import HttpPort, HttpReply, HttpxPort
from hybrid_dex.client.lanes import LanesExhaustedError, NonceLanes
from hybrid_dex.client.options import ClientOptions
from hybrid_dex.client.order_writer import DecimalLike, NewOrder, OrderOptions, SideLike
from hybrid_dex.client.session import Signer
from hybrid_dex.client.session_key import SessionKey
from hybrid_dex.client.socket_port import Connection, Connector, websocket_connector
from hybrid_dex.client.solvency import PublishedRoots
from hybrid_dex.client.stream import Reconnected, StreamOptions

__all__ = [
    "Administration",
    "ApiKey",
    "BatchItem",
    "BookReplica",
    "ClientHistory",
    "ClientOptions",
    "Connection",
    "Connector",
    "Credentials",
    "DecimalLike",
    "ExchangeClient",
    "HttpPort",
    "HttpReply",
    "HttpxPort",
    "KeyAuth",
    "LaggingListenerError",
    "LanesExhaustedError",
    "MemberRefusedError",
    "NewOrder",
    "NonceLanes",
    "OrderCancel",
    "OrderOptions",
    "OrderReduction",
    "OrderReplacement",
    "PublishedRoots",
    "Reconnected",
    "SessionKey",
    "SideLike",
    "Signer",
    "Step",
    "StreamOptions",
    "UnprovenError",
    "UnreachableError",
    "websocket_connector",
]
