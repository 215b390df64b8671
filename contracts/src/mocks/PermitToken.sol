// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title PermitToken
/// @notice A token with EIP-2612 permits.
contract PermitToken is ERC20("Permit", "PMT"), ERC20Permit("Permit") {
    /// @notice Makes `amount` out of nothing.
    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }
}
