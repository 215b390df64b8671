// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1820Registry} from "@openzeppelin/contracts/interfaces/IERC1820Registry.sol";

/// @title Listing
/// @notice Which tokens the exchange does not take: those that say that they call their holders (ERC-777), and those
/// that answer like a known kind of token whose balances change by themselves.
/// @dev A token that lies passes: whoever lists answers for it. What such a token does stays its own holders' loss.
library Listing {
    /// @dev Where ERC-1820 lies on every chain that has it.
    address internal constant ERC1820 = 0x1820a4B7618BdE71Dce8cdc73aAB6C95905faD24;
    bytes32 internal constant ERC777_TOKEN = keccak256("ERC777Token");
    /// @dev Enough for a proxy's view function, and not enough to be a weapon.
    uint256 private constant PROBE_GAS = 100_000;

    /// @notice Whether the token has registered as ERC-777.
    function callsHolders(address token) internal view returns (bool) {
        if (ERC1820.code.length == 0) return false;
        return IERC1820Registry(ERC1820).getInterfaceImplementer(token, ERC777_TOKEN) != address(0);
    }

    /// @notice Whether the token answers one of the questions that only rebasing tokens answer.
    function rebases(address token) internal view returns (bool) {
        return _answers(token, abi.encodeWithSignature("getTotalShares()")) // Lido's stETH and its descendants
            || _answers(token, abi.encodeWithSignature("scaledTotalSupply()")) // Aave's aTokens, Ampleforth
            || _answers(token, abi.encodeWithSignature("rebasingCreditsPerToken()")) // Origin's OUSD and OETH
            || _answers(token, abi.encodeWithSignature("gonsForBalance(uint256)", 1)) // Olympus's sOHM
            || _answers(token, abi.encodeWithSignature("baseTrackingSupplySpeed()")) // Compound III
            || _answers(token, abi.encodeWithSignature("rewardMultiplier()")); // Mountain's USDM
    }

    function _answers(address token, bytes memory question) private view returns (bool answered) {
        assembly ("memory-safe") {
            let succeeded := staticcall(PROBE_GAS, token, add(question, 0x20), mload(question), 0, 0)
            answered := and(succeeded, gt(returndatasize(), 31)) // read after the call, not before
        }
    }
}
