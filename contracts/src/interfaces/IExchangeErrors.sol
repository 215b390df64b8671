// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IExchangeErrors
/// @notice Why the exchange refuses, whichever of its two contracts does.
interface IExchangeErrors {
    /// @notice Nobody can not be named, nor be paid; nor can the exchange itself be paid.
    error ZeroAddress();
    /// @notice Nothing was asked for, or nothing came.
    error ZeroAmount();
    /// @notice The token is not listed, or is no contract.
    error UnknownToken(address token);
    /// @notice The token is not listed, or its deposits are closed.
    error DepositsClosed(address token);
    /// @notice All balances of a token together stay below 2**112.
    error LedgerFull(address token);
    /// @notice There is no request of this account.
    error NothingRequested();
    /// @notice The balance is zero.
    error NothingToWithdraw();
    /// @notice Settling has not covered the request; at `latestAt` it takes effect in any case.
    error NotCovered(uint256 latestAt);
    /// @notice The token took more from the vault than it was told to move.
    error UnexpectedTransfer();
    /// @notice Settling has ended for ever.
    error AlreadyFrozen();
    /// @notice There was a batch not long ago: not before `freezableAt`.
    error NotFreezable(uint256 freezableAt);
    /// @notice The delays are not in their order, or beyond the compiled-in maxima.
    error BadDelays();
    /// @notice The sender, or the signer, is not the operator.
    error NotOperator();
    /// @notice The exchange is frozen.
    error SettlingEnded();
    /// @notice Batches are numbered without gaps.
    error WrongNumber(uint256 expected);
    /// @notice The batch was built on another outcome of the one before.
    error WrongPreviousRoot(bytes32 expected);
    /// @notice The time through which fills were matched goes back, or is ahead of the block.
    error WrongMatchedThrough(uint256 last, uint256 latest);
    /// @notice The last sequence goes back.
    error WrongUpTo(uint256 last);
    /// @notice A market's sequences rise, after the last batch and through this one's.
    error WrongSequence(uint256 market, uint256 sequence);
    /// @notice The batch does not end where its contents end, or has another number of fills than it says.
    error WrongLength();
    /// @notice There is no such account, order or signer in the section.
    error WrongIndex();
    /// @notice The accounts of a section are in strictly ascending order.
    error AccountsNotAscending();
    /// @notice The sessions of a section are in strictly ascending order.
    error SessionsNotAscending();
    /// @notice Two orders of a section write one lane.
    error LaneUsedTwice(address account, uint256 nonce);
    /// @notice No such market is listed.
    error UnknownMarket(uint256 market);
    /// @notice A bit or number that means nothing in this version.
    error Unsupported();
    /// @notice It is so already, or was asked for already.
    error NothingNew();
    /// @notice A floor rises by a bounded step: to `highest` at most.
    error FloorStepTooLarge(uint256 highest);
    /// @notice The token or the market is listed already.
    error AlreadyListed();
    /// @notice Base and quote are one token, or lot or tick are zero.
    error BadMarket();
    /// @notice There is no extension at the address, or it has other delays.
    error WrongExtension();
    /// @notice The token answers like one whose balances change by themselves.
    error RebasingToken(address token);
    /// @notice The token is registered as ERC-777.
    error TokenCallsHolders(address token);
    /// @notice The sender is not the lister.
    error NotLister();
    /// @notice The sender is not the pauser.
    error NotPauser();
    /// @notice The sender is not the fee collector.
    error NotFeeCollector();
    /// @notice The promise was given to another account than the sender.
    error NotTheAccount();
    /// @notice The signature is not the trader's.
    error BadSignature();
    /// @notice A session key is neither nobody nor the account itself.
    error BadSessionKey();
    /// @notice A grant expires later than now, at most 180 days ahead, and not before an earlier grant of the key.
    error BadSessionExpiry();
    /// @notice The budgets together do not fit their fields.
    error BudgetTooLarge();
    /// @notice The key can be granted anew once its revocation took effect, at `latestAt` at the latest.
    error RevocationPending(uint256 latestAt);
    /// @notice A revoked hash can never be approved.
    error ApprovalIsRevoked();
    /// @notice There is no Permit2 on this chain.
    error NoPermit2();
    /// @notice Settling has only come so far.
    error TooEarly(uint256 reached);
    /// @notice The deadline has passed.
    error VoucherExpired();
    /// @notice The voucher was paid.
    error VoucherAlreadyUsed();
    /// @notice A voucher pays exactly its amount, and the balance is less.
    error BalanceTooLow(uint256 balance);
}
