// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title ExchangeTimelock
/// @notice The exchange's owner in a real deployment: OpenZeppelin's TimelockController, with nothing added.
contract ExchangeTimelock is TimelockController {
    /// @param minDelay seconds between proposing and doing
    /// @param proposers may propose and cancel
    /// @param executors may do what was proposed and has waited; the zero address stands for anyone
    /// @param admin may change these roles until it renounces
    constructor(uint256 minDelay, address[] memory proposers, address[] memory executors, address admin)
        TimelockController(minDelay, proposers, executors, admin)
    {}
}
