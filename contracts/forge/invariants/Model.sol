// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {World} from "../base/World.sol";

/// @title Model
/// @notice What the exchange must hold by what was asked of it: kept apart from it, and compared with it.
/// @dev The first rule that is seen broken is kept in `broken`. A refused call is counted and never reverts, so that a
/// revert here is always a mistake of the tests and fails the campaign.
abstract contract Model is World {
    struct Request {
        uint128 amount;
        uint40 at;
        bool open;
    }

    /// @dev The last order of a lane that settled anything.
    struct Lane {
        uint40 counter;
        uint8 revision;
        uint48 filled;
        bool full;
    }

    /// @dev A cancel or a floor: what is asked for, and what took effect and never ends.
    struct Ban {
        uint48 key;
        uint40 at;
        bool open;
        uint48 dead; // orders below are dead
    }

    uint256 internal constant EVERYTHING = type(uint112).max;

    /// @notice The rule that was broken first; empty while all hold.
    string public broken;

    mapping(address token => mapping(address account => uint256)) internal balances;
    mapping(address token => uint256) internal fees;
    mapping(address token => uint256) internal held;
    mapping(address token => mapping(address account => Request)) internal requests;
    mapping(address account => mapping(uint256 laneOrBase => Lane)) internal lanes;
    mapping(address account => mapping(uint256 laneOrBase => Ban)) internal cancels;
    mapping(address account => mapping(address token => Ban)) internal floors;
    /// @dev The highest nonce counter that a trader used or left behind.
    mapping(address account => uint40) internal counters;
    /// @dev When a market was asked to close; zero while it is open.
    mapping(uint32 market => uint256) internal closings;
    uint256 internal covered;
    bool internal frozen;
    bool internal paused;

    // What was done, for the report.
    uint256 public calls;
    uint256 internal refused;
    uint256 internal fillsSettled;
    uint256 internal honestFills;
    string[] private _entries;
    mapping(string entry => uint256) internal acceptedBy;
    mapping(string entry => uint256) internal refusedBy;
    mapping(uint256 reason => uint256) internal skippedBy;

    // Randomness: everything follows from the number that the fuzzer chose.

    uint256 private _state;

    function _seed(uint256 seed) internal {
        _state = seed;
    }

    function _random(uint256 below) internal returns (uint256) {
        _state = uint256(keccak256(abi.encode(_state)));
        return _state % below;
    }

    function _chance(uint256 oneIn) internal returns (bool) {
        return _random(oneIn) == 0;
    }

    function _trader() internal returns (address) {
        return traders[_random(traders.length)];
    }

    function _token() internal returns (address) {
        return tokens[_random(tokens.length)];
    }

    // Calls

    /// @notice One line of words `name=number`: totals, skipped fills by reason, calls by entry and how they went.
    function figures() external view returns (string memory line) {
        line = string.concat("calls=", vm.toString(calls), " refused=", vm.toString(refused));
        line = string.concat(line, " settled=", vm.toString(fillsSettled), " honest=", vm.toString(honestFills));
        for (uint256 reason = 1; reason < 32; ++reason) {
            if (skippedBy[reason] == 0) continue;
            line = string.concat(line, " reason-", vm.toString(reason), "=", vm.toString(skippedBy[reason]));
        }
        for (uint256 i = 0; i < _entries.length; ++i) {
            string memory entry = _entries[i];
            line = string.concat(line, " accepted-", entry, "=", vm.toString(acceptedBy[entry]));
            line = string.concat(line, " refused-", entry, "=", vm.toString(refusedBy[entry]));
        }
    }

    /// @dev Calls the exchange and counts how it went.
    function _call(string memory entry, address sender, bytes memory data) internal returns (bool success, bytes memory result) {
        vm.prank(sender);
        (success, result) = address(exchange).call(data);
        ++calls;
        if (acceptedBy[entry] + refusedBy[entry] == 0) _entries.push(entry);
        if (success) {
            ++acceptedBy[entry];
        } else {
            ++refused;
            ++refusedBy[entry];
        }
    }

    function _must(bool holds, string memory rule) internal {
        if (!holds && bytes(broken).length == 0) broken = rule;
    }

    // Amounts

    function _credit(address token, address account, uint256 amount) internal {
        balances[token][account] += amount;
    }

    function _debit(address token, address account, uint256 amount, string memory rule) internal {
        uint256 balance = balances[token][account];
        _must(balance >= amount, rule);
        balances[token][account] = balance >= amount ? balance - amount : 0;
    }

    function _out(address token, uint256 amount) internal {
        _must(held[token] >= amount, "I1: more left the vault than it held");
        held[token] = held[token] >= amount ? held[token] - amount : 0;
    }

    /// @dev Who may own a balance: the traders. Everyone else's balance is always zero.
    function _sum(address token) internal view returns (uint256 sum) {
        for (uint256 i = 0; i < traders.length; ++i) {
            sum += balances[token][traders[i]];
        }
    }

    // The covered rule

    function _effective(uint256 at) internal view returns (bool) {
        return covered > at + WATCH_LAG || block.timestamp >= at + WINDOW_MAX || frozen;
    }

    /// @dev What a withdrawal that took effect keeps from trading.
    function _locked(address token, address account) internal view returns (uint256) {
        Request storage request = requests[token][account];
        return request.open && _effective(request.at) ? request.amount : 0;
    }

    function _closed(uint32 market) internal view returns (bool) {
        return closings[market] != 0 && _effective(closings[market]);
    }

    /// @dev Moves a ban that took effect to what is dead for ever.
    function _settleBan(Ban storage ban) internal {
        if (ban.open && _effective(ban.at)) {
            if (ban.key > ban.dead) ban.dead = ban.key;
            ban.open = false;
        }
    }

    // The rules that hold between any two calls

    /// @notice Compares the exchange with the model.
    function check() external {
        for (uint256 i = 0; i < tokens.length; ++i) {
            _checkToken(tokens[i]);
        }
        for (uint256 i = 0; i < traders.length; ++i) {
            _checkTrader(traders[i]);
        }
        _must(exchange.domainSeparator() == _domain(), "I9: the domain is not this chain's and this contract's");
        _must(exchange.operator() != address(0), "I10: the operator is nobody");
        _must(exchange.frozen() == frozen, "I7: settling ended or went on by itself");
    }

    function _checkToken(address token) private {
        uint256 sum = _sum(token) + fees[token];
        _must(exchange.liabilities(token) == sum, "I5: liabilities are not the sum of balances and fees");
        _must(_heldBy(token) >= sum, "I1: the vault holds less than it owes");
        _must(_heldBy(token) == held[token], "I12: what the vault holds is not what came in less what went out");
        _must(exchange.feesOf(token) == fees[token], "I3: the fees are not what was signed");
        _must(exchange.balanceOf(address(0), token) == 0, "I10: the zero address owns something");
        _must(
            exchange.balanceOf(operator, token) == 0 && exchange.balanceOf(OWNER, token) == 0,
            "I7: a role owns something"
        );
        _must(exchange.balanceOf(address(exchange), token) == 0, "I5: the exchange owes itself");
    }

    function _checkTrader(address trader) internal virtual {
        for (uint256 i = 0; i < tokens.length; ++i) {
            address token = tokens[i];
            _must(
                exchange.balanceOf(trader, token) == balances[token][trader],
                "I3: a balance is not what its owner's deposits, orders and withdrawals leave"
            );
            Ban storage ban = floors[trader][token];
            _settleBan(ban);
            (uint40 floor,,) = exchange.floorOf(trader, token);
            _must(floor >= ban.dead, "I6: a floor fell");
        }
    }

    function _heldBy(address token) internal view returns (uint256) {
        return IToken(token).balanceOf(address(exchange));
    }
}

interface IToken {
    function balanceOf(address account) external view returns (uint256);
    function mint(address account, uint256 amount) external;
    function approve(address spender, uint256 amount) external returns (bool);
}
