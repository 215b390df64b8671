// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HostileToken} from "../base/HostileToken.sol";
import {Governance} from "./Governance.sol";

/// @title Handler
/// @notice Everything that can be done to the exchange, one random call at a time.
contract Handler is Governance {
    uint256 private constant FUNDS = 1e8;

    constructor() {
        _build();
        for (uint256 i = 0; i < traders.length; ++i) {
            for (uint256 j = 0; j < tokens.length; ++j) {
                _fund(traders[i], tokens[j], FUNDS);
                balances[tokens[j]][traders[i]] = FUNDS;
                held[tokens[j]] += FUNDS;
            }
        }
        (, uint40 matchedThrough,, bytes32 root) = exchange.batchState();
        covered = matchedThrough;
        lastRoot = root;
    }

    /// @notice How everyone leaves, whatever came before: the operator is gone, the hostile token plays by its rules.
    function leave() external {
        hostile.behave(HostileToken.Mode.PLAIN, address(0), "");
        for (uint256 i = 0; i < traders.length; ++i) {
            (bool success,) = _call("leave", traders[i], abi.encodeCall(exchange.exit, (tokens)));
            _must(success, "I8: an exit was refused");
            for (uint256 j = 0; j < tokens.length; ++j) {
                _request(traders[i], tokens[j], EVERYTHING);
            }
        }
        vm.warp(block.timestamp + WINDOW_MAX);
        for (uint256 i = 0; i < traders.length; ++i) {
            for (uint256 j = 0; j < tokens.length; ++j) {
                if (balances[tokens[j]][traders[i]] == 0) continue;
                _must(_withdraw(traders[i], tokens[j], traders[i]), "I8: an exit did not pay");
            }
        }
        for (uint256 j = 0; j < tokens.length; ++j) {
            _must(_sum(tokens[j]) == 0, "I8: something stayed behind");
        }
    }
}
