// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IExchangeErrors
/// @notice Why the exchange refuses, whichever of its two contracts does.
interface IExchangeErrors {
    error ZeroAddress();
    error ZeroAmount();
    error UnknownToken(address token);
    error DepositsClosed(address token);
    error LedgerFull(address token);
    error NothingRequested();
    error NothingToWithdraw();
    error NotCovered(uint256 latestAt);
    error UnexpectedTransfer();
    error AlreadyFrozen();
    error NotFreezable(uint256 freezableAt);
    error BadDelays();
    error NotOperator();
    error SettlingEnded();
    error WrongNumber(uint256 expected);
    error WrongPreviousRoot(bytes32 expected);
    error WrongMatchedThrough(uint256 last, uint256 latest);
    error WrongUpTo(uint256 last);
    error WrongSequence(uint256 market, uint256 sequence);
    error WrongLength();
    error WrongIndex();
    error AccountsNotAscending();
    error SessionsNotAscending();
    error LaneUsedTwice(address account, uint256 nonce);
    error UnknownMarket(uint256 market);
    error Unsupported();
    error NothingNew();
    error FloorStepTooLarge(uint256 highest);
    error AlreadyListed();
    error BadMarket();
    error WrongExtension();
    error RebasingToken(address token);
    error TokenCallsHolders(address token);
    error NotLister();
    error NotPauser();
    error NotFeeCollector();
    error NotTheAccount();
    error BadSignature();
    error BadSessionKey();
    error BadSessionExpiry();
    error BudgetTooLarge();
    error RevocationPending(uint256 latestAt);
    error ApprovalIsRevoked();
    error NoPermit2();
    error TooEarly(uint256 reached);
    error VoucherExpired();
    error VoucherAlreadyUsed();
    error BalanceTooLow(uint256 balance);
}
