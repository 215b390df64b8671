// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HostileToken} from "../base/HostileToken.sol";
import {IToken, Model} from "./Model.sol";

/// @title Custody
/// @notice Deposits, withdrawals, exits, cancels and floors: what a trader does on chain.
abstract contract Custody is Model {
    /// @notice Deposits a random amount, once in a while one near the top of what the ledger holds.
    function deposit(uint256 seed) external {
        _seed(seed);
        (address trader, address token, uint256 amount) = (_trader(), _token(), _amount());
        for (uint256 i = 0; i < 2 && balances[token][trader] > 1e7; ++i) {
            (trader, token) = (_trader(), _token());
        }
        _supply(trader, token, amount);
        uint256 before = _heldBy(token);
        (bool success, bytes memory result) = _call("deposit", trader, abi.encodeCall(exchange.deposit, (token, amount)));
        _afterDeposit(trader, token, before, success, result);
    }

    function _amount() internal returns (uint256 amount) {
        amount = _chance(32) ? _random(1 << 113) : _random(1e9);
        if (_chance(32)) amount = 0;
    }

    function _supply(address trader, address token, uint256 amount) internal {
        IToken(token).mint(trader, 2 * amount + 1);
        vm.prank(trader);
        IToken(token).approve(address(exchange), type(uint256).max);
    }

    function _afterDeposit(address trader, address token, uint256 before, bool success, bytes memory result) internal {
        uint256 received = _heldBy(token) - before;
        if (!success) {
            _must(received == 0, "I12: tokens came in without a credit");
            return;
        }
        _must(!paused && !frozen, "I7: a deposit passed a pause or the end of settling");
        _must(abi.decode(result, (uint256)) == received, "I12: a credit is not the measured change");
        _must(hostile.succeeded() == 0, "I11: a call back out of a deposit changed something");
        _credit(token, trader, received);
        held[token] += received;
        _must(exchange.liabilities(token) <= EVERYTHING, "I1: a ledger word can overflow");
    }

    /// @notice Asks for some of a token, or for more than there is.
    function requestWithdrawal(uint256 seed) external {
        _seed(seed);
        (address trader, address token, uint256 amount) = (_trader(), _token(), 0);
        if (_chance(8)) amount = type(uint256).max - _random(5);
        else amount = _random(balances[token][trader] + 2);
        (bool success,) =
            _call("requestWithdrawal", trader, abi.encodeCall(exchange.requestWithdrawal, (token, amount)));
        _must(success == (amount != 0), "I8: a withdrawal could not be asked for");
        if (success) _request(trader, token, amount);
    }

    function _request(address trader, address token, uint256 amount) internal {
        if (amount > EVERYTHING) amount = EVERYTHING;
        requests[token][trader] = Request({amount: uint128(amount), at: uint40(block.timestamp), open: true});
    }

    /// @notice Takes a request back.
    function cancelWithdrawalRequest(uint256 seed) external {
        _seed(seed);
        (address trader, address token) = (_trader(), _token());
        if (!_chance(4)) (trader, token) = _requested(trader, token);
        (bool success,) =
            _call("cancelWithdrawalRequest", trader, abi.encodeCall(exchange.cancelWithdrawalRequest, (token)));
        _must(success == requests[token][trader].open, "I8: a request could not be taken back");
        requests[token][trader].open = false;
    }

    /// @dev The first pair that asked for a withdrawal, looking from a random one.
    function _requested(address trader, address token) internal returns (address, address) {
        uint256 start = _random(traders.length * tokens.length);
        for (uint256 i = 0; i < traders.length * tokens.length; ++i) {
            uint256 at = (start + i) % (traders.length * tokens.length);
            address t = traders[at % traders.length];
            address k = tokens[at / traders.length];
            if (requests[k][t].open) return (t, k);
        }
        return (trader, token);
    }

    /// @notice Claims a request, sometimes before it is due.
    function withdraw(uint256 seed) external {
        _seed(seed);
        (address trader, address token) = _requested(_trader(), _token());
        address recipient = _chance(8) ? address(uint160(_random(4))) : trader;
        if (_chance(16)) recipient = address(exchange);
        _withdraw(trader, token, recipient);
    }

    function _withdraw(address trader, address token, address recipient) internal returns (bool success) {
        Request memory request = requests[token][trader];
        uint256 balance = balances[token][trader];
        uint256 due = request.amount < balance ? request.amount : balance;
        uint256 before = _heldBy(token);
        bool unfit = recipient == address(0) || recipient == address(exchange) || !request.open || due == 0
            || !_effective(request.at);
        bytes memory result;
        (success, result) = _call("withdraw", trader, abi.encodeCall(exchange.withdraw, (token, recipient)));
        uint256 sent = before - _heldBy(token);
        if (!success) {
            _must(sent == 0, "I1: a refused withdrawal paid");
            _must(unfit || token == address(hostile), "I8: a withdrawal that was due was refused");
            return false;
        }
        _must(!unfit, "I6: a withdrawal paid before it took effect, or more than once");
        _must(abi.decode(result, (uint256)) == due, "I3: a withdrawal did not pay the smaller of request and balance");
        _must(sent <= due, "I1: a token took more than what was withdrawn");
        _must(hostile.succeeded() == 0, "I11: a call back out of a withdrawal changed something");
        _debit(token, trader, due, "I3: more was withdrawn than was there");
        _out(token, sent);
        requests[token][trader].open = false;
    }

    /// @notice Leaves with everything.
    function exit(uint256 seed) external {
        _seed(seed);
        address trader = _trader();
        address[] memory leaving = new address[](_random(TOKENS + 1));
        for (uint256 i = 0; i < leaving.length; ++i) {
            leaving[i] = tokens[i];
        }
        if (!_chance(12)) return;
        (bool success,) = _call("exit", trader, abi.encodeCall(exchange.exit, (leaving)));
        _must(success == (leaving.length != 0), "I8: an exit was refused");
        for (uint256 i = 0; success && i < leaving.length; ++i) {
            _request(trader, leaving[i], EVERYTHING);
        }
    }

    /// @notice Ends settling, if no batch came for long enough.
    function freeze(uint256 seed) external {
        _seed(seed);
        if (_chance(64)) vm.warp(block.timestamp + EXIT_DELAY);
        bool due = block.timestamp > covered + EXIT_DELAY && !frozen;
        (bool success,) = _call("freeze", _trader(), abi.encodeCall(exchange.freeze, ()));
        _must(success == due, "I8: settling could not be ended, or ended early");
        if (success) frozen = true;
    }

    /// @notice Cancels a lane's orders: below, at or above what it used last.
    function cancel(uint256 seed) external {
        _seed(seed);
        address trader = _trader();
        uint32 market = uint32(1 + _random(MARKETS));
        uint256 lane = _lane();
        uint256 at = _laneOrBase(market, lane);
        uint256 key = ((uint256(lanes[trader][at].counter) + _random(4)) << 8) | _random(2);
        Ban storage ban = cancels[trader][at];
        _settleBan(ban);
        uint64 nonce = uint64((key << 16) | lane);
        (bool success,) = _call("cancel", trader, abi.encodeCall(exchange.cancel, (market, nonce)));
        if (success) {
            ban.key = uint48(key + 1);
            ban.at = uint40(block.timestamp);
            ban.open = true;
        } else {
            _must(key < ban.key, "I6: a new cancel was refused");
        }
    }

    function _lane() internal returns (uint256 lane) {
        lane = _random(6);
        if (lane == 4) lane = 0;
        if (lane == 5) lane = 65_535;
    }

    /// @dev Lane 0 belongs to the base token, the others to the account.
    function _laneOrBase(uint32 market, uint256 lane) internal view returns (uint256) {
        return lane == 0 ? uint160(markets[market].base) : lane;
    }

    /// @notice Raises a floor, sometimes by too much.
    function cancelUpTo(uint256 seed) external {
        _seed(seed);
        (address trader, address token) = (_trader(), _token());
        Ban storage ban = floors[trader][token];
        _settleBan(ban);
        uint256 highest = ban.open && ban.key > ban.dead ? ban.key : ban.dead;
        uint256 floor = counters[trader] + 2;
        floor = _chance(64) ? highest + (1 << 32) + _random(2) : floor - _random(floor > 8 ? 8 : floor);
        if (floor > type(uint40).max) floor = type(uint40).max;
        bool fits = floor > highest && floor <= highest + (1 << 32);
        (bool success,) =
            _call("cancelUpTo", trader, abi.encodeCall(exchange.cancelUpTo, (token, uint40(floor))));
        _must(success == fits, "I6: a floor fell, jumped or was refused");
        if (!success) return;
        (ban.key, ban.at, ban.open) = (uint48(floor), uint40(block.timestamp), true);
        if (floor > counters[trader]) counters[trader] = uint40(floor);
    }

    /// @notice Chooses how the hostile token misbehaves from now on.
    function misbehave(uint256 seed) external {
        _seed(seed);
        HostileToken.Mode mode = HostileToken.Mode(_chance(2) ? 0 : _random(9));
        hostile.behave(mode, address(exchange), _reentry());
    }

    /// @dev A call that must not succeed while a token moves.
    function _reentry() private returns (bytes memory) {
        uint256 which = _random(5);
        if (which == 0) return abi.encodeCall(exchange.deposit, (tokens[2], 1));
        if (which == 1) return abi.encodeCall(exchange.requestWithdrawal, (tokens[2], 1));
        if (which == 2) return abi.encodeCall(exchange.withdraw, (tokens[2], address(this)));
        if (which == 3) {
            address[] memory leaving = new address[](1);
            leaving[0] = tokens[2];
            return abi.encodeCall(exchange.exit, (leaving));
        }
        return abi.encodeCall(exchange.settle, (""));
    }
}
