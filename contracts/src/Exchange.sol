// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IExchangeViews} from "./interfaces/IExchangeViews.sol";
import {Settlement} from "./Settlement.sol";
import {Vault} from "./Vault.sol";
import {VaultState} from "./VaultState.sol";

/// @title Exchange
/// @notice The contract that users know: it holds all funds and all storage, settles, and lets everybody leave.
/// @dev Everything else stands in {ExchangeExtension}, to which unknown calls are delegated, because the code of a
/// contract is limited (EIP-170). The extension is fixed at deployment: this is no proxy, and a new version is a new
/// deployment. The doors by which a user leaves are all here. {IExchange} is what can be called at this address.
contract Exchange is Vault, Settlement {
    /// @notice The contract to which calls are delegated that this one does not know; for ever the same.
    address public immutable EXTENSION;

    /// @param extension an {ExchangeExtension} with the same delays
    /// @param owner_ names the roles, and has them itself until then; none of them moves a balance
    /// @param operator_ settles
    /// @param watchLag seconds the operator may take to see a request
    /// @param windowMax seconds after which a request takes effect at the latest
    /// @param exitDelay seconds without a batch after which anyone can end settling
    constructor(
        address extension,
        address owner_,
        address operator_,
        uint40 watchLag,
        uint40 windowMax,
        uint40 exitDelay
    ) VaultState(watchLag, windowMax, exitDelay) Ownable(owner_) {
        if (operator_ == address(0)) revert ZeroAddress();
        if (
            extension.code.length == 0 || IExchangeViews(extension).WATCH_LAG() != watchLag
                || IExchangeViews(extension).WINDOW_MAX() != windowMax
                || IExchangeViews(extension).EXIT_DELAY() != exitDelay
        ) revert WrongExtension();
        EXTENSION = extension;
        _operator = operator_;
        _batch = block.timestamp << 168;
        _root = _domainSeparatorV4();
        _lister = owner_;
        _pauser = owner_;
        _feeCollector = owner_;
        emit OperatorChanged(operator_);
        emit ListerChanged(owner_);
        emit PauserChanged(owner_);
        emit FeeCollectorChanged(owner_);
    }

    /// @dev Runs the extension's code on this storage, and answers what it answers.
    fallback() external {
        (bool succeeded, bytes memory answer) = EXTENSION.delegatecall(msg.data);
        assembly ("memory-safe") {
            if succeeded { return(add(answer, 0x20), mload(answer)) }
            revert(add(answer, 0x20), mload(answer))
        }
    }
}
