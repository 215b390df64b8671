"""Wallet auth keeps every promise of the `Auth` interface with its nonces on Redis."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hybrid_dex_redis import RedisBus
from redis_bench import Server, free_port

from hybrid_dex.defaults.wallet_auth import WalletAuth, WalletAuthOptions
from hybrid_dex.model.units import AccountId
from hybrid_dex.testing import AuthBench, AuthKit
from tests.defaults.fakes_of_auth import DOMAIN, ORIGIN, SetClock, login_message, tokens
from tests.testing.test_auth_kit import ACCOUNTS, SIGNERS, signed_order, signed_tree

EXCHANGES = itertools.count()


class Nonces:
    """A connection for each call: the kit's rules run in event loops of their own."""

    def __init__(self, address: str, name: str) -> None:
        self.address = address
        self.name = name

    async def put_nonce(self, nonce: str, expires_at_ms: int) -> None:
        async with RedisBus(self.address, self.name) as bus:
            await bus.nonces().put_nonce(nonce, expires_at_ms)

    async def take_nonce(self, nonce: str, now_ms: int) -> bool:
        async with RedisBus(self.address, self.name) as bus:
            return await bus.nonces().take_nonce(nonce, now_ms)


class TestRedisNonces(AuthKit):
    address: ClassVar[str]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        server = Server(Path(tmp_path_factory.mktemp("redis")), free_port())
        asyncio.run(server.start())
        cls.address = server.address
        yield
        server.kill()

    def make_auth(self) -> AuthBench:
        clock = SetClock(now_s=time.time())  # what expires, expires by the server's clock, too

        def login(account: AccountId, nonce: str) -> tuple[str, bytes]:
            message = login_message(nonce, clock, SIGNERS[account])
            return message.text(), SIGNERS[account].sign_login(message)

        def pass_time(seconds: float) -> None:
            clock.now_s += seconds

        auth = WalletAuth(
            domain=DOMAIN,
            tokens=tokens(),
            clock=clock,
            options=WalletAuthOptions(origins=(ORIGIN,)),
            nonces=Nonces(self.address, f"kit-{next(EXCHANGES)}"),
        )
        return AuthBench(
            auth=auth,
            accounts=ACCOUNTS,
            login=login,
            order=signed_order,
            pass_time=pass_time,
            tree=signed_tree,
        )
