// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Cheats} from "../base/Cheats.sol";
import {Handler} from "./Handler.sol";

/// @title Campaign
/// @notice Random histories of calls; after each the rules I1 to I12 hold, and at the end of each everyone can leave.
/// @dev Every history ends with a line of figures in the file that the environment names.
abstract contract Campaign is Cheats {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    error Broken(string rule);

    /// @dev All balances are compared after every call of this many: the model adds up, nothing is missed.
    uint256 private constant COMPARE_EVERY = 8;

    Handler internal handler;

    function setUp() external {
        handler = new Handler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector({addr: address(handler), selectors: _selectors()});
    }

    function invariant_rulesHold() external {
        if (handler.calls() % COMPARE_EVERY == 0) handler.check();
        _unbroken();
    }

    function afterInvariant() external {
        handler.check();
        _unbroken();
        string memory file = vm.envOr("CAMPAIGN_FIGURES", string(""));
        if (bytes(file).length != 0) vm.writeLine(string.concat(file, _name()), handler.figures());
        handler.leave();
        handler.check();
        _unbroken();
    }

    function _unbroken() private view {
        string memory rule = handler.broken();
        if (bytes(rule).length != 0) revert Broken(rule);
    }

    function _selectors() internal view virtual returns (bytes4[] memory);

    function _name() internal pure virtual returns (string memory);
}

/// @notice Mostly trading.
contract TradingCampaign is Campaign {
    function _name() internal pure override returns (string memory) {
        return "trading";
    }

    function _selectors() internal view override returns (bytes4[] memory selectors) {
        bytes4[22] memory chosen = [
            handler.settleHonestly.selector,
            handler.settleAnything.selector,
            handler.settleOldOrders.selector,
            handler.settleAsStranger.selector,
            handler.replay.selector,
            handler.heartbeat.selector,
            handler.deposit.selector,
            handler.requestWithdrawal.selector,
            handler.withdraw.selector,
            handler.exit.selector,
            handler.cancel.selector,
            handler.cancelUpTo.selector,
            handler.misbehave.selector,
            handler.pass.selector,
            handler.fork.selector,
            handler.changeCode.selector,
            handler.closeMarket.selector,
            handler.grantSession.selector,
            handler.revokeSession.selector,
            handler.revokeApproval.selector,
            handler.redeemVoucher.selector,
            handler.cancelWithReceipt.selector
        ];
        selectors = new bytes4[](chosen.length);
        for (uint256 i = 0; i < chosen.length; ++i) {
            selectors[i] = chosen[i];
        }
    }
}

/// @notice Everything else between trades: custody, roles and the end of settling.
contract CustodyCampaign is Campaign {
    function _name() internal pure override returns (string memory) {
        return "custody";
    }

    function _selectors() internal view override returns (bytes4[] memory selectors) {
        bytes4[27] memory chosen = [
            handler.deposit.selector,
            handler.requestWithdrawal.selector,
            handler.cancelWithdrawalRequest.selector,
            handler.withdraw.selector,
            handler.exit.selector,
            handler.freeze.selector,
            handler.cancel.selector,
            handler.cancelUpTo.selector,
            handler.misbehave.selector,
            handler.pass.selector,
            handler.fork.selector,
            handler.pause.selector,
            handler.setDepositsOpen.selector,
            handler.closeMarket.selector,
            handler.relist.selector,
            handler.withdrawFees.selector,
            handler.changeOperator.selector,
            handler.usurp.selector,
            handler.depositWithPermit.selector,
            handler.depositWithPermit2.selector,
            handler.redeemVoucher.selector,
            handler.approveOrder.selector,
            handler.revokeApproval.selector,
            handler.publishSolvency.selector,
            handler.nameRoles.selector,
            handler.settleHonestly.selector,
            handler.settleAnything.selector
        ];
        selectors = new bytes4[](chosen.length);
        for (uint256 i = 0; i < chosen.length; ++i) {
            selectors[i] = chosen[i];
        }
    }
}
