// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Trading} from "./Trading.sol";

/// @title Governance
/// @notice The roles, time and the chain: what may happen to traders without their doing.
abstract contract Governance is Trading {
    address private _proposed;
    uint256 private _proposedAt;

    /// @notice Time passes; once in a while so much that settling can be ended.
    function pass(uint256 seed) external {
        _seed(seed);
        uint256 time = _random(2 * WATCH_LAG);
        if (_chance(4)) time = _random(2 * WINDOW_MAX);
        if (_chance(256)) time = _random(3 * EXIT_DELAY);
        if (_chance(64)) time = _random(31 days) % (EXIT_DELAY / 2);
        vm.warp(block.timestamp + time);
    }

    /// @notice The chain splits, or comes back.
    function fork(uint256 seed) external {
        _seed(seed);
        vm.chainId(_chance(2) ? 31_337 : 1 + _random(1000));
    }

    /// @notice A trader's address gets code, or loses it (EIP-7702): its signature counts all the same.
    function changeCode(uint256 seed) external {
        _seed(seed);
        vm.etch(_trader(), _chance(2) ? bytes("") : abi.encodePacked(hex"ef0100", address(hostile)));
    }

    /// @notice The pause goes on or off; trading must not end for long.
    function pause(uint256 seed) external {
        _seed(seed);
        bool on = paused ? _chance(4) : _chance(8);
        bytes memory data = on ? abi.encodeCall(exchange.pause, ()) : abi.encodeCall(exchange.unpause, ());
        (bool success,) = _call("pause", PAUSER, data);
        _must(success == (on != paused), "I7: a pause that was due was refused, or one came twice");
        if (success) paused = on;
    }

    /// @notice Deposits of a token close or open.
    function setDepositsOpen(uint256 seed) external {
        _seed(seed);
        bool open = !_chance(4);
        _call("setDepositsOpen", LISTER, abi.encodeCall(exchange.setDepositsOpen, (_token(), open)));
    }

    /// @notice A market closes or opens.
    function closeMarket(uint256 seed) external {
        _seed(seed);
        uint32 market = uint32(1 + _random(MARKETS));
        bool close = _chance(12);
        bytes memory data =
            close ? abi.encodeCall(exchange.closeMarket, (market)) : abi.encodeCall(exchange.reopenMarket, (market));
        (bool success,) = _call("closeMarket", LISTER, data);
        _must(success == (close == (closings[market] == 0)), "I7: a market could not be closed or opened");
        if (success) closings[market] = close ? block.timestamp : 0;
    }

    /// @notice Listing what is listed, or what is no market: refused.
    function relist(uint256 seed) external {
        _seed(seed);
        bool success;
        if (_chance(2)) {
            (success,) = _call("relist", LISTER, abi.encodeCall(exchange.listAsset, (_token())));
        } else {
            uint32 market = uint32(1 + _random(MARKETS));
            bytes memory data = abi.encodeCall(exchange.listMarket, (market, tokens[1], tokens[0], 1, 1));
            (success,) = _call("relist", LISTER, data);
        }
        _must(!success, "I7: what is listed changed");
    }

    /// @notice The owner takes the fees, and never more.
    function withdrawFees(uint256 seed) external {
        _seed(seed);
        address token = _token();
        uint256 before = _heldBy(token);
        (bool success, bytes memory result) =
            _call("withdrawFees", COLLECTOR, abi.encodeCall(exchange.withdrawFees, (token, COLLECTOR)));
        uint256 sent = before - _heldBy(token);
        if (!success) {
            _must(sent == 0, "I1: a refused payment of fees paid");
            return;
        }
        _must(abi.decode(result, (uint256)) == fees[token] && sent <= fees[token], "I7: the owner took more than the fees");
        _must(hostile.succeeded() == 0, "I11: a call back out of a payment changed something");
        _out(token, sent);
        fees[token] = 0;
    }

    /// @notice The operator changes, after everyone had the time to leave.
    function changeOperator(uint256 seed) external {
        _seed(seed);
        if (_chance(3)) {
            address next = _chance(8) ? address(0) : operator;
            (bool named,) = _call("proposeOperator", OWNER, abi.encodeCall(exchange.proposeOperator, (next)));
            _must(named == (next != address(0)), "I10: nobody was named operator");
            if (named) (_proposed, _proposedAt) = (next, block.timestamp);
            return;
        }
        address who = _chance(4) ? _trader() : operator;
        (bool success,) = _call("acceptOperator", who, abi.encodeCall(exchange.acceptOperator, ()));
        bool due = who == _proposed && block.timestamp >= _proposedAt + 2 * WINDOW_MAX;
        _must(success == due, "I7: the operator changed too early, or not at all");
        if (success) _proposed = address(0);
    }

    /// @notice The operator publishes what it says that it owes: an event, and nothing else.
    function publishSolvency(uint256 seed) external {
        _seed(seed);
        address who = _chance(4) ? _trader() : operator;
        bytes memory data = abi.encodeCall(exchange.publishSolvency, (_token(), bytes32(seed), seed));
        (bool success,) = _call("publishSolvency", who, data);
        _must(success == (who == operator), "I7: somebody else published the operator's figures");
    }

    /// @notice The owner names roles anew: the ones who have them, so that the history can go on.
    function nameRoles(uint256 seed) external {
        _seed(seed);
        _call("nameRoles", OWNER, abi.encodeCall(exchange.setLister, (LISTER)));
        _call("nameRoles", OWNER, abi.encodeCall(exchange.setPauser, (PAUSER)));
        _call("nameRoles", OWNER, abi.encodeCall(exchange.setFeeCollector, (COLLECTOR)));
    }

    /// @notice What only a role may do, tried by everyone else.
    function usurp(uint256 seed) external {
        _seed(seed);
        bytes[14] memory wishes = [
            abi.encodeCall(exchange.listAsset, (address(this))),
            abi.encodeCall(exchange.setDepositsOpen, (tokens[0], false)),
            abi.encodeCall(exchange.listMarket, (99, tokens[0], tokens[1], 1, 1)),
            abi.encodeCall(exchange.closeMarket, (1)),
            abi.encodeCall(exchange.reopenMarket, (1)),
            abi.encodeCall(exchange.proposeOperator, (address(this))),
            abi.encodeCall(exchange.pause, ()),
            abi.encodeCall(exchange.unpause, ()),
            abi.encodeCall(exchange.withdrawFees, (tokens[1], address(this))),
            abi.encodeCall(exchange.setLister, (address(this))),
            abi.encodeCall(exchange.setPauser, (address(this))),
            abi.encodeCall(exchange.setFeeCollector, (address(this))),
            abi.encodeWithSignature("transferOwnership(address)", address(this)),
            abi.encodeWithSignature("renounceOwnership()")
        ];
        address who = _chance(2) ? operator : _trader();
        (bool success,) = _call("usurp", who, wishes[_random(wishes.length)]);
        _must(!success, "I7: somebody used a role that is not theirs");
    }
}
