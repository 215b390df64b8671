"""Take everything that you have in a vault out of it, with all of the exchange's servers off.

    VAULT_KEY=0x... python examples/06_leave_without_the_operator.py RPC_URL CONTRACT [RECIPIENT]

Needs a node of the chain, the contract's address, your key in ``VAULT_KEY`` and some of the chain's
own coin for gas. Stop it and run it again as you like: it goes on where the chain stands. Expected
output, for somebody with two tokens (``...`` stands for what differs):

    asking for everything of 2 tokens; it takes ... at most
    asked for in transaction 0x...
    waiting until ... UTC at the latest, ... from now
    3 ETH paid to 0x... in transaction 0x...
    2500 USDC paid to 0x... in transaction 0x...
    done: nothing of yours is left in the vault
"""

import asyncio
import os
import sys
from functools import partial

from hybrid_dex.errors import HybridDexError
from hybrid_dex.settlement.leaving import Departure, Leaving


async def leave(rpc_url: str, contract: str, *recipient: str) -> Departure:
    """Ask for everything, wait as long as the contract says, and take it."""
    leaving = Leaving(
        rpc_url=rpc_url,
        contract=contract,
        key=os.environ["VAULT_KEY"],
        recipient=recipient[0] if recipient else None,
        poll_s=float(os.environ.get("VAULT_POLL_S", "3")),
        tell=partial(print, flush=True),
    )
    return await leaving.leave()


if __name__ == "__main__":
    if len(sys.argv) not in {3, 4} or "VAULT_KEY" not in os.environ:
        sys.exit(str(__doc__).partition("\n\nNeeds")[0])
    try:
        departure = asyncio.run(leave(*sys.argv[1:]))
    except HybridDexError as error:
        sys.exit(f"error: {error}\nrun this again: it goes on where the chain stands")
    if not departure.complete:
        sys.exit("some tokens refuse to move, see above; nothing else of yours is in the vault")
    print("done: nothing of yours is left in the vault")
