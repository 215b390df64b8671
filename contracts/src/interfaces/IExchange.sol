// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IAdministration} from "./IAdministration.sol";
import {IExchangeErrors} from "./IExchangeErrors.sol";
import {IExchangeEvents} from "./IExchangeEvents.sol";
import {IExchangeViews} from "./IExchangeViews.sol";
import {IPermitDeposits} from "./IPermitDeposits.sol";
import {IPromises} from "./IPromises.sol";
import {ISettlement} from "./ISettlement.sol";
import {ISigners} from "./ISigners.sol";
import {IVault} from "./IVault.sol";

/// @title IExchange
/// @notice What can be called at the exchange's address, whichever of its two contracts does it.
interface IExchange is
    IVault,
    ISettlement,
    IPermitDeposits,
    IPromises,
    ISigners,
    IAdministration,
    IExchangeViews,
    IExchangeEvents,
    IExchangeErrors,
    IERC5267
{
    /// @notice The contract that does what the exchange's own code does not hold; for ever the same.
    function EXTENSION() external view returns (address);
}
