"""What can be chosen about the demo."""

from pathlib import Path

import attrs

__all__ = ["DemoOptions"]

_PORT = [attrs.validators.ge(1), attrs.validators.lt(2**16)]


@attrs.frozen(kw_only=True)
class DemoOptions:
    """Options of one run.

    Attributes:
        chain: whether a local chain stands behind it.
        port: where the exchange listens.
        chain_port: where the local chain listens.
        data: the folder of everything that a next start resumes.
        fresh: forget what an earlier run left in that folder.
        seed: decides the market maker's walk and every taker's orders.
        takers: how many takers trade.
        pause_s: mean wait between two orders of a taker.
        block_time_s: seconds between blocks.
        confirmations: blocks on top of a block until the demo calls it final.
    """

    chain: bool = True
    port: int = attrs.field(default=8000, validator=_PORT)
    chain_port: int = attrs.field(default=8545, validator=_PORT)
    data: Path = Path(".demo")
    fresh: bool = False
    seed: int = 1
    takers: int = attrs.field(default=3, validator=[attrs.validators.ge(1), attrs.validators.le(7)])
    pause_s: float = attrs.field(default=1.5, validator=attrs.validators.gt(0))
    block_time_s: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    confirmations: int = attrs.field(default=2, validator=attrs.validators.ge(0))

    def __attrs_post_init__(self) -> None:
        if self.chain and self.port == self.chain_port:
            raise ValueError(f"'port' and 'chain_port' are both {self.port}; choose two")

    @property
    def url(self) -> str:
        """The exchange's base URL, as browsers write it."""
        return f"http://127.0.0.1:{self.port}".removesuffix(":80")
