// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HostileToken} from "./HostileToken.sol";

/// @title Permit2
/// @notice Signed transfers as the exchange asks for them: one signature, one nonce, one transfer.
contract Permit2 {
    struct TokenPermissions {
        address token;
        uint256 amount;
    }

    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce;
        uint256 deadline;
    }

    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount;
    }

    mapping(address owner => mapping(uint256 nonce => bool)) public used;

    function permitTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata details,
        address owner,
        bytes calldata signature
    ) external {
        require(block.timestamp <= permit.deadline && !used[owner][permit.nonce], "spent");
        require(details.requestedAmount <= permit.permitted.amount, "too much");
        used[owner][permit.nonce] = true;
        bytes32 hash = digest(permit.permitted.token, permit.permitted.amount, permit.nonce, permit.deadline, msg.sender);
        (bytes32 r, bytes32 s, uint8 v) = abi.decode(signature, (bytes32, bytes32, uint8));
        require(ecrecover(hash, v, r, s) == owner, "signature");
        bool moved = HostileToken(permit.permitted.token).transferFrom(owner, details.to, details.requestedAmount);
        require(moved, "transfer");
    }

    function digest(address token, uint256 amount, uint256 nonce, uint256 deadline, address spender)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(address(this), block.chainid, token, amount, nonce, deadline, spender));
    }
}
