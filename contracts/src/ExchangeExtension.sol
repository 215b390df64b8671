// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Administration} from "./Administration.sol";
import {ExchangeViews} from "./ExchangeViews.sol";
import {PermitDeposits} from "./PermitDeposits.sol";
import {Promises} from "./Promises.sol";
import {Signers} from "./Signers.sol";
import {VaultState} from "./VaultState.sol";

/// @title ExchangeExtension
/// @notice The part of the exchange that does not fit into one contract's code: {Exchange} delegates to it whatever it
/// does not know itself. Immutable there, so it can never be replaced.
/// @dev Called by its own address it works on storage that is empty for ever: no owner, no operator, no asset.
contract ExchangeExtension is Administration, Signers, Promises, PermitDeposits, ExchangeViews {
    /// @param watchLag seconds the operator may take to see a request
    /// @param windowMax seconds after which a request takes effect at the latest
    /// @param exitDelay seconds without a batch after which anyone can end settling
    /// @param permit2 where Uniswap's Permit2 lies on this chain, in use or not
    constructor(uint40 watchLag, uint40 windowMax, uint40 exitDelay, address permit2)
        VaultState(watchLag, windowMax, exitDelay)
        PermitDeposits(permit2)
        Ownable(msg.sender)
    {
        _transferOwnership(address(0));
    }
}
