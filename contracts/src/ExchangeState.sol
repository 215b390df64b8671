// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Delegation} from "./Delegation.sol";

/// @title ExchangeState
/// @notice All the storage that {Exchange} and {ExchangeExtension} share.
/// @dev The extension runs on the exchange's storage, by delegatecall: both must lay it out alike. Whatever keeps storage
/// is inherited here, and what derives from here keeps none.
abstract contract ExchangeState is Delegation, Ownable2Step {
    address internal _proposedOperator;
    uint40 internal _operatorProposedAt;
    address internal _lister;
    address internal _pauser;
    address internal _feeCollector;
    mapping(address account => mapping(uint256 salt => bool)) internal _vouchersUsed;
}
