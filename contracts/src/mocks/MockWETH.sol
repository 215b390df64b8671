// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title MockWETH
/// @notice Ether as a token, for tests and demos.
contract MockWETH is ERC20("Wrapped Ether", "WETH") {
    receive() external payable {
        deposit();
    }

    /// @notice Wraps the ether sent.
    function deposit() public payable {
        _mint(msg.sender, msg.value);
    }

    /// @notice Unwraps.
    function withdraw(uint256 amount) external {
        _burn(msg.sender, amount);
        Address.sendValue(payable(msg.sender), amount);
    }
}
