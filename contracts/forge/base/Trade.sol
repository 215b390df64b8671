// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchBuilder, Fill, Group, Header, Section, Terms} from "./BatchBuilder.sol";
import {Vm} from "./Cheats.sol";
import {World} from "./World.sol";

/// @title Trade
/// @notice One taker and one maker with funds, and the batch that settles them: what a test changes one thing of.
abstract contract Trade is World {
    bytes32 internal constant SKIPPED = keccak256("FillSkipped(uint32,uint48,uint8,uint8,uint8)");
    uint256 internal constant FUNDS = 1e9;

    address internal maker; // sells 10 lots at 900
    address internal taker; // buys 10 lots at 1000

    function setUp() public virtual {
        _build();
        (maker, taker) = (traders[0], traders[1]);
        for (uint256 i = 0; i < traders.length; ++i) {
            for (uint256 j = 0; j < tokens.length; ++j) {
                _fund(traders[i], tokens[j], FUNDS);
            }
        }
    }

    /// @dev The section of a trade in market 1: order 0 is the taker's, order 1 the maker's, both signed.
    function _trade() internal view returns (Section memory section) {
        section.market = 1;
        section.accounts = new address[](2);
        (section.accounts[0], section.accounts[1]) = (maker, taker);
        section.orders = new Terms[](2);
        section.orders[0] = _terms(1, 0, 1000, 10, 1);
        section.orders[1] = _terms(0, 1, 900, 10, 1);
        Fill[] memory fills = new Fill[](1);
        fills[0] = Fill({maker: 1, lots: 10});
        section.groups = new Group[](1);
        (,, uint48 last,) = exchange.batchState();
        section.groups[0] = Group({sequence: last + 1, taker: 0, fills: fills});
        _signAll(section);
    }

    function _terms(uint8 account, uint8 side, uint48 price, uint48 lots, uint256 counter)
        internal
        view
        returns (Terms memory terms)
    {
        terms.account = account;
        terms.side = side;
        terms.price = price;
        terms.lots = lots;
        terms.maxFee = 2000;
        terms.feeRate = 1000;
        terms.expiry = uint40(block.timestamp + 1 hours);
        terms.nonce = BatchBuilder.nonce(counter, 0, 0);
    }

    function _signAll(Section memory section) internal view {
        for (uint256 i = 0; i < section.orders.length; ++i) {
            address trader = section.accounts[section.orders[i].account];
            section.orders[i].tail = _sign(keys[trader], _digest(section.market, trader, section.orders[i]));
        }
    }

    function _pack(Section memory section) internal view returns (bytes memory) {
        Section[] memory sections = new Section[](1);
        sections[0] = section;
        return _packAll(sections);
    }

    function _packAll(Section[] memory sections) internal view returns (bytes memory) {
        (uint48 number, uint40 matchedThrough, uint48 last, bytes32 root) = exchange.batchState();
        Header memory header = Header({
            number: number + 1,
            matchedThrough: matchedThrough,
            upTo: last + 10,
            fills: uint16(BatchBuilder.countFills(sections)),
            previousRoot: root,
            journalHash: 0
        });
        return BatchBuilder.pack(header, sections);
    }

    /// @dev Settles, and gives the reason of the first skipped fill: zero if all settled.
    function _settle(Section memory section) internal returns (uint256 reason) {
        bytes memory batch = _pack(section);
        vm.recordLogs();
        vm.prank(operator);
        exchange.settle(batch);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (logs[0].topics[0] == SKIPPED) (,, reason) = abi.decode(logs[0].data, (uint8, uint8, uint8));
    }

    function _refused(Section memory section, bytes4 why) internal {
        bytes memory batch = _pack(section);
        vm.expectPartialRevert(why);
        vm.prank(operator);
        exchange.settle(batch);
    }
}
