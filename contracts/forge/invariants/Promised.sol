// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CancelReceipt, Voucher} from "../../src/libraries/PromiseHash.sol";
import {BatchBuilder} from "../base/BatchBuilder.sol";
import {HostileToken} from "../base/HostileToken.sol";
import {Custody} from "./Custody.sol";

/// @title Promised
/// @notice What moves by somebody's signature: permits, vouchers and cancel receipts.
abstract contract Promised is Custody {
    Voucher[] private _vouchers;
    bytes[] private _voucherSignatures;
    mapping(address account => mapping(uint256 salt => bool)) private _redeemed;

    // Permits

    /// @notice A deposit with a permit that is right, wrong, spent by somebody else, or for another's tokens.
    function depositWithPermit(uint256 seed) external {
        _seed(seed);
        (address trader, uint256 amount) = (_trader(), _random(1e9));
        hostile.mint(trader, 2 * amount + 1);
        uint256 deadline = block.timestamp + _random(100);
        uint256 nonce = hostile.nonces(trader);
        bytes32 digest = hostile.permitDigest(trader, address(exchange), amount, nonce, deadline);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_chance(8) ? OPERATOR_KEY : keys[trader], digest);
        if (_chance(4)) {
            try hostile.permit(trader, address(exchange), amount, deadline, v, r, s) {} catch {}
        }
        uint256 before = _heldBy(tokens[2]);
        bytes memory data = abi.encodeCall(exchange.depositWithPermit, (tokens[2], amount, deadline, v, r, s));
        address sender = _chance(8) ? _trader() : trader;
        (bool success, bytes memory result) = _call("depositWithPermit", sender, data);
        _afterDeposit(sender, tokens[2], before, success, result);
    }

    /// @notice A deposit through Permit2; a signature serves its signer once.
    function depositWithPermit2(uint256 seed) external {
        _seed(seed);
        (address trader, address token, uint256 amount) = (_trader(), _token(), 1 + _random(1e9));
        _supply(trader, token, amount);
        vm.prank(trader);
        HostileToken(token).approve(address(permit2), type(uint256).max);
        (uint256 nonce, uint256 deadline) = (_random(64), block.timestamp + _random(100));
        bytes32 digest = permit2.digest(token, amount, nonce, deadline, address(exchange));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[trader], digest);
        address sender = _chance(6) ? _trader() : trader;
        uint256 before = _heldBy(token);
        bytes memory data = abi.encodeCall(
            exchange.depositWithPermit2, (token, amount, nonce, deadline, abi.encode(r, s, v))
        );
        (bool success, bytes memory result) = _call("depositWithPermit2", sender, data);
        _must(!success || sender == trader, "I3: a deposit took what somebody else had signed for");
        _afterDeposit(trader, token, before, success, result);
    }

    // Vouchers

    /// @notice A voucher that the operator signed, or somebody else: redeemed now, later, twice or by another.
    function redeemVoucher(uint256 seed) external {
        _seed(seed);
        if (_vouchers.length == 0 || !_chance(4)) _issue();
        uint256 which = _chance(2) ? _vouchers.length - 1 : _random(_vouchers.length);
        Voucher memory voucher = _vouchers[which];
        bytes memory signature = _voucherSignatures[which];
        address sender = _chance(10) ? _trader() : voucher.account;
        bool altered = _chance(10);
        if (altered) voucher.amount += 1;
        uint256 balance = balances[voucher.token][voucher.account];
        uint256 before = _heldBy(voucher.token);
        (bool success,) =
            _call("redeemVoucher", sender, abi.encodeCall(exchange.withdrawWithVoucher, (voucher, signature)));
        uint256 sent = before - _heldBy(voucher.token);
        if (!success) {
            _must(sent == 0, "I1: a refused voucher paid");
            return;
        }
        _must(sender == voucher.account && !altered, "I3: a voucher paid that its account did not redeem as signed");
        _must(signature.length == 65, "I7: a voucher paid that the operator did not sign");
        _must(!_redeemed[sender][voucher.salt], "I2: a voucher paid twice");
        _must(block.timestamp <= voucher.deadline, "I6: a voucher paid after its deadline");
        (uint48 number,,,) = exchange.batchState();
        _must(number >= voucher.minBatch, "I6: a voucher paid before its batch");
        _must(balance >= voucher.amount && sent <= voucher.amount, "I1: a voucher paid more than there was");
        _must(hostile.succeeded() == 0, "I11: a call back out of a voucher changed something");
        _redeemed[sender][voucher.salt] = true;
        _debit(voucher.token, sender, voucher.amount, "I3: a voucher took more than there was");
        _out(voucher.token, sent);
    }

    function _issue() private {
        (uint48 number,,,) = exchange.batchState();
        Voucher memory voucher = Voucher({
            account: _trader(),
            token: _token(),
            amount: 0,
            recipient: _chance(16) ? address(exchange) : address(uint160(1000 + _random(3))),
            salt: _random(1000),
            deadline: uint40(block.timestamp + _random(2 hours)),
            minBatch: number + uint48(_random(2))
        });
        voucher.amount = uint128(_random(balances[voucher.token][voucher.account] / 4 + 2));
        if (_chance(16)) voucher.amount = type(uint128).max - 1;
        bytes32 hash = BatchBuilder.voucherHash(
            voucher.account, voucher.token, voucher.amount, voucher.recipient, voucher.salt, voucher.deadline, voucher.minBatch
        );
        bool forged = _chance(8);
        _vouchers.push(voucher);
        _voucherSignatures.push(_promise(forged ? keys[voucher.account] : OPERATOR_KEY, hash, forged));
    }

    /// @dev A forged one is a byte longer or shorter, so that it is known again: by the account's own key.
    function _promise(uint256 key, bytes32 hash, bool forged) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, BatchBuilder.typed(_domain(), hash));
        return forged ? abi.encodePacked(r, s, v, v) : abi.encodePacked(r, s, v);
    }

    // Receipts

    /// @notice A cancel that the operator confirmed, once the chain has come that far.
    function cancelWithReceipt(uint256 seed) external {
        _seed(seed);
        (address trader, uint32 market, uint256 lane) = (_trader(), uint32(1 + _random(MARKETS)), _lane());
        uint256 at = _laneOrBase(market, lane);
        uint256 key = ((uint256(lanes[trader][at].counter) + _random(4)) << 8) | _random(2);
        (,, uint48 sequence,) = exchange.batchState();
        CancelReceipt memory receipt = CancelReceipt({
            trader: trader,
            market: market,
            nonce: uint64((key << 16) | lane),
            filled: uint48(_random(100)),
            sequence: sequence + uint48(_chance(4) ? 1 : 0)
        });
        bool signed = !_chance(6);
        bytes32 hash = BatchBuilder.receiptHash(trader, market, receipt.nonce, receipt.filled, receipt.sequence);
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(signed ? OPERATOR_KEY : keys[trader], BatchBuilder.typed(_domain(), hash));
        address sender = _chance(8) ? _trader() : trader;
        _redeemReceipt(receipt, sender, signed, abi.encodePacked(r, s, v));
    }

    function _redeemReceipt(CancelReceipt memory receipt, address sender, bool signed, bytes memory signature) private {
        Ban storage ban = cancels[receipt.trader][_laneOrBase(receipt.market, receipt.nonce & 0xffff)];
        _settleBan(ban);
        (,, uint48 sequence,) = exchange.batchState();
        bool due = signed && sender == receipt.trader && receipt.sequence <= sequence;
        bytes memory data = abi.encodeCall(exchange.cancelWithReceipt, (receipt, signature));
        (bool success,) = _call("cancelWithReceipt", sender, data);
        _must(!success || due, "I7: a cancel took effect that was not due, not confirmed, or not wanted");
        _judgeReceipt(ban, uint48(receipt.nonce >> 16), success, due);
    }

    function _judgeReceipt(Ban storage ban, uint48 key, bool success, bool due) private {
        if (!success) {
            _must(!due || key < ban.dead, "I6: a confirmed cancel was refused");
            return;
        }
        if (key + 1 > ban.dead) ban.dead = key + 1;
        if (ban.open && ban.key <= ban.dead) ban.open = false;
        if (key + 1 > ban.key) ban.key = key + 1;
    }
}
