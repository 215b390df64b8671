// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Order} from "../libraries/OrderHash.sol";

/// @title ISigners
/// @notice Who may sign orders for an account besides its own key: session keys within budgets, and orders that were
/// approved on chain. Neither can ever withdraw. Giving acts at once, taking back under the covered rule ({IVault}).
interface ISigners {
    /// @notice Lets `key` sign the sender's orders of one market. Budgets ADD to what is left of an earlier grant of the
    /// same key, and a new expiry is never earlier than its own: to cut a grant, revoke it. After a revocation that took
    /// effect the grant starts from nothing - and orders that the key signed before are good again, so prefer a new key.
    /// @param key neither zero nor the sender
    /// @param market the key signs for no other
    /// @param buyBudget quote atoms that its buys may cost, fees included
    /// @param sellBudget lots that it may sell
    /// @param expiry unix seconds, later than now, at most 180 days ahead
    function grantSession(address key, uint32 market, uint96 buyBudget, uint72 sellBudget, uint40 expiry) external;

    /// @notice Takes a grant back, under the covered rule: what was matched before still settles.
    function revokeSession(address key, uint32 market) external;

    /// @notice What is left of a grant: zeros if there was none. `usable` says whether settling takes the key's orders
    /// now: until WINDOW_MAX after the expiry, or until a revocation takes effect.
    function sessionOf(address account, address key, uint32 market)
        external
        view
        returns (uint96 buyBudget, uint72 sellBudget, uint40 expiry, uint40 revokedAt, bool usable);

    /// @notice Approves an order of the sender by its hash ({IExchangeViews-hashOrder}): it needs no signature any more.
    /// For contract wallets; nothing is called when the order settles.
    function approveOrder(bytes32 orderHash) external;

    /// @notice Approves an order for its trader, by the trader's signature: ERC-1271 if it has code, else ECDSA. Anyone
    /// may submit it. The only place that asks a wallet.
    function approveOrderBySignature(Order calldata order, bytes calldata signature) external;

    /// @notice Takes an approval back for ever, under the covered rule. A hash that was never approved can be revoked
    /// too: nobody can approve it then.
    function revokeApproval(bytes32 orderHash) external;

    /// @notice When an order of the account was approved and when revoked, zeros if never, and whether settling takes
    /// the approval now.
    function approvalOf(address account, bytes32 orderHash)
        external
        view
        returns (uint40 approvedAt, uint40 revokedAt, bool usable);
}
