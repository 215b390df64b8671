// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Section} from "../base/BatchBuilder.sol";
import {Trade} from "../base/Trade.sol";
import {Wallet} from "../base/Wallet.sol";

/// @notice Whether an address has code never decides how its signature is checked (0x v2: a key's address was taken for a
/// wallet that agrees to everything; Polymarket: the kind of signature is the order's, not the signer's).
contract CodeAtTheSignerTest is Trade {
    function test_keyStillSignsWhenItsAddressHasCode() external {
        Section memory section = _trade();
        vm.etch(taker, type(Wallet).runtimeCode);
        assertEq(_settle(section), 0, "reason");
    }

    function test_walletDoesNotAgreeByCodeAlone() external {
        Section memory section = _trade();
        vm.etch(taker, hex"600160005260206000f3"); // answers 1 to everything
        section.orders[0].tail = new bytes(64);
        assertEq(_settle(section), 1, "reason");
    }

    function test_keyWithoutCodeApprovesNothing() external {
        Section memory section = _trade();
        section.orders[0].kind = 3;
        section.orders[0].tail = "";
        assertEq(_settle(section), 20, "reason");
    }
}
