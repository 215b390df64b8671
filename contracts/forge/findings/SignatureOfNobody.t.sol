// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Section} from "../base/BatchBuilder.sol";
import {IExchangeErrors} from "../../src/interfaces/IExchangeErrors.sol";
import {Trade} from "../base/Trade.sol";

/// @notice A signature that recovers to nobody, or the other form of a good one, is none (0x v2 and v3).
contract NobodysSignatureTest is Trade {
    function test_signatureOfZerosIsNone() external {
        Section memory section = _trade();
        section.orders[0].tail = new bytes(64);
        assertEq(_settle(section), 1, "reason");
    }

    function test_zeroAddressIsNoAccountEvenThoughItsSignatureIsEasy() external {
        Section memory section = _trade();
        section.accounts[0] = address(0);
        section.orders[1].tail = new bytes(64);
        _refused(section, IExchangeErrors.AccountsNotAscending.selector);
    }

    function test_otherFormOfAGoodSignatureIsNone() external {
        Section memory section = _trade();
        bytes32 digest = _digest(1, taker, section.orders[0]);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[taker], digest);
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        s = bytes32(order - uint256(s));
        uint256 parity = v == 27 ? 1 : 0;
        section.orders[0].tail = abi.encodePacked(r, bytes32(uint256(s) | (parity << 255)));
        assertEq(_settle(section), 1, "reason");
    }
}
