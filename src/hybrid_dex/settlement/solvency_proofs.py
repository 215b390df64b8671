"""The proofs that go with published roots, as files that a server hands out.

``<token>/<block>/<account>.json`` holds an account's proof in the tree of a block, and
``<token>/newest`` the block of the root that was published last. A token's ``newest`` changes after
its root is on chain, and at once, so nobody is given a proof that leads to a root of nobody's. Older
blocks stay until they are deleted by hand.
"""

from pathlib import Path
from typing import Final

import attrs

from hybrid_dex.errors import SettlementError
from hybrid_dex.signing import parse_address
from hybrid_dex.signing.solvency import SolvencyProof, SumTree, read_proof

__all__ = ["ProofFolder"]

_NEWEST: Final = "newest"


@attrs.frozen
class ProofFolder:
    """A folder of proofs.

    Attributes:
        path: where; made when something is written.
    """

    path: Path

    def write(self, tree: SumTree, *, chain_id: int, contract: str, block: int) -> None:
        """Write each account's proof in a tree; they are not the newest before `publish`.

        Args:
            tree: over what the vault owed at a block.
            chain_id: of the chain.
            contract: EIP-55 address of the ``Exchange``.
            block: the block.

        Raises:
            OSError: the folder can not be written.
        """
        place = self.path / tree.token / str(block)
        place.mkdir(parents=True, exist_ok=True)
        for account in tree.amounts:
            made = tree.prove(account, chain_id=chain_id, contract=contract, block=block)
            (place / f"{account}.json").write_bytes(made.encode())

    def publish(self, token: str, block: int) -> None:
        """Make the proofs of a block a token's newest: its root is on chain now.

        Raises:
            OSError: the folder can not be written.
        """
        place = self.path / token
        new = place / f"{_NEWEST}.new"
        new.write_text(f"{block}\n")
        new.replace(place / _NEWEST)

    def newest_block(self, token: str) -> int | None:
        """Return the block of the root that was published last, ``None`` before the first.

        Raises:
            FormatError: the token is no address.
            SettlementError: the folder can not be read.
        """
        parse_address(token, "token")
        try:
            text = (self.path / token / _NEWEST).read_text().strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettlementError(f"the proofs of {token} can not be read: {error}") from error
        if not (text.isascii() and text.isdecimal()):
            raise SettlementError(f"{self.path / token / _NEWEST} does not name a block")
        return int(text)

    def proof(self, token: str, account: str) -> SolvencyProof | None:
        """Return an account's proof in the newest published tree.

        ``None`` when nothing was published, or the account had no balance then.

        Raises:
            FormatError: token or account is no address, or the file is no proof.
            SettlementError: the folder can not be read.
        """
        parse_address(account, "account")
        block = self.newest_block(token)
        if block is None:
            return None
        try:
            return read_proof((self.path / token / str(block) / f"{account}.json").read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettlementError(f"the proof of {account} can not be read: {error}") from error
