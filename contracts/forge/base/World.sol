// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IExchange} from "../../src/interfaces/IExchange.sol";
import {MockERC20} from "../../src/mocks/MockERC20.sol";
import {BatchBuilder, MarketTerms, Terms} from "./BatchBuilder.sol";
import {Cheats} from "./Cheats.sol";
import {HostileToken} from "./HostileToken.sol";
import {Permit2} from "./Permit2.sol";

/// @title World
/// @notice One exchange, three tokens, three markets, and traders with keys: what all tests start from.
abstract contract World is Cheats {
    uint40 internal constant WATCH_LAG = 60;
    uint40 internal constant WINDOW_MAX = 1 hours;
    uint40 internal constant EXIT_DELAY = 12 hours;
    uint256 internal constant START = 1_800_000_000;

    uint256 internal constant TRADERS = 5;
    uint256 internal constant TOKENS = 3;
    uint32 internal constant MARKETS = 3;

    address internal constant OWNER = address(0xA0);
    address internal constant LISTER = address(0xA1);
    address internal constant PAUSER = address(0xA2);
    address internal constant COLLECTOR = address(0xA3);
    uint256 internal constant OPERATOR_KEY = 0x0FE7A703;

    IExchange internal exchange;
    address internal operator;
    /// @dev Ascending, as a section wants them.
    address[] internal traders;
    mapping(address trader => uint256 key) internal keys;
    /// @dev Base, main quote, hostile.
    address[] internal tokens;
    HostileToken internal hostile;
    Permit2 internal permit2;
    mapping(uint32 id => MarketTerms) internal markets;

    function _build() internal {
        vm.warp(START);
        operator = vm.addr(OPERATOR_KEY);
        permit2 = new Permit2();
        address extension = vm.deployCode(
            "src/ExchangeExtension.sol:ExchangeExtension", abi.encode(WATCH_LAG, WINDOW_MAX, EXIT_DELAY, address(permit2))
        );
        exchange = IExchange(
            vm.deployCode(
                "src/Exchange.sol:Exchange",
                abi.encode(extension, OWNER, operator, WATCH_LAG, WINDOW_MAX, EXIT_DELAY)
            )
        );
        vm.prank(OWNER);
        exchange.setLister(LISTER);
        vm.prank(OWNER);
        exchange.setPauser(PAUSER);
        vm.prank(OWNER);
        exchange.setFeeCollector(COLLECTOR);
        hostile = new HostileToken();
        tokens.push(address(new MockERC20("Base", "BASE", 18)));
        tokens.push(address(new MockERC20("Quote", "QUOTE", 6)));
        tokens.push(address(hostile));
        for (uint256 i = 0; i < TOKENS; ++i) {
            vm.prank(LISTER);
            exchange.listAsset(tokens[i]);
        }
        _list(1, tokens[0], tokens[1], 1000, 7);
        _list(2, tokens[2], tokens[1], 10, 3);
        _list(3, tokens[0], tokens[2], 100, 11);
        for (uint256 i = 0; i < TRADERS; ++i) {
            _addTrader(uint256(keccak256(abi.encode("trader", i))));
        }
    }

    function _list(uint32 id, address base, address quote, uint88 lotSize, uint88 tickSize) internal {
        vm.prank(LISTER);
        exchange.listMarket(id, base, quote, lotSize, tickSize);
        markets[id] = MarketTerms({id: id, base: base, quote: quote, lotSize: lotSize, tickSize: tickSize});
    }

    function _addTrader(uint256 key) private {
        address trader = vm.addr(key);
        keys[trader] = key;
        traders.push(trader);
        for (uint256 i = traders.length - 1; i > 0 && traders[i - 1] > traders[i]; --i) {
            (traders[i - 1], traders[i]) = (traders[i], traders[i - 1]);
        }
    }

    function _fund(address trader, address token, uint256 amount) internal {
        MockERC20(token).mint(trader, amount);
        vm.prank(trader);
        MockERC20(token).approve(address(exchange), type(uint256).max);
        vm.prank(trader);
        exchange.deposit(token, amount);
    }

    function _domain() internal view returns (bytes32) {
        return BatchBuilder.domain(block.chainid, address(exchange));
    }

    function _digest(uint32 market, address trader, Terms memory terms) internal view returns (bytes32) {
        return BatchBuilder.typed(_domain(), BatchBuilder.orderHash(markets[market], trader, terms));
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return BatchBuilder.compact(v, r, s);
    }
}
