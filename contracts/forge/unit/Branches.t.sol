// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IExchangeErrors} from "../../src/interfaces/IExchangeErrors.sol";
import {CancelReceipt, Voucher} from "../../src/libraries/PromiseHash.sol";
import {BatchBuilder, Fill, Header, Section, Terms} from "../base/BatchBuilder.sol";
import {Trade} from "../base/Trade.sol";

/// @notice Each branch of the roles, of delegation and of a batch's shape, with what refuses beside what is taken.
contract BranchesTest is Trade {
    address private constant STRANGER = address(0x5712A);

    function _refuse(address who, bytes4 why, bytes memory data) private {
        vm.prank(who);
        (bool success, bytes memory result) = address(exchange).call(data);
        assertTrue(!success && bytes4(result) == why, "refused for this reason");
    }

    // Roles

    function test_listing() external {
        _refuse(LISTER, IExchangeErrors.UnknownToken.selector, abi.encodeCall(exchange.listAsset, (STRANGER)));
        bytes memory data = abi.encodeCall(exchange.listAsset, (address(exchange)));
        _refuse(LISTER, IExchangeErrors.UnknownToken.selector, data);
        data = abi.encodeCall(exchange.setDepositsOpen, (STRANGER, true));
        _refuse(LISTER, IExchangeErrors.UnknownToken.selector, data);
        data = abi.encodeCall(exchange.listMarket, (9, STRANGER, tokens[1], 1, 1));
        _refuse(LISTER, IExchangeErrors.UnknownToken.selector, data);
        data = abi.encodeCall(exchange.listMarket, (9, tokens[0], STRANGER, 1, 1));
        _refuse(LISTER, IExchangeErrors.UnknownToken.selector, data);
        data = abi.encodeCall(exchange.listMarket, (9, tokens[0], tokens[0], 1, 1));
        _refuse(LISTER, IExchangeErrors.BadMarket.selector, data);
        data = abi.encodeCall(exchange.listMarket, (9, tokens[0], tokens[1], 0, 1));
        _refuse(LISTER, IExchangeErrors.BadMarket.selector, data);
        data = abi.encodeCall(exchange.listMarket, (9, tokens[0], tokens[1], 1, 0));
        _refuse(LISTER, IExchangeErrors.BadMarket.selector, data);
        _refuse(LISTER, IExchangeErrors.UnknownMarket.selector, abi.encodeCall(exchange.closeMarket, (9)));
    }

    function test_closingAndReopening() external {
        _refuse(LISTER, IExchangeErrors.NothingNew.selector, abi.encodeCall(exchange.reopenMarket, (1)));
        vm.prank(LISTER);
        exchange.closeMarket(1);
        _refuse(LISTER, IExchangeErrors.NothingNew.selector, abi.encodeCall(exchange.closeMarket, (1)));
        vm.prank(LISTER);
        exchange.reopenMarket(1);
        (,,,, uint40 closingAt, bool closed) = exchange.marketOf(1);
        assertTrue(closingAt == 0 && !closed, "open");
    }

    function test_pausingAndReading() external {
        vm.prank(PAUSER);
        exchange.pause();
        vm.prank(PAUSER);
        exchange.unpause();
        assertTrue(exchange.operator() == operator && exchange.lister() == LISTER, "operator and lister");
        assertTrue(exchange.pauser() == PAUSER && exchange.feeCollector() == COLLECTOR, "pauser and collector");
        assertEq(exchange.domainSeparator(), _domain(), "domain");
    }

    function test_feesGoSomewhere() external {
        bytes memory data = abi.encodeCall(exchange.withdrawFees, (tokens[1], address(0)));
        _refuse(COLLECTOR, IExchangeErrors.ZeroAddress.selector, data);
        data = abi.encodeCall(exchange.withdrawFees, (tokens[1], address(exchange)));
        _refuse(COLLECTOR, IExchangeErrors.ZeroAddress.selector, data);
    }

    function test_solvencyOfAKnownToken() external {
        bytes memory data = abi.encodeCall(exchange.publishSolvency, (STRANGER, bytes32(0), 0));
        _refuse(operator, IExchangeErrors.UnknownToken.selector, data);
    }

    // Users

    function test_requestsOfNothing() external {
        bytes memory data = abi.encodeCall(exchange.requestWithdrawal, (tokens[0], 0));
        _refuse(taker, IExchangeErrors.ZeroAmount.selector, data);
        _refuse(taker, IExchangeErrors.NothingRequested.selector, abi.encodeCall(exchange.exit, (new address[](0))));
        data = abi.encodeCall(exchange.cancelUpTo, (STRANGER, 1));
        _refuse(taker, IExchangeErrors.UnknownToken.selector, data);
    }

    function test_permit2WhereThereIsNone() external {
        vm.etch(address(permit2), "");
        bytes memory data = abi.encodeCall(exchange.depositWithPermit2, (tokens[0], 1, 1, block.timestamp, ""));
        _refuse(taker, IExchangeErrors.NoPermit2.selector, data);
    }

    function test_promisesOfNothing() external {
        Voucher memory voucher =
            Voucher({account: taker, token: tokens[0], amount: 0, recipient: taker, salt: 1, deadline: 0, minBatch: 0});
        bytes memory data = abi.encodeCall(exchange.withdrawWithVoucher, (voucher, ""));
        _refuse(taker, IExchangeErrors.ZeroAmount.selector, data);
        bytes32 hash = BatchBuilder.voucherHash(taker, tokens[0], 0, taker, 1, 0, 0);
        assertEq(exchange.hashVoucher(voucher), BatchBuilder.typed(_domain(), hash), "voucher");
        CancelReceipt memory receipt =
            CancelReceipt({trader: taker, market: 77, nonce: 1, filled: 2, sequence: 3});
        data = abi.encodeCall(exchange.cancelWithReceipt, (receipt, ""));
        _refuse(taker, IExchangeErrors.UnknownMarket.selector, data);
        hash = BatchBuilder.receiptHash(taker, 77, 1, 2, 3);
        assertEq(exchange.hashCancelReceipt(receipt), BatchBuilder.typed(_domain(), hash), "receipt");
    }

    function _signed(CancelReceipt memory receipt) private view returns (bytes memory) {
        bytes32 hash = BatchBuilder.receiptHash(
            receipt.trader, receipt.market, receipt.nonce, receipt.filled, receipt.sequence
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(OPERATOR_KEY, BatchBuilder.typed(_domain(), hash));
        return abi.encodePacked(r, s, v);
    }

    function test_receiptOfWhatIsCanceledAlready() external {
        (,, uint48 last,) = exchange.batchState();
        CancelReceipt memory receipt =
            CancelReceipt({trader: taker, market: 1, nonce: BatchBuilder.nonce(5, 0, 0), filled: 0, sequence: last});
        bytes memory signature = _signed(receipt);
        bytes memory again = abi.encodeCall(exchange.cancelWithReceipt, (receipt, signature));
        vm.prank(taker);
        exchange.cancelWithReceipt(receipt, signature);
        _refuse(taker, IExchangeErrors.NothingNew.selector, again);
        receipt.nonce = BatchBuilder.nonce(6, 0, 0);
        signature = _signed(receipt);
        vm.prank(taker);
        exchange.cancelWithReceipt(receipt, signature);
        (,, uint64 below) = exchange.laneOf(taker, 1, 0);
        assertEq(below >> 8, 6, "one further");
        vm.prank(taker);
        exchange.cancel(1, BatchBuilder.nonce(9, 0, 0));
        receipt.nonce = BatchBuilder.nonce(7, 0, 0);
        signature = _signed(receipt);
        vm.prank(taker);
        exchange.cancelWithReceipt(receipt, signature);
        (uint48 key,, bool effective) = exchange.pendingCancel(taker, 1, 0);
        assertTrue(key >> 8 == 9 && !effective, "what reaches further waits on");
    }

    function test_sessionsFromGrantToGrant() external {
        uint40 expiry = uint40(block.timestamp + 1 days);
        bytes memory grant = abi.encodeCall(exchange.grantSession, (STRANGER, 1, 5, 6, expiry));
        vm.prank(taker);
        exchange.grantSession(STRANGER, 1, 5, 6, expiry);
        (uint96 buys, uint72 sells, uint40 until, uint40 revokedAt, bool usable) =
            exchange.sessionOf(taker, STRANGER, 1);
        assertTrue(buys == 5 && sells == 6 && until == expiry && revokedAt == 0 && usable, "granted");
        vm.prank(taker);
        exchange.revokeSession(STRANGER, 1);
        _refuse(taker, IExchangeErrors.RevocationPending.selector, grant);
        vm.warp(block.timestamp + WINDOW_MAX);
        vm.prank(taker);
        exchange.grantSession(STRANGER, 1, 1, 1, expiry);
        (buys,,,,) = exchange.sessionOf(taker, STRANGER, 1);
        assertEq(buys, 1, "from zero");
    }

    // Batches

    function test_batchOfNothingIsAHeaderAndNoMore() external {
        Section[] memory none = new Section[](0);
        bytes memory batch = _packAll(none);
        bytes memory data = abi.encodeCall(exchange.settle, (bytes.concat(batch, hex"00")));
        _refuse(operator, IExchangeErrors.WrongLength.selector, data);
        batch[19] = 0x01; // the header's count of fills
        _refuse(operator, IExchangeErrors.WrongLength.selector, abi.encodeCall(exchange.settle, (batch)));
    }

    function test_upToNeverFalls() external {
        assertEq(_settle(_trade()), 0, "settled");
        (uint48 number, uint40 matchedThrough,, bytes32 root) = exchange.batchState();
        Header memory header = Header(number + 1, matchedThrough, 1, 0, root, 0);
        bytes memory batch = BatchBuilder.pack(header, new Section[](0));
        _refuse(operator, IExchangeErrors.WrongUpTo.selector, abi.encodeCall(exchange.settle, (batch)));
    }

    function test_moreFillsThanTheHeaderSays() external {
        bytes memory batch = _pack(_trade());
        batch[19] = 0x00;
        _refuse(operator, IExchangeErrors.WrongLength.selector, abi.encodeCall(exchange.settle, (batch)));
    }

    function test_laneTwiceInASection() external {
        for (uint16 lane = 0; lane < 2; ++lane) {
            Section memory section = _trade();
            Terms[] memory orders = new Terms[](3);
            (orders[0], orders[1]) = (section.orders[0], section.orders[1]);
            orders[2] = _terms(0, 1, 900, 10, 2);
            orders[1].nonce = BatchBuilder.nonce(1, 0, lane);
            orders[2].nonce = BatchBuilder.nonce(2, 0, lane);
            section.orders = orders;
            Fill[] memory fills = new Fill[](2);
            (fills[0], fills[1]) = (Fill({maker: 1, lots: 3}), Fill({maker: 2, lots: 3}));
            section.groups[0].fills = fills;
            _signAll(section);
            _refused(section, IExchangeErrors.LaneUsedTwice.selector);
        }
    }

    function test_fillOrKillGivesBackWhatItTookFromSessions() external {
        uint256 key = 0x5E55;
        uint40 expiry = uint40(block.timestamp + 1 days);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(traders[i]);
            exchange.grantSession(vm.addr(key), 1, 1e9, 100, expiry);
        }
        Section memory section = _trade();
        section.orders[0].flags = 4;
        section.groups[0].fills[0].lots = 5; // less than the whole
        section.sessions = new bytes[](2);
        for (uint8 i = 0; i < 2; ++i) {
            section.sessions[i] = abi.encodePacked(i, vm.addr(key));
            section.orders[i].kind = 1;
            address trader = section.accounts[section.orders[i].account];
            bytes memory signature = _sign(key, _digest(1, trader, section.orders[i]));
            section.orders[i].tail = abi.encodePacked(signature, section.orders[i].account);
        }
        assertEq(_settle(section), 17, "not whole");
        (uint96 buys,,,,) = exchange.sessionOf(taker, vm.addr(key), 1);
        (, uint72 sells,,,) = exchange.sessionOf(maker, vm.addr(key), 1);
        assertTrue(buys == 1e9 && sells == 100, "given back");
        assertEq(exchange.balanceOf(taker, tokens[0]), FUNDS, "nothing moved");
    }

    function test_fillThatCanNotBePaidNamesTheOneWhoIsShort() external {
        for (uint8 short = 0; short < 2; ++short) {
            uint256 state = vm.snapshotState();
            vm.prank(short == 0 ? taker : maker);
            exchange.requestWithdrawal(tokens[short == 0 ? 1 : 0], FUNDS);
            vm.warp(block.timestamp + WINDOW_MAX);
            Section memory section = _trade();
            assertEq(_settle(section), 16, "short");
            vm.revertToState(state);
        }
    }

    function test_rebateAboveTheFee() external {
        Section memory section = _trade();
        section.orders[0].feeRate = -2000;
        assertEq(_settle(section), 15, "rebate");
    }
}
