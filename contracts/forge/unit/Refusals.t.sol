// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IExchangeErrors} from "../../src/interfaces/IExchangeErrors.sol";
import {Order} from "../../src/libraries/OrderHash.sol";
import {Section, Terms} from "../base/BatchBuilder.sol";
import {Trade} from "../base/Trade.sol";
import {Wallet} from "../base/Wallet.sol";

/// @notice Refusals and views that random histories seldom or never reach.
contract RefusalsTest is Trade {
    function test_delaysThatContradict() external {
        vm.expectPartialRevert(IExchangeErrors.BadDelays.selector);
        vm.deployCode("src/ExchangeExtension.sol:ExchangeExtension", abi.encode(60, 60, 120, address(0)));
    }

    function test_extensionWithOtherDelaysOrNone() external {
        address extension = exchange.EXTENSION();
        vm.expectPartialRevert(IExchangeErrors.WrongExtension.selector);
        _deploy(extension, operator, WATCH_LAG + 1);
        vm.expectPartialRevert(IExchangeErrors.WrongExtension.selector);
        _deploy(address(1234), operator, WATCH_LAG);
        vm.expectPartialRevert(IExchangeErrors.ZeroAddress.selector);
        _deploy(extension, address(0), WATCH_LAG);
    }

    function _deploy(address extension, address operator_, uint40 lag) private {
        bytes memory arguments = abi.encode(extension, OWNER, operator_, lag, WINDOW_MAX, EXIT_DELAY);
        vm.deployCode("src/Exchange.sol:Exchange", arguments);
    }

    function test_tokenThatRegisteredAsOneThatCallsHolders() external {
        Token token = new Token();
        vm.etch(0x1820a4B7618BdE71Dce8cdc73aAB6C95905faD24, type(Registry).runtimeCode);
        vm.expectPartialRevert(IExchangeErrors.TokenCallsHolders.selector);
        vm.prank(LISTER);
        exchange.listAsset(address(token));
    }

    function test_tokenThatAnswersLikeARebasingOne() external {
        Rebasing token = new Rebasing();
        vm.expectPartialRevert(IExchangeErrors.RebasingToken.selector);
        vm.prank(LISTER);
        exchange.listAsset(address(token));
    }

    function test_unknownTokensAndMarkets() external {
        vm.expectPartialRevert(IExchangeErrors.UnknownToken.selector);
        vm.prank(taker);
        exchange.requestWithdrawal(address(this), 1);
        vm.expectPartialRevert(IExchangeErrors.UnknownMarket.selector);
        vm.prank(taker);
        exchange.cancel(77, 0);
        vm.expectPartialRevert(IExchangeErrors.UnknownMarket.selector);
        vm.prank(taker);
        exchange.grantSession(maker, 77, 1, 1, uint40(block.timestamp + 1));
        Section memory section = _trade();
        section.market = 77;
        _refused(section, IExchangeErrors.UnknownMarket.selector);
    }

    function test_nothingToPay() external {
        address nobody = address(0xB0B);
        vm.prank(nobody);
        exchange.requestWithdrawal(tokens[0], 5);
        vm.warp(block.timestamp + WINDOW_MAX);
        vm.expectPartialRevert(IExchangeErrors.NothingToWithdraw.selector);
        vm.prank(nobody);
        exchange.withdraw(tokens[0], nobody);
    }

    function test_indicesBeyondTheSection() external {
        Section memory section = _trade();
        section.orders[0].account = 2;
        _refused(section, IExchangeErrors.WrongIndex.selector);
        section = _trade();
        section.groups[0].taker = 2;
        _refused(section, IExchangeErrors.WrongIndex.selector);
        section = _trade();
        section.groups[0].fills[0].maker = 2;
        _refused(section, IExchangeErrors.WrongIndex.selector);
        section = _trade();
        section.orders[0].kind = 1;
        section.orders[0].tail = new bytes(65);
        _refused(section, IExchangeErrors.WrongIndex.selector);
        section.orders[0].kind = 2;
        section.orders[0].tail = new bytes(2);
        _refused(section, IExchangeErrors.WrongIndex.selector);
    }

    function test_kindsAndFlagsThatDoNotExist() external {
        Section memory section = _trade();
        section.orders[0].kind = 4;
        _refused(section, IExchangeErrors.Unsupported.selector);
        section = _trade();
        section.orders[0].flags = 8;
        _refused(section, IExchangeErrors.Unsupported.selector);
        section = _trade();
        section.roots = new bytes[](1);
        section.roots[0] = abi.encodePacked(uint8(0), uint8(4), new bytes(96));
        _refused(section, IExchangeErrors.Unsupported.selector);
    }

    function test_sessionsOutOfOrderAndOfAnotherAccount() external {
        Section memory section = _trade();
        section.sessions = new bytes[](2);
        section.sessions[0] = abi.encodePacked(uint8(1), address(7));
        section.sessions[1] = abi.encodePacked(uint8(0), address(7));
        _refused(section, IExchangeErrors.SessionsNotAscending.selector);
        section.sessions = new bytes[](1);
        section.sessions[0] = abi.encodePacked(uint8(0), address(7));
        section.orders[0].kind = 1;
        section.orders[0].tail = new bytes(65);
        assertEq(_settle(section), 18, "another account's session");
    }

    function test_walletApprovesBySignature() external {
        Wallet wallet = new Wallet();
        Terms memory terms = _terms(0, 0, 1000, 10, 1);
        Order memory order = Order({
            trader: address(wallet),
            market: 1,
            baseToken: tokens[0],
            quoteToken: tokens[1],
            side: 0,
            flags: 0,
            baseAmount: 10_000,
            quoteAmount: 70_000,
            maxFeePpm: terms.maxFee,
            expiry: terms.expiry,
            nonce: terms.nonce
        });
        bytes32 hash = _digest(1, address(wallet), terms);
        assertEq(exchange.hashOrder(order), hash, "digest");
        vm.expectPartialRevert(IExchangeErrors.BadSignature.selector);
        exchange.approveOrderBySignature(order, "");
        wallet.accept(hash, true);
        exchange.approveOrderBySignature(order, "");
        (uint40 approvedAt, uint40 revokedAt, bool usable) = exchange.approvalOf(address(wallet), hash);
        assertTrue(approvedAt == block.timestamp && revokedAt == 0 && usable, "approved");
    }

    function test_views() external {
        (uint256 amount,,,) = exchange.pendingWithdrawal(taker, tokens[0]);
        assertEq(amount, 0, "nothing pending");
        vm.prank(taker);
        exchange.requestWithdrawal(tokens[0], 5);
        (amount,,,) = exchange.pendingWithdrawal(taker, tokens[0]);
        assertEq(amount, 5, "pending");
        vm.warp(block.timestamp + WINDOW_MAX);
        assertEq(exchange.tradeableOf(taker, tokens[0]), FUNDS - 5, "tradeable");
        vm.prank(taker);
        exchange.cancel(1, 1 << 16 | 3);
        (uint48 key,, bool effective) = exchange.pendingCancel(taker, 1, 3);
        assertTrue(key == 1 && !effective, "cancel pending");
        (key,,) = exchange.pendingCancel(taker, 1, 4);
        assertEq(key, 0, "no cancel");
        vm.prank(taker);
        exchange.cancel(1, 1 << 16);
        (key,,) = exchange.pendingCancel(taker, 1, 0);
        assertEq(key, 1, "of lane 0");
        vm.prank(taker);
        exchange.cancelUpTo(tokens[1], 9);
        (uint40 floor, uint40 requested,) = exchange.floorOf(taker, tokens[1]);
        assertTrue(floor == 0 && requested == 9, "floor");
        vm.warp(block.timestamp + WINDOW_MAX);
        (,, uint64 below) = exchange.laneOf(taker, 1, 3);
        assertEq(below, 2, "canceled below");
        (,, below) = exchange.laneOf(taker, 1, 0);
        assertEq(below, 2, "of lane 0");
        (,, below) = exchange.laneOf(taker, 1, 5);
        assertEq(below, 0, "not canceled");
        vm.prank(LISTER);
        exchange.closeMarket(1);
        vm.warp(block.timestamp + WINDOW_MAX);
        (,,,, uint40 closingAt, bool closed) = exchange.marketOf(1);
        assertTrue(closed && closingAt != 0, "closed");
        (uint256 feePpm, uint256 lifetime, uint256 step) = exchange.limits();
        assertTrue(feePpm == 10_000 && lifetime == 30 days && step == 1 << 32, "limits");
        (uint256 held,,, uint40 stored, uint8 flags) = exchange.ledger(taker, tokens[1]);
        assertTrue(held == FUNDS && stored == 0 && flags != 0, "ledger");
        (bool known, bool open) = exchange.assetOf(tokens[0]);
        assertTrue(known && open, "asset");
        assertTrue(!exchange.voucherUsed(taker, 1) && !exchange.frozen(), "nothing used, nothing frozen");
        assertEq(exchange.mainQuote(), tokens[1], "main quote");
        assertEq(exchange.proposedOperator(), address(0), "nobody proposed");
        assertEq(exchange.operatorProposedAt(), 0, "never");
        assertEq(exchange.WATCH_LAG() + exchange.WINDOW_MAX() + exchange.EXIT_DELAY(), 60 + 13 hours, "delays");
        assertEq(exchange.PERMIT2(), address(permit2), "permit2");
        (, string memory name,, uint256 chain, address verifying,,) = exchange.eip712Domain();
        assertTrue(chain == block.chainid && verifying == address(exchange) && bytes(name).length == 10, "domain");
    }
}

contract Token {
    uint8 public constant decimals = 18;
}

contract Rebasing {
    function getTotalShares() external pure returns (uint256) {
        return 1;
    }
}

contract Registry {
    function getInterfaceImplementer(address account, bytes32) external pure returns (address) {
        return account;
    }
}
