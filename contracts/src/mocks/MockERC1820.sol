// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title MockERC1820
/// @notice The registry in which ERC-777 tokens announce themselves: what is asked of it when listing.
contract MockERC1820 {
    mapping(address account => mapping(bytes32 interfaceHash => address)) public getInterfaceImplementer;

    /// @notice Announces an interface of the sender.
    function setInterfaceImplementer(address account, bytes32 interfaceHash, address implementer) external {
        getInterfaceImplementer[account][interfaceHash] = implementer;
    }
}
