// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {MockERC20} from "./MockERC20.sol";

/// @title ProbedToken
/// @notice A token that answers one more question, with so many bytes.
contract ProbedToken is MockERC20("Probed", "PRB", 18) {
    bytes4 public immutable QUESTION;
    uint256 public immutable SIZE;

    constructor(bytes4 question, uint256 size) {
        QUESTION = question;
        SIZE = size;
    }

    fallback() external {
        require(msg.sig == QUESTION, "unknown");
        uint256 size = SIZE;
        assembly ("memory-safe") {
            return(0, size)
        }
    }
}
