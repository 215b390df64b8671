// Written by `make web-types` from the app's own OpenAPI and AsyncAPI documents; do not edit.

export interface paths {
    "/account/balances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListBalances
         * @description List the account's balances by asset.
         */
        get: operations["AccountBalancesListBalances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/account/deposits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListDeposits
         * @description List the account's deposits, newest first.
         */
        get: operations["AccountDepositsListDeposits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/account/fees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetFees
         * @description Get the account's rates in each market, what its tier counts, and its limits.
         */
        get: operations["AccountFeesGetFees"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/account/fills": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListFills
         * @description List the account's fills, newest first, each with how far its settlement has come.
         */
        get: operations["AccountFillsListFills"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/account/ledger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListEntries
         * @description List every movement of the account's funds, newest first, with the balance after each.
         */
        get: operations["AccountLedgerListEntries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/account/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListSessionKeys
         * @description List the account's session keys, with what each may still do.
         */
        get: operations["AccountSessionsListSessionKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/account/solvency": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetSolvency
         * @description Get what the account can claim on chain as of one command, and where to check it.
         */
        get: operations["AccountSolvencyGetSolvency"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/account/solvency-proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetSolvencyProof
         * @description Get the proof that the account's balance on chain is part of the newest published root.
         *
         *     The answer is a file of `hybrid-dex solvency verify --proof`.
         */
        get: operations["AccountSolvencyProofGetSolvencyProof"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/account/vouchers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListVouchers
         * @description List the account's open vouchers, each signed again.
         */
        get: operations["AccountVouchersListVouchers"];
        put?: never;
        /**
         * IssueVoucher
         * @description Withdraw settled funds at once: they are set aside, and the vault pays against the answer.
         */
        post: operations["AccountVouchersIssueVoucher"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/account/vouchers/{salt}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetVoucher
         * @description Get how far a withdrawal by voucher has come: open, redeemed or expired.
         */
        get: operations["AccountVouchersSaltGetVoucher"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/account/withdrawals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListWithdrawals
         * @description List what left or waits to leave: requests on chain, vouchers and their ends, withdrawals.
         */
        get: operations["AccountWithdrawalsListWithdrawals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListActions
         * @description List actions and proposals, newest first, with what came of each.
         */
        get: operations["AdminActionsListActions"];
        put?: never;
        /**
         * DoAction
         * @description Do an action at once, under an id of the asker's; a repeat answers what came of the first.
         */
        post: operations["AdminActionsDoAction"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/actions/{action_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetAction
         * @description Get an action or proposal, with what came of it.
         */
        get: operations["AdminActionsActionIdGetAction"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/actions/{action_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * CancelAction
         * @description Take a proposal back, one's own or another's, as long as it waits.
         */
        post: operations["AdminActionsActionIdCancelCancelAction"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/actions/{action_id}/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * ConfirmAction
         * @description Confirm what another admin proposed, as it was read; it is done at once.
         */
        post: operations["AdminActionsActionIdConfirmConfirmAction"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/alarms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListAlarms
         * @description List all that needs a person now.
         */
        get: operations["AdminAlarmsListAlarms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListAudit
         * @description List what was changed by whom, newest first.
         */
        get: operations["AdminAuditListAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/fees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListFeeTables
         * @description List what every market charges, what it may charge at most, and what is planned.
         */
        get: operations["AdminFeesListFeeTables"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/halts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetHalts
         * @description Get everything that stands still, and why.
         */
        get: operations["AdminHaltsGetHalts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/markets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListAdminMarkets
         * @description List all markets with their states, what may follow, and what is planned.
         */
        get: operations["AdminMarketsListAdminMarkets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/markets/{market_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetAdminMarket
         * @description Get one market with its state, what may follow, and what is planned.
         */
        get: operations["AdminMarketsMarketIdGetAdminMarket"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/proposals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * ProposeAction
         * @description Propose an action that takes two admins; another one confirms it before it expires.
         */
        post: operations["AdminProposalsProposeAction"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/risk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetRisk
         * @description Get all risk tiers, and who is stopped.
         */
        get: operations["AdminRiskGetRisk"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListRoles
         * @description List every account with a role above trader.
         */
        get: operations["AdminRolesListRoles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/roles/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * SetRole
         * @description Give an account a role in place of the one it has; trader takes it away. Counts at once.
         */
        put: operations["AdminRolesAccountSetRole"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/settlement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetSettlement
         * @description Get how settlement is: queue, chain, nodes, and what it waits for.
         */
        get: operations["AdminSettlementGetSettlement"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/settlement/batches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListBatches
         * @description List batches, the newest first, with their transactions, gas and confirmations.
         */
        get: operations["AdminSettlementBatchesListBatches"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/statistics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetStatistics
         * @description Get the exchange at a glance: rates, latencies, queues, lags.
         */
        get: operations["AdminStatisticsGetStatistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListUsers
         * @description List the accounts that ever had funds, by address.
         */
        get: operations["AdminUsersListUsers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetUser
         * @description Get an account with its funds, orders, tier, limits, fees and role.
         */
        get: operations["AdminUsersAccountGetUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * BeginAction
         * @description Get the message with which the account's wallet confirms one request.
         */
        post: operations["AuthActionsBeginAction"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/actions/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * ConfirmAction
         * @description Exchange the signed message for the token that goes with the request, once.
         */
        post: operations["AuthActionsConfirmConfirmAction"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListKeys
         * @description List the account's keys, oldest first, those that have expired too.
         */
        get: operations["AuthApiKeysListKeys"];
        put?: never;
        /**
         * MakeKey
         * @description Make a key; the secret of an HMAC key is shown this once.
         */
        post: operations["AuthApiKeysMakeKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/api-keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * DeleteKey
         * @description Delete a key of the account; it is void at once.
         */
        delete: operations["AuthApiKeysKeyIdDeleteKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Login
         * @description Open a session with a signed EIP-4361 message.
         */
        post: operations["AuthLoginLogin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Logout
         * @description End the session; its tokens are void at once.
         */
        post: operations["AuthLogoutLogout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/nonce": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * IssueNonce
         * @description Get a nonce for one login message.
         */
        post: operations["AuthNonceIssueNonce"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refresh
         * @description Exchange a refresh token for a new session, once.
         */
        post: operations["AuthRefreshRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * RevokeToken
         * @description Void an access token alone; whoever has it may. Its session stays open.
         */
        post: operations["AuthRevokeRevokeToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListSessions
         * @description List the account's open logins, oldest first.
         */
        get: operations["AuthSessionsListSessions"];
        put?: never;
        post?: never;
        /**
         * RevokeOtherSessions
         * @description End every login of the account but this one; their tokens are void at once.
         */
        delete: operations["AuthSessionsRevokeOtherSessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * RevokeSession
         * @description End one login of the account; its tokens are void at once.
         */
        delete: operations["AuthSessionsSessionIdRevokeSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetLiveness
         * @description Tell that the process answers.
         */
        get: operations["HealthLiveGetLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetReadiness
         * @description Tell whether an order would be taken: 200 when it would, otherwise 503.
         */
        get: operations["HealthReadyGetReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetInfo
         * @description Get what a client must know before it logs in or signs.
         */
        get: operations["InfoGetInfo"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/markets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListMarkets
         * @description List all markets.
         */
        get: operations["MarketsListMarkets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/markets/{market_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetMarket
         * @description Get one market and its steps.
         */
        get: operations["MarketsMarketIdGetMarket"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/markets/{market_id}/book": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetBook
         * @description Get level 2 of a market as of a sequence.
         */
        get: operations["MarketsMarketIdBookGetBook"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/markets/{market_id}/candles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListCandles
         * @description List a market's candles, newest first, that begin within the given time.
         */
        get: operations["MarketsMarketIdCandlesListCandles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/markets/{market_id}/ticker": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetTicker
         * @description Get a market's last 24 hours, to the minute, and its top of book.
         */
        get: operations["MarketsMarketIdTickerGetTicker"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/markets/{market_id}/trades": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListTrades
         * @description List a market's trades, newest first.
         */
        get: operations["MarketsMarketIdTradesListTrades"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListOrders
         * @description List the account's orders, live and ended, newest first; a moment behind the book.
         */
        get: operations["OrdersListOrders"];
        put?: never;
        /**
         * PlaceOrder
         * @description Place an order; answered once it is durable.
         */
        post: operations["OrdersPlaceOrder"];
        /**
         * CancelAllOrders
         * @description Cancel all of the account's orders, or those of a market, a side, or both.
         */
        delete: operations["OrdersCancelAllOrders"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetOrder
         * @description Get one of the account's orders, live or ended.
         */
        get: operations["OrdersOrderIdGetOrder"];
        put?: never;
        post?: never;
        /**
         * CancelOrder
         * @description Cancel an order; answered once it is durable.
         */
        delete: operations["OrdersOrderIdCancelOrder"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * CancelReceipt
         * @description Get the operator's signature that a canceled, expired or replaced order is dead.
         */
        post: operations["OrdersOrderIdReceiptCancelReceipt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/reduce": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * ReduceOrder
         * @description Lower an order's open quantity in place; it keeps its priority.
         */
        post: operations["OrdersOrderIdReduceReduceOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/replace": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * ReplaceOrder
         * @description Swap an order for new terms, atomically; it keeps its id.
         */
        post: operations["OrdersOrderIdReplaceReplaceOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * PlaceBatch
         * @description Do up to 100 places, cancels, reductions and replacements as one command; each is answered.
         */
        post: operations["OrdersBatchPlaceBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/by-client-id/{client_order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetOrderByClientId
         * @description Get the order to which the account gave this id, percent-encoded, slashes too.
         */
        get: operations["OrdersByClientIdClientOrderIdGetOrderByClientId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/by-hash/{order_hash}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetOrderByHash
         * @description Get the order whose signed terms have this EIP-712 hash; of a replaced one, the last terms'.
         */
        get: operations["OrdersByHashOrderHashGetOrderByHash"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/ladder": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * PlaceLadder
         * @description Place up to eight orders of a market under one signature, as one command; each is answered.
         */
        post: operations["OrdersLadderPlaceLadder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/linked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * PlaceLinked
         * @description Place an OCO or a bracket, all of it or nothing.
         */
        post: operations["OrdersLinkedPlaceLinked"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListOpenOrders
         * @description List the account's open orders.
         */
        get: operations["OrdersOpenListOpenOrders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * PreviewOrder
         * @description Tell what an order would hold, cost and bring, and what there is to sign; nothing is done.
         */
        post: operations["OrdersPreviewPreviewOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/protection": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetProtection
         * @description Get the armed dead man's switches, and whether orders go with the last connection.
         */
        get: operations["OrdersProtectionGetProtection"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/protection/disconnect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * SetCancelOnDisconnect
         * @description Wish that orders go when the account's last socket ends, or no longer.
         */
        put: operations["OrdersProtectionDisconnectSetCancelOnDisconnect"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/protection/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * PushBack
         * @description Push back every dead man's switch, each by its own timeout.
         */
        post: operations["OrdersProtectionHeartbeatPushBack"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/protection/timer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * ArmTimer
         * @description Arm a dead man's switch, of a market or of all of them, or push it back; 0 disarms.
         */
        put: operations["OrdersProtectionTimerArmTimer"];
        post?: never;
        /**
         * DisarmTimer
         * @description Disarm the dead man's switch of a market, or without one that of all markets.
         */
        delete: operations["OrdersProtectionTimerDisarmTimer"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/receipts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetReceipts
         * @description Get receipts for one's own orders: of a command, of an order's acceptance, or of a fill.
         */
        get: operations["ReceiptsGetReceipts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetStatus
         * @description Get whether orders are taken, what each market serves, and how far lists of the past are.
         */
        get: operations["StatusGetStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tickers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * ListTickers
         * @description List all markets' tickers in the shape that CoinGecko reads.
         */
        get: operations["TickersListTickers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/time": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * GetTime
         * @description Get the server's clock.
         */
        get: operations["TimeGetTime"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AccountFeesAnswer
         * @description The account's rates in every market, and its limits.
         */
        AccountFeesAnswer: {
            limits: components["schemas"]["AccountLimitsMessage"];
            markets: components["schemas"]["MarketRatesMessage"][];
        };
        /**
         * AccountLimitsMessage
         * @description What the account may do; null is no limit. Notionals and volumes are whole units of quote.
         *
         *         Attributes:
         *             tier: the risk tier's name.
         *             killed: nothing of the account enters now.
         *             order_notional: the largest order.
         *             open_orders: how many orders may rest at once.
         *             daily_volume: what may trade in a UTC day.
         *             orders_per_second: how many orders and replacements may enter in a second.
         *             position: how much of a base asset it may have once its buys are filled, whole units.
         *             price_band_ppm: how far beyond the last trade a price may be, on its bad side.
         */
        AccountLimitsMessage: {
            /** @default null */
            daily_volume?: number | null;
            killed: boolean;
            /** @default null */
            open_orders?: number | null;
            /** @default null */
            order_notional?: number | null;
            /** @default null */
            orders_per_second?: number | null;
            /** @default null */
            position?: number | null;
            /** @default null */
            price_band_ppm?: number | null;
            tier: string;
        };
        /**
         * Ack
         * @description A request was done. ``result`` is the JSON of its answer; see each op.
         */
        Ack: {
            id: number | string;
            result: unknown;
            /** @enum {unknown} */
            type: "ack";
        };
        /**
         * ActionAnswer
         * @description What the wallet signs (EIP-4361), and until when it counts.
         */
        ActionAnswer: {
            /** @description milliseconds since the Unix epoch */
            expires_at_ms: number;
            message: string;
        };
        /**
         * ActionMessage
         * @description An action and what came of it.
         *
         *         Attributes:
         *             kind: what was asked for.
         *             subject: of which market or account.
         *             state: how far it has come; ``unknown`` when the exchange ended while it was being done.
         *             action: all of it, as it was sent.
         *             digest: over all of it; what another admin confirms.
         *             proposer: who asked for it.
         *             expires_at_ms: until when it can be confirmed; null when it takes one person.
         *             decided_by: who did, confirmed or canceled it; empty until then.
         *             before: how it was before it was done.
         *             after: how it was after it was done.
         *             problem: why it was refused; null when it was not.
         */
        ActionMessage: {
            action: Record<string, never>;
            after: string;
            before: string;
            /** @description milliseconds since the Unix epoch */
            created_at_ms: number;
            decided_at_ms: number | null;
            decided_by: string;
            digest: string;
            expires_at_ms: number | null;
            /** @description the asker's own id of an action: a repeat finds the first one */
            id: string;
            kind: string;
            problem: components["schemas"]["Problem"] | null;
            /** @description an account: an EIP-55 address on chains */
            proposer: string;
            reason: string;
            /** @enum {unknown} */
            state: "canceled" | "done" | "expired" | "proposed" | "refused" | "running" | "unknown";
            subject: string;
        };
        /**
         * ActionRequest
         * @description The one request that the wallet shall confirm.
         *
         *         Attributes:
         *             method: its method.
         *             target: its path and query, as they will be sent.
         *             body_sha256: SHA-256 of its body, as it will be sent; of nothing when there is none.
         */
        ActionRequest: {
            /** @description 64 hexadecimal digits */
            body_sha256: string;
            /** @enum {unknown} */
            method: "DELETE" | "PATCH" | "POST" | "PUT";
            /** @description path and query as sent */
            target: string;
        };
        /**
         * ActionsAnswer
         * @description Actions, newest first; ``next`` is the cursor of the next page, null on the last.
         */
        ActionsAnswer: {
            actions: components["schemas"]["ActionMessage"][];
            /** @default null */
            next?: string | null;
        };
        /**
         * ActionTokenAnswer
         * @description What goes with the confirmed request in the header ``HD-Action``, once.
         */
        ActionTokenAnswer: {
            action_token: string;
            /** @description milliseconds since the Unix epoch */
            expires_at_ms: number;
        };
        /**
         * AdminActionRequest
         * @description An action that is done at once.
         *
         *         Attributes:
         *             id: the asker's own; a repeat returns what came of the first one.
         *             reason: why.
         *             action: what.
         */
        AdminActionRequest: {
            action: components["schemas"]["SetMarketStateAction"] | components["schemas"]["ScheduleHaltAction"] | components["schemas"]["CancelPlanAction"] | components["schemas"]["CancelOrdersAction"] | components["schemas"]["StopAccountAction"] | components["schemas"]["StopAllAction"] | components["schemas"]["SetRiskTierAction"] | components["schemas"]["AssignRiskTierAction"] | components["schemas"]["SetAccountGroupAction"] | components["schemas"]["SetFeesAction"] | components["schemas"]["PauseSettlementAction"] | components["schemas"]["RetrySettlementAction"];
            /** @description the asker's own id of an action: a repeat finds the first one */
            id: string;
            /** @description why, for the audit log */
            reason: string;
        };
        /**
         * AdminMarketMessage
         * @description A market with what is planned for it and where it may go.
         *
         *         Attributes:
         *             market: its terms, state and fees.
         *             moves: the states that may follow.
         *             isolated: it broke an invariant and was not opened again since.
         *             plans: what is planned, by time.
         *             open_orders: that rest or wait in it.
         *             waiting_orders: of those, that wait for a price.
         */
        AdminMarketMessage: {
            isolated: boolean;
            market: components["schemas"]["MarketMessage"];
            moves: ("auction_open" | "cancel_only" | "closed" | "halted" | "open" | "post_only")[];
            open_orders: number;
            plans: components["schemas"]["PlanMessage"][];
            waiting_orders: number;
        };
        /**
         * AdminMarketsAnswer
         * @description All markets, in the order of their listing.
         */
        AdminMarketsAnswer: {
            markets: components["schemas"]["AdminMarketMessage"][];
        };
        /**
         * AdminProposalRequest
         * @description An action that another admin has to confirm.
         *
         *         Attributes:
         *             id: the asker's own; a repeat returns the first one as it stands.
         *             reason: why.
         *             action: what.
         */
        AdminProposalRequest: {
            action: components["schemas"]["OpenMarketAction"] | components["schemas"]["ScheduleOpeningAction"] | components["schemas"]["ListMarketAction"] | components["schemas"]["DelistMarketAction"] | components["schemas"]["ReleaseAccountAction"] | components["schemas"]["ReleaseAllAction"] | components["schemas"]["ResumeSettlementAction"];
            /** @description the asker's own id of an action: a repeat finds the first one */
            id: string;
            /** @description why, for the audit log */
            reason: string;
        };
        /**
         * AlarmMessage
         * @description Something that needs a person.
         *
         *         Attributes:
         *             source: what speaks.
         *             severity: ``critical`` when trading or settling stands, otherwise ``warning``.
         *             detail: what is wrong, in words.
         */
        AlarmMessage: {
            detail: string;
            /** @enum {unknown} */
            severity: "critical" | "warning";
            /** @enum {unknown} */
            source: "chain" | "exchange" | "journal" | "market" | "records" | "settlement";
        };
        /**
         * AlarmsAnswer
         * @description All that needs a person now, the critical first; empty when all is well.
         */
        AlarmsAnswer: {
            alarms: components["schemas"]["AlarmMessage"][];
        };
        /**
         * ApiKeyAnswer
         * @description A new key. ``secret``, of an HMAC key, is shown this once: 0x and hexadecimal digits.
         */
        ApiKeyAnswer: {
            key: components["schemas"]["ApiKeyMessage"];
            secret: string | null;
        };
        /**
         * ApiKeyMessage
         * @description A key of the account; ``used_at_ms`` is about when it was last used, null for never.
         */
        ApiKeyMessage: {
            /** @description milliseconds since the Unix epoch */
            created_at_ms: number;
            /** @description milliseconds since the Unix epoch */
            expires_at_ms: number;
            /** @description an id of the exchange's making */
            id: string;
            /** @enum {unknown} */
            kind: "ed25519" | "hmac";
            markets: string[] | null;
            name: string;
            networks: string[];
            scopes: ("read" | "trade")[];
            used_at_ms: number | null;
        };
        /**
         * ApiKeyRequest
         * @description What a key shall be.
         *
         *         Attributes:
         *             name: what its owner calls it.
         *             kind: ``ed25519`` with a ``public_key``, or ``hmac``.
         *             scopes: what it may do.
         *             expires_at_ms: when it ends, at most a year from now.
         *             markets: where; null for all markets.
         *             networks: where its requests may come from; empty for anywhere.
         *             public_key: 32 bytes of an Ed25519 key.
         */
        ApiKeyRequest: {
            /** @description milliseconds since the Unix epoch */
            expires_at_ms: number;
            /** @enum {unknown} */
            kind: "ed25519" | "hmac";
            /** @default null */
            markets?: string[] | null;
            name: string;
            /** @default [] */
            networks?: string[];
            /** @default null */
            public_key?: string | null;
            scopes: ("read" | "trade")[];
        };
        /**
         * ApiKeysAnswer
         * @description All keys of the account, oldest first.
         */
        ApiKeysAnswer: {
            keys: components["schemas"]["ApiKeyMessage"][];
        };
        /**
         * AssetMessage
         * @description A token.
         *
         *         Attributes:
         *             token: the token contract's address, or null where there is no chain.
         */
        AssetMessage: {
            decimals: number;
            /** @description the symbol of a market or an asset */
            id: string;
            /** @default null */
            token?: string | null;
        };
        /**
         * AssetSolvencyMessage
         * @description What the exchange says of one asset.
         *
         *         Attributes:
         *             token: the token contract's address, or null where there is no chain.
         *             on_chain: what the vault must show for the account.
         *             total: what the account owns by the ledger.
         *             liabilities: what the vault must hold for all accounts and the fees.
         */
        AssetSolvencyMessage: {
            /** @description the symbol of a market or an asset */
            asset: string;
            /** @description plain decimal text, such as 2500.5 */
            liabilities: string;
            /** @description plain decimal text, such as 2500.5 */
            on_chain: string;
            /** @default null */
            token?: string | null;
            /** @description plain decimal text, such as 2500.5 */
            total: string;
        };
        /**
         * AssignRiskTierAction
         * @description Put an account into a risk tier; null is the default again.
         */
        AssignRiskTierAction: {
            /** @description an account: an EIP-55 address on chains */
            account: string;
            /** @enum {unknown} */
            kind: "assign_risk_tier";
            tier: string | null;
        };
        /**
         * AuditAnswer
         * @description The audit log, newest first; ``before`` with the last ``id`` gives the next page.
         */
        AuditAnswer: {
            entries: components["schemas"]["AuditMessage"][];
        };
        /**
         * AuditMessage
         * @description Who changed what, when; ``id`` rises.
         *
         *         Attributes:
         *             detail: the rest, in words.
         *             request: the id of the action that it is about; empty for none, as are the next four.
         *             reason: why, in the words of who asked for it.
         *             before: how it was.
         *             after: how it is.
         *             outcome: ``done``, ``refused``, ``proposed``, ``canceled``, ``expired`` or ``unknown``.
         */
        AuditMessage: {
            action: string;
            actor: string;
            /** @default  */
            after?: string;
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            /** @default  */
            before?: string;
            detail: string;
            id: number;
            /** @default  */
            outcome?: string;
            /** @default  */
            reason?: string;
            /** @default  */
            request?: string;
            subject: string;
        };
        /**
         * BalanceMessage
         * @description One account's balance of one asset; decimal text.
         *
         *         Attributes:
         *             available: can be traded now; negative only while the account is frozen.
         *             held: reserved by open orders.
         *             withdrawing: waits for a withdrawal requested on chain.
         *             in_flight_in: part of `available` or `held` that came from fills not final yet.
         *             in_flight_out: debited by fills that are not final yet; still in the vault on chain.
         *             total: available, held, withdrawing and in vouchers.
         *             vouchers: set aside for open vouchers; still in the vault on chain.
         */
        BalanceMessage: {
            /** @description the symbol of a market or an asset */
            asset: string;
            /** @description plain decimal text, such as 2500.5 */
            available: string;
            /** @description plain decimal text, such as 2500.5 */
            held: string;
            /** @description plain decimal text, such as 2500.5 */
            in_flight_in: string;
            /** @description plain decimal text, such as 2500.5 */
            in_flight_out: string;
            /** @description plain decimal text, such as 2500.5 */
            total: string;
            /**
             * @description plain decimal text, such as 2500.5
             * @default 0
             */
            vouchers?: string;
            /** @description plain decimal text, such as 2500.5 */
            withdrawing: string;
        };
        /**
         * BalancesAnswer
         * @description All balances of an account, by asset.
         */
        BalancesAnswer: {
            balances: components["schemas"]["BalanceMessage"][];
        };
        /**
         * BalancesMessage
         * @description Balances as they stand after ``sequence``: first all of the account's, then those that changed.
         */
        BalancesMessage: {
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            balances: components["schemas"]["BalanceMessage"][];
            sequence: number;
            /** @enum {unknown} */
            type: "balances";
        };
        /**
         * BatchAnswer
         * @description The answer to a batch: one result a member, in order.
         */
        BatchAnswer: {
            members: components["schemas"]["MemberResult"][];
        };
        /**
         * BatchesMessage
         * @description Batches that changed on their way to the chain, on the socket's channel ``admin``.
         *
         *         The first is of all that are not final. What a transaction cost is told by the route alone.
         */
        BatchesMessage: {
            batches: components["schemas"]["SettlementBatchMessage"][];
            /** @enum {unknown} */
            type: "settlement_batches";
        };
        /**
         * BatchOp
         * @description Do several requests as one command; the ack's result is a `BatchAnswer`.
         */
        BatchOp: {
            batch: components["schemas"]["BatchOrdersRequest"];
            id: number | string;
            /** @enum {unknown} */
            op: "batch";
        };
        /**
         * BatchOrdersRequest
         * @description Do up to 100 requests as one command, in order.
         *
         *         Attributes:
         *             members: the requests.
         *             all_or_none: do all of them, or, when one is refused, nothing.
         *             sent_at_ms: when the batch was sent, by the exchange's clock.
         *             receive_window_ms: for how long after that it may be done; 5,000 when left out.
         */
        BatchOrdersRequest: {
            /** @default false */
            all_or_none?: boolean;
            members: (components["schemas"]["PlaceMember"] | components["schemas"]["CancelMember"] | components["schemas"]["ReduceMember"] | components["schemas"]["ReplaceMember"])[];
            /** @default null */
            receive_window_ms?: number | null;
            /** @default null */
            sent_at_ms?: number | null;
        };
        /**
         * BookMessage
         * @description Level 2 of a market: the same message over REST (a snapshot) and the socket.
         *
         *         ``sequence`` and ``previous`` are command sequences. A follower drops deltas with
         *         ``sequence`` at or below its own, applies one whose ``previous`` is at or below its own, and
         *         takes a new snapshot otherwise.
         *
         *         Attributes:
         *             previous: of a delta, the ``sequence`` that it follows; null in a snapshot.
         *             bids: [price, quantity], best first; in a delta quantity "0" removes the level.
         *             asks: as bids.
         *             may_cross: the market is in an auction, or was stopped in one: bids may reach the asks.
         *             checksum: of the book after this message, see `book_checksum`; null over REST, and in deltas
         *                 that are told again.
         */
        BookMessage: {
            asks: [
                string,
                string
            ][];
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            bids: [
                string,
                string
            ][];
            /** @default null */
            checksum?: number | null;
            /** @enum {unknown} */
            kind: "delta" | "snapshot";
            /** @description the symbol of a market or an asset */
            market: string;
            /** @default false */
            may_cross?: boolean;
            /** @default null */
            previous?: number | null;
            sequence: number;
            /** @enum {unknown} */
            type: "book";
        };
        /**
         * BookTopMessage
         * @description The best level of each side, [price, quantity]; null where a side is empty.
         *
         *         A slow reader gets the newest only.
         */
        BookTopMessage: {
            ask: [
                string,
                string
            ] | null;
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            bid: [
                string,
                string
            ] | null;
            /** @description the symbol of a market or an asset */
            market: string;
            sequence: number;
            /** @enum {unknown} */
            type: "book_top";
        };
        /**
         * CancelActionRequest
         * @description Take a proposal back, and why.
         */
        CancelActionRequest: {
            /** @description why, for the audit log */
            reason: string;
        };
        /**
         * CancelAllAnswer
         * @description The ids of the orders that were canceled.
         */
        CancelAllAnswer: {
            canceled: string[];
            sequence: number;
        };
        /**
         * CancelAllOp
         * @description Cancel all orders, or those of a market, a side, or both: a `CancelAllAnswer`.
         */
        CancelAllOp: {
            id: number | string;
            /** @default null */
            market?: string | null;
            /** @enum {unknown} */
            op: "cancel_all";
            /** @default null */
            side?: ("buy" | "sell") | null;
        };
        /**
         * CancelMember
         * @description Cancel an order by one of its ids.
         */
        CancelMember: {
            /** @default null */
            client_order_id?: string | null;
            /** @enum {unknown} */
            op: "cancel";
            /** @default null */
            order_id?: string | null;
        };
        /**
         * CancelOnDisconnectOp
         * @description Wish that the account's orders go with its last connection: a `ProtectionAnswer`.
         */
        CancelOnDisconnectOp: {
            enabled: boolean;
            id: number | string;
            /** @enum {unknown} */
            op: "cancel_on_disconnect";
        };
        /**
         * CancelOnDisconnectRequest
         * @description Wish that the account's orders go when its last connection ends, or no longer.
         */
        CancelOnDisconnectRequest: {
            enabled: boolean;
        };
        /**
         * CancelOp
         * @description Cancel an order by one of its ids; the ack's result is an `OrderAnswer`.
         */
        CancelOp: {
            /** @default null */
            client_order_id?: string | null;
            id: number | string;
            /** @enum {unknown} */
            op: "cancel";
            /** @default null */
            order_id?: string | null;
        };
        /**
         * CancelOrdersAction
         * @description Cancel all orders of a market, of an account, or of an account in a market.
         */
        CancelOrdersAction: {
            /** @default null */
            account?: string | null;
            /** @enum {unknown} */
            kind: "cancel_orders";
            /** @default null */
            market?: string | null;
        };
        /**
         * CancelPlanAction
         * @description Take back what is planned for a market at a time.
         */
        CancelPlanAction: {
            /** @description milliseconds since the Unix epoch */
            due_ms: number;
            /** @enum {unknown} */
            kind: "cancel_plan";
            /** @description the symbol of a market or an asset */
            market: string;
        };
        /**
         * CancelReceiptMessage
         * @description The operator's word that an order is dead, for ``cancelWithReceipt``.
         *
         *         Attributes:
         *             order_id: the order.
         *             trader: whose.
         *             market: the market's number in the contract.
         *             nonce: counter, revision and lane; this and everything below in the lane is dead.
         *             filled: lots.
         *             sequence: it counts once a batch settled up to here.
         *             signature: 65 bytes r, s, v.
         */
        CancelReceiptMessage: {
            filled: number;
            market: number;
            /** @description an integer, as decimal digits */
            nonce: string;
            /** @description an id, as decimal digits */
            order_id: string;
            sequence: number;
            /** @description 0x and hexadecimal digits */
            signature: string;
            /** @description an account: an EIP-55 address on chains */
            trader: string;
        };
        /**
         * CandleMessage
         * @description What traded in one interval; an interval without a trade has none.
         *
         *         Attributes:
         *             start_ms: when the interval begins; a whole multiple of it since the Unix epoch, UTC.
         *             volume: in base.
         *             turnover: the sum of all notionals, in quote.
         *             trades: how many fills.
         */
        CandleMessage: {
            /** @description plain decimal text, such as 2500.5 */
            close: string;
            /** @description plain decimal text, such as 2500.5 */
            high: string;
            /** @enum {unknown} */
            interval: "15m" | "1d" | "1h" | "1m" | "4h" | "5m";
            /** @description plain decimal text, such as 2500.5 */
            low: string;
            /** @description the symbol of a market or an asset */
            market: string;
            /** @description plain decimal text, such as 2500.5 */
            open: string;
            /** @description milliseconds since the Unix epoch */
            start_ms: number;
            trades: number;
            /** @description plain decimal text, such as 2500.5 */
            turnover: string;
            /** @enum {unknown} */
            type: "candle";
            /** @description plain decimal text, such as 2500.5 */
            volume: string;
        };
        /**
         * CandlesAnswer
         * @description Candles, newest first; ``next`` is the cursor of the next page, null on the last.
         */
        CandlesAnswer: {
            candles: components["schemas"]["CandleMessage"][];
            /** @default null */
            next?: string | null;
        };
        /**
         * Channel
         * @description What to hear.
         *
         *         ``book``, ``book_top``, ``trades``, ``ticker`` and ``candles_...`` are public and need a market.
         *         ``orders``, ``fills`` and ``settlements`` are the account's own, need a login, and take no market
         *         or one; ``balances`` are, too, and take none. ``heartbeat`` is public and takes none. ``admin``
         *         needs a login whose account has the role support or a higher one, and takes none.
         *
         *         Attributes:
         *             channel: which.
         *             market: of what.
         *             after: begin with what was told after this command, instead of a snapshot or of now. Of a
         *                 channel's own last message it is one less: a command may tell several. Refused
         *                 (`UNKNOWN_SEQUENCE`) when that is too long ago. A ``book_top``, ``ticker``, ``candles_...``,
         *                 ``balances`` and ``admin`` begin with how they stand anyway.
         */
        Channel: {
            /** @default null */
            after?: number | null;
            /** @enum {unknown} */
            channel: "admin" | "balances" | "book" | "book_top" | "candles_15m" | "candles_1d" | "candles_1h" | "candles_1m" | "candles_4h" | "candles_5m" | "fills" | "heartbeat" | "orders" | "settlements" | "ticker" | "trades";
            /** @default null */
            market?: string | null;
        };
        /**
         * ConfirmActionRequest
         * @description Confirm a proposal as it was read.
         *
         *         Attributes:
         *             digest: of the action, so that what the wallet signs is this very action.
         */
        ConfirmActionRequest: {
            digest: string;
        };
        /**
         * ConfirmRequest
         * @description The message exactly as it was signed, and its signature, as in a login.
         */
        ConfirmRequest: {
            message: string;
            /** @description 0x and hexadecimal digits: 64 or 65 bytes, of a contract as many as it wants */
            signature: string;
        };
        /**
         * DelistMarketAction
         * @description Close a market that stands still, for ever: its orders are canceled, funds stay what they are.
         */
        DelistMarketAction: {
            /** @default null */
            due_ms?: number | null;
            /** @enum {unknown} */
            kind: "delist_market";
            /** @description the symbol of a market or an asset */
            market: string;
        };
        /**
         * DomainMessage
         * @description The EIP-712 domain that orders are signed for.
         */
        DomainMessage: {
            chain_id: number;
            name: string;
            verifying_contract: string;
            version: string;
        };
        /**
         * ErrorMessage
         * @description A request was refused. ``id`` is null when the message could not be read.
         */
        ErrorMessage: {
            id: number | string | null;
            problem: components["schemas"]["Problem"];
            /** @enum {unknown} */
            type: "error";
        };
        /**
         * ExecutionMessage
         * @description An execution report: one thing that happened to one order.
         *
         *         Attributes:
         *             exec_type: what happened (ExecType).
         *             sequence: the command that did it.
         *             last_price: of a trade, as the four that follow; otherwise null.
         *             cancel_reason: why it was canceled.
         *             code: the stable number of a refusal.
         *             reason: the lower-case name of a refusal.
         *             trigger_price: of a stop or take-profit.
         *             display_quantity: of an iceberg.
         *             quote_budget: of a buy that has one.
         *             waiting: whether it is open and not on the book, as its trigger is not reached.
         *             linked_to: of an exit, the other one.
         *             asleep: how much of an exit is not alive, as its entry did not fill so much.
         *             self_trade: what self-trade prevention does where it is the aggressor; null when no order is known.
         *             expires_at_ms: when a GTD order ends.
         */
        ExecutionMessage: {
            /**
             * @description plain decimal text, such as 2500.5
             * @default 0
             */
            asleep?: string;
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            /** @default null */
            cancel_reason?: ("disconnected" | "fill_or_kill" | "kill_switch" | "linked" | "market_closed" | "post_only" | "price_band" | "remainder" | "requested" | "revoked" | "scheduled" | "self_trade" | "settlement_failed" | "uncovered") | null;
            client_order_id: string | null;
            /** @default null */
            code?: number | null;
            /** @default  */
            detail?: string;
            /** @default null */
            display_quantity?: string | null;
            /** @enum {unknown} */
            exec_type: "cancel_rejected" | "canceled" | "expired" | "new" | "reduced" | "rejected" | "replaced" | "trade" | "triggered";
            /** @default null */
            expires_at_ms?: number | null;
            /** @default null */
            fee?: string | null;
            /** @default  */
            field?: string;
            /** @default null */
            fill_id?: string | null;
            /** @description plain decimal text, such as 2500.5 */
            filled: string;
            /** @default null */
            last_price?: string | null;
            /** @default null */
            last_quantity?: string | null;
            /** @default null */
            linked_to?: string | null;
            /** @default null */
            liquidity?: ("maker" | "taker") | null;
            market: string | null;
            /** @default null */
            nonce?: string | null;
            /** @description plain decimal text, such as 2500.5 */
            open: string;
            /** @default null */
            order_hash?: string | null;
            order_id: string | null;
            order_type: ("limit" | "market" | "stop_limit" | "stop_market" | "take_profit_limit" | "take_profit_market") | null;
            post_only: boolean;
            price: string | null;
            quantity: string | null;
            /** @default null */
            quote_budget?: string | null;
            /** @default null */
            reason?: string | null;
            /** @default null */
            self_trade?: ("cancel_aggressor" | "cancel_both" | "cancel_resting" | "decrement_and_cancel") | null;
            sequence: number;
            side: ("buy" | "sell") | null;
            status: ("canceled" | "expired" | "filled" | "new" | "partially_filled" | "rejected") | null;
            time_in_force: ("fok" | "gtc" | "gtd" | "ioc") | null;
            /** @default null */
            trigger_price?: string | null;
            /** @enum {unknown} */
            type: "order";
            /** @default false */
            waiting?: boolean;
        };
        /**
         * FeesMessage
         * @description What is charged, parts per million of the notional; a negative maker fee is a rebate.
         *
         *         Attributes:
         *             maker_fee_ppm: below the first tier.
         *             taker_fee_ppm: below the first tier.
         *             tiers: by rising volume.
         */
        FeesMessage: {
            maker_fee_ppm: number;
            taker_fee_ppm: number;
            /** @default [] */
            tiers?: components["schemas"]["FeeTierMessage"][];
        };
        /**
         * FeeTableMessage
         * @description What a market charges.
         *
         *         Attributes:
         *             listed: as listed: no rate may ever exceed the largest of these.
         *             charged: now.
         *             planned: from a time on.
         *             collected: fees collected in the quote asset, over all markets that have it.
         *             in_flight: of those, what is not final yet.
         */
        FeeTableMessage: {
            charged: components["schemas"]["FeesMessage"];
            /** @description plain decimal text, such as 2500.5 */
            collected: string;
            /** @description plain decimal text, such as 2500.5 */
            in_flight: string;
            listed: components["schemas"]["FeesMessage"];
            /** @description the symbol of a market or an asset */
            market: string;
            planned: components["schemas"]["PlanMessage"][];
            /** @description the symbol of a market or an asset */
            quote: string;
        };
        /**
         * FeeTablesAnswer
         * @description The fees of all markets.
         */
        FeeTablesAnswer: {
            markets: components["schemas"]["FeeTableMessage"][];
        };
        /**
         * FeeTierMessage
         * @description The rates of accounts that traded at least ``volume`` in the thirty UTC days before today.
         */
        FeeTierMessage: {
            maker_fee_ppm: number;
            taker_fee_ppm: number;
            /** @description plain decimal text, such as 2500.5 */
            volume: string;
        };
        /**
         * FillMessage
         * @description A fill as one of its two traders sees it.
         *
         *         Attributes:
         *             fee: in `fee_asset`, the market's quote.
         *             stage: how far settlement has come; it may step back from confirmed to submitted.
         *             batch: the settlement batch, 0 before there is one.
         *             transaction: the transaction's hash, or an empty string.
         *             failure: the contract's skip code when it failed, otherwise 0.
         */
        FillMessage: {
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            /** @default 0 */
            batch?: number;
            /** @default 0 */
            failure?: number;
            /** @description plain decimal text, such as 2500.5 */
            fee: string;
            /** @description the symbol of a market or an asset */
            fee_asset: string;
            /** @description an id, as decimal digits */
            fill_id: string;
            /** @enum {unknown} */
            liquidity: "maker" | "taker";
            /** @description the symbol of a market or an asset */
            market: string;
            /** @description an id, as decimal digits */
            order_id: string;
            /** @description plain decimal text, such as 2500.5 */
            price: string;
            /** @description plain decimal text, such as 2500.5 */
            quantity: string;
            /** @enum {unknown} */
            side: "buy" | "sell";
            /** @enum {unknown} */
            stage: "confirmed" | "failed" | "final" | "matched" | "submitted";
            /** @default  */
            transaction?: string;
            /** @enum {unknown} */
            type: "fill";
        };
        /**
         * FillsAnswer
         * @description Fills, newest first; ``next`` is the cursor of the next page, null on the last.
         */
        FillsAnswer: {
            fills: components["schemas"]["FillMessage"][];
            /** @default null */
            next?: string | null;
        };
        /**
         * GeckoTicker
         * @description A ticker in the shape that CoinGecko reads, as decimal text.
         */
        GeckoTicker: {
            /** @description plain decimal text, such as 2500.5 */
            ask: string;
            base_currency: string;
            /** @description plain decimal text, such as 2500.5 */
            base_volume: string;
            /** @description plain decimal text, such as 2500.5 */
            bid: string;
            /** @description plain decimal text, such as 2500.5 */
            high: string;
            /** @description plain decimal text, such as 2500.5 */
            last_price: string;
            /** @description plain decimal text, such as 2500.5 */
            low: string;
            target_currency: string;
            /** @description plain decimal text, such as 2500.5 */
            target_volume: string;
            ticker_id: string;
        };
        /**
         * HaltedMarketMessage
         * @description A market that does not trade as usual; ``isolated`` when a broken invariant halted it.
         */
        HaltedMarketMessage: {
            isolated: boolean;
            /** @description the symbol of a market or an asset */
            market: string;
            /** @enum {unknown} */
            state: "auction_open" | "cancel_only" | "closed" | "halted" | "open" | "post_only";
        };
        /**
         * HaltsAnswer
         * @description Everything that stands still, and why.
         *
         *         Attributes:
         *             exchange: why nothing is taken until a restart, or an empty text.
         *             matching: why nothing is matched now, or an empty text.
         *             withdrawals: why no voucher is signed now, or an empty text.
         *             settlement: why nothing is sent, or an empty text.
         *             kill_switch: everybody is stopped.
         *             stopped_count: accounts that are stopped one by one.
         *             markets: those that are not open.
         *             planned: changes of state to come, by market.
         */
        HaltsAnswer: {
            exchange: string;
            kill_switch: boolean;
            markets: components["schemas"]["HaltedMarketMessage"][];
            matching: string;
            planned: {
                [key: string]: components["schemas"]["PlanMessage"][];
            };
            settlement: string;
            stopped_count: number;
            withdrawals: string;
        };
        /**
         * HealthAnswer
         * @description How the exchange is.
         *
         *         Attributes:
         *             ready: whether an order sent now would be taken.
         *             sequence: the last applied command.
         *             journal_ok: whether the journal takes commands.
         *             halted: why nothing is taken until a restart, or an empty string.
         *             settlement_ok: whether settlement takes fills.
         *             settlement_waiting: groups of fills that wait for settlement.
         *             records_ok: whether the records follow.
         *             records_lag: commands that the records are behind.
         */
        HealthAnswer: {
            halted: string;
            journal_ok: boolean;
            ready: boolean;
            records_lag: number;
            records_ok: boolean;
            sequence: number;
            settlement_ok: boolean;
            settlement_waiting: number;
        };
        /**
         * HeartbeatMessage
         * @description The server is there, and all that its channels tell up to ``sequence`` was sent before this.
         */
        HeartbeatMessage: {
            sequence: number;
            /** @description milliseconds since the Unix epoch */
            time_ms: number;
            /** @enum {unknown} */
            type: "heartbeat";
        };
        /**
         * HeartbeatOp
         * @description Push back every switch of the account: a `ProtectionAnswer`.
         */
        HeartbeatOp: {
            id: number | string;
            /** @enum {unknown} */
            op: "heartbeat";
        };
        /**
         * InfoAnswer
         * @description What a client must know before it logs in or signs.
         *
         *         Attributes:
         *             name: the exchange's name.
         *             version: the program's version.
         *             requires_signature: whether orders need their trader's EIP-712 signature.
         *             chain_id: the settlement's chain, or null where there is none.
         *             contract: the settlement contract, or null where there is none.
         *             domain: the EIP-712 domain, or null where there is none.
         *             login: what a login message must say.
         *             assets: every asset of every market.
         */
        InfoAnswer: {
            assets: components["schemas"]["AssetMessage"][];
            /** @default null */
            chain_id?: number | null;
            /** @default null */
            contract?: string | null;
            /** @default null */
            domain?: components["schemas"]["DomainMessage"] | null;
            login: components["schemas"]["LoginTerms"];
            name: string;
            requires_signature: boolean;
            version: string;
        };
        /**
         * KeyLoginOp
         * @description Bind the connection to an API key.
         *
         *         Attributes:
         *             id: of the request.
         *             key: the key's id.
         *             timestamp_ms: when it was signed.
         *             signature: over the text of a request whose method is ``LOGIN``, whose target is ``/ws``, and
         *                 whose body is empty.
         *             window_ms: how much later it may arrive.
         */
        KeyLoginOp: {
            id: number | string;
            /** @description an id of the exchange's making */
            key: string;
            /** @enum {unknown} */
            op: "login_key";
            /** @description 0x and hexadecimal digits */
            signature: string;
            /** @description milliseconds since the Unix epoch */
            timestamp_ms: number;
            /**
             * @description milliseconds since the Unix epoch
             * @default 5000
             */
            window_ms?: number;
        };
        /**
         * LadderAnswer
         * @description The answer to a ladder, once it is durable: one result an order, in their order.
         *
         *         Attributes:
         *             sequence: the command that did it.
         *             at_ms: when it did; orders that enter are accepted then.
         *             rungs: the results.
         */
        LadderAnswer: {
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            rungs: components["schemas"]["RungResult"][];
            sequence: number;
        };
        /**
         * LadderOp
         * @description Place orders that share a signature; the ack's result is a `LadderAnswer`.
         */
        LadderOp: {
            id: number | string;
            ladder: components["schemas"]["LadderRequest"];
            /** @enum {unknown} */
            op: "ladder";
        };
        /**
         * LadderRequest
         * @description Place up to eight limit orders of one market under one signature, as one command.
         *
         *         Attributes:
         *             market: the market's symbol.
         *             max_fee_ppm: the largest fee rate accepted, parts per million.
         *             expiry_s: Unix seconds from which none of the orders matches any more.
         *             signature: of the trader, over the tree of the orders (`BulkOrder`): the smallest that has
         *                 room for them, in their order. 65 bytes r, s, v or 64 bytes r, vs.
         *             rungs: the orders.
         *             time_in_force: gtc, ioc or fok.
         *             post_only: refuse rather than take liquidity.
         *             self_trade: what to do when one meets an order of the same account; not signed.
         *             sent_at_ms: when the request was sent, by the exchange's clock; no part of the orders.
         *             receive_window_ms: for how long after that it may be done; 5,000 when left out.
         */
        LadderRequest: {
            expiry_s: number;
            /** @description the symbol of a market or an asset */
            market: string;
            max_fee_ppm: number;
            /** @default false */
            post_only?: boolean;
            /** @default null */
            receive_window_ms?: number | null;
            rungs: components["schemas"]["RungRequest"][];
            /**
             * @default cancel_aggressor
             * @enum {unknown}
             */
            self_trade?: "cancel_aggressor" | "cancel_both" | "cancel_resting" | "decrement_and_cancel";
            /** @default null */
            sent_at_ms?: number | null;
            /** @description 0x and hexadecimal digits */
            signature: string;
            /**
             * @default gtc
             * @enum {unknown}
             */
            time_in_force?: "fok" | "gtc" | "gtd" | "ioc";
        };
        /**
         * LedgerAnswer
         * @description Entries, newest first; ``next`` is the cursor of the next page, null on the last.
         *
         *         Attributes:
         *             complete_from: the first command of which entries are kept; later than 1 only after an
         *                 upgrade, until the operator rebuilds the records.
         */
        LedgerAnswer: {
            complete_from: number;
            entries: components["schemas"]["LedgerEntryMessage"][];
            /** @default null */
            next?: string | null;
        };
        /**
         * LedgerEntryMessage
         * @description One movement of the account's funds.
         *
         *         Attributes:
         *             sequence: the command that moved them.
         *             part: where: in trading (available or held), waiting for a withdrawal, or in vouchers.
         *             amount: negative for what left that part.
         *             balance: what that part holds of the asset afterwards.
         *             reference: the fill's id or the voucher's salt, or null.
         */
        LedgerEntryMessage: {
            /** @description plain decimal text, such as 2500.5 */
            amount: string;
            /** @description the symbol of a market or an asset */
            asset: string;
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            /** @description plain decimal text, such as 2500.5 */
            balance: string;
            /** @enum {unknown} */
            kind: "deposit" | "fee" | "fee_reversed" | "trade" | "trade_reversed" | "voucher_expired" | "voucher_issued" | "voucher_paid" | "withdrawal" | "withdrawal_requested";
            /** @enum {unknown} */
            part: "fees" | "trading" | "vault" | "vouchers" | "withdrawing";
            /** @default null */
            reference?: string | null;
            sequence: number;
        };
        /**
         * LimitsMessage
         * @description What an account of a tier may do; null is no limit. Notionals and volumes are whole units.
         *
         *         Attributes:
         *             order_notional: the largest order.
         *             open_orders: how many orders may rest at once.
         *             daily_volume: what may trade in a UTC day.
         *             refuse_self_trade: refuse what would meet the account's own orders.
         *             prefunded: cover orders with final funds only.
         *             price_band_ppm: how far beyond the last trade a price may be, on its bad side.
         *             orders_per_second: how many orders and replacements may enter in a second.
         *             position: how much of a base asset it may have once its buys are filled, whole units.
         *             unsettled_fills: no order enters while so many fills of all accounts are not final.
         *             unsettled_age_s: no order enters once the oldest of them is this old.
         */
        LimitsMessage: {
            /** @default null */
            daily_volume?: number | null;
            /** @default null */
            open_orders?: number | null;
            /** @default null */
            order_notional?: number | null;
            /** @default null */
            orders_per_second?: number | null;
            /** @default null */
            position?: number | null;
            /** @default false */
            prefunded?: boolean;
            /** @default null */
            price_band_ppm?: number | null;
            /** @default false */
            refuse_self_trade?: boolean;
            /** @default null */
            unsettled_age_s?: number | null;
            /** @default null */
            unsettled_fills?: number | null;
        };
        /**
         * LinkedAnswer
         * @description The answer to linked orders, once they are durable.
         *
         *         Attributes:
         *             sequence: the command that did it.
         *             take_profit: as it stands.
         *             stop: as it stands.
         *             entry: of a bracket, as it stands, with what traded at once.
         */
        LinkedAnswer: {
            /** @default null */
            entry?: components["schemas"]["OrderAnswer"] | null;
            sequence: number;
            stop: components["schemas"]["OrderAnswer"];
            take_profit: components["schemas"]["OrderAnswer"];
        };
        /**
         * LinkedOp
         * @description Place an OCO or a bracket; the ack's result is a `LinkedAnswer`.
         */
        LinkedOp: {
            id: number | string;
            linked: components["schemas"]["LinkedRequest"];
            /** @enum {unknown} */
            op: "linked";
        };
        /**
         * LinkedRequest
         * @description Place an OCO (two exits) or a bracket (two exits behind an entry), all of it or nothing.
         *
         *         Attributes:
         *             take_profit: the exit at a better price: a limit order, or one that waits for its trigger.
         *             stop: the exit at a worse price: a stop. Signed in the take-profit's lane, under the same
         *                 counter and with a higher revision.
         *             entry: what opens the position, of the other side; signed in a lane of its own. The exits
         *                 sleep until it fills, and are alive for as much as it filled.
         *             sent_at_ms: when it was sent, by the exchange's clock.
         *             receive_window_ms: for how long after that it may be done; 5,000 when left out.
         */
        LinkedRequest: {
            /** @default null */
            entry?: components["schemas"]["OrderRequest"] | null;
            /** @default null */
            receive_window_ms?: number | null;
            /** @default null */
            sent_at_ms?: number | null;
            stop: components["schemas"]["OrderRequest"];
            take_profit: components["schemas"]["OrderRequest"];
        };
        /**
         * ListMarketAction
         * @description List a market, in the state in which it begins. Where a chain settles, its contract has it first.
         */
        ListMarketAction: {
            /** @enum {unknown} */
            kind: "list_market";
            market: components["schemas"]["MarketTermsMessage"];
            /**
             * @default halted
             * @enum {unknown}
             */
            state?: "auction_open" | "cancel_only" | "halted" | "open" | "post_only";
        };
        /**
         * LivenessAnswer
         * @description The process answers.
         */
        LivenessAnswer: {
            /** @default true */
            alive?: boolean;
        };
        /**
         * LoginOp
         * @description Bind the connection to a session by its access token; again to refresh it.
         */
        LoginOp: {
            id: number | string;
            /** @enum {unknown} */
            op: "login";
            token: string;
        };
        /**
         * LoginRequest
         * @description A signed login.
         *
         *         Attributes:
         *             message: the EIP-4361 text exactly as it was signed.
         *             signature: 65 bytes r, s, v of ``personal_sign``, in hexadecimal; of an account that is a
         *                 contract, what its ``isValidSignature`` accepts (ERC-1271).
         */
        LoginRequest: {
            message: string;
            /** @description 0x and hexadecimal digits: 64 or 65 bytes, of a contract as many as it wants */
            signature: string;
        };
        /**
         * LoginResult
         * @description Who the connection now speaks for.
         */
        LoginResult: {
            /** @description an account: an EIP-55 address on chains */
            account: string;
        };
        /**
         * LoginTerms
         * @description What the EIP-4361 login message must say.
         *
         *         Attributes:
         *             domain: the authority that asks for the login.
         *             uri: what the login is for.
         *             chain_id: the chain that the session is bound to.
         *             statement: what the user agrees to, or null.
         */
        LoginTerms: {
            chain_id: number;
            domain: string;
            /** @default null */
            statement?: string | null;
            uri: string;
        };
        /**
         * MarketFiguresMessage
         * @description What a market does.
         *
         *         Attributes:
         *             fills_per_second: over the last ten seconds.
         *             volume_24h: in base, to the minute; null until the records have caught up.
         *             turnover_24h: in quote; null until then.
         *             trades_24h: fills; null until then.
         */
        MarketFiguresMessage: {
            /** @description plain decimal text, such as 2500.5 */
            fills_per_second: string;
            last: string | null;
            /** @description the symbol of a market or an asset */
            market: string;
            /** @enum {unknown} */
            state: "auction_open" | "cancel_only" | "closed" | "halted" | "open" | "post_only";
            trades_24h: number | null;
            turnover_24h: string | null;
            volume_24h: string | null;
        };
        /**
         * MarketMessage
         * @description A market and its steps.
         *
         *         Attributes:
         *             number: the market's number in the settlement contract.
         *             tick: the smallest price step, in quote per one base.
         *             lot: the smallest quantity step, in base.
         *             lot_size: base atoms per lot, as decimal digits.
         *             tick_size: quote atoms per lot per tick, as decimal digits.
         *             maker_fee_ppm: as listed, parts per million of the notional; negative for a rebate.
         *             taker_fee_ppm: as listed, parts per million of the notional.
         *             minimum_notional: the smallest notional of an order, in quote.
         *             state: what the market serves.
         *             minimum_quantity: the smallest total of an order, in base.
         *             maximum_quantity: the largest total of an order, in base; null for none.
         *             maximum_notional: the largest notional of an order, in quote; null for none.
         *             fee_tiers: as listed. The largest rate that was listed is the most that is ever charged.
         *             fees: what is charged now where that is not what was listed, otherwise null.
         *             price_band_ppm: how far from the last price it may trade, parts per million; null for any.
         *             opening: how an auction would end now; null when nothing crosses.
         */
        MarketMessage: {
            base: components["schemas"]["AssetMessage"];
            /** @default [] */
            fee_tiers?: components["schemas"]["FeeTierMessage"][];
            /** @default null */
            fees?: components["schemas"]["FeesMessage"] | null;
            /** @description the symbol of a market or an asset */
            id: string;
            /** @description plain decimal text, such as 2500.5 */
            lot: string;
            /** @description plain decimal text, such as 2500.5 */
            lot_size: string;
            maker_fee_ppm: number;
            /** @default null */
            maximum_notional?: string | null;
            /** @default null */
            maximum_quantity?: string | null;
            /** @description plain decimal text, such as 2500.5 */
            minimum_notional: string;
            /** @default null */
            minimum_quantity?: string | null;
            number: number;
            /** @default null */
            opening?: components["schemas"]["OpeningMessage"] | null;
            /** @default null */
            price_band_ppm?: number | null;
            quote: components["schemas"]["AssetMessage"];
            /** @enum {unknown} */
            state: "auction_open" | "cancel_only" | "closed" | "halted" | "open" | "post_only";
            taker_fee_ppm: number;
            /** @description plain decimal text, such as 2500.5 */
            tick: string;
            /** @description plain decimal text, such as 2500.5 */
            tick_size: string;
        };
        /**
         * MarketRatesMessage
         * @description What an account is charged in a market today.
         *
         *         Attributes:
         *             tier: 0 below the first tier of the market's fees, then 1, 2, ...
         *             volume: what counts: quote traded in the thirty UTC days before today.
         *             next_volume: from which volume on the next tier holds; null in the last.
         */
        MarketRatesMessage: {
            maker_fee_ppm: number;
            /** @description the symbol of a market or an asset */
            market: string;
            /** @default null */
            next_volume?: string | null;
            taker_fee_ppm: number;
            tier: number;
            /** @description plain decimal text, such as 2500.5 */
            volume: string;
            /** @description the symbol of a market or an asset */
            volume_asset: string;
        };
        /**
         * MarketsAnswer
         * @description All markets.
         */
        MarketsAnswer: {
            markets: components["schemas"]["MarketMessage"][];
        };
        /**
         * MarketStatusMessage
         * @description What a market serves.
         */
        MarketStatusMessage: {
            /** @description the symbol of a market or an asset */
            market: string;
            /** @enum {unknown} */
            state: "auction_open" | "cancel_only" | "closed" | "halted" | "open" | "post_only";
        };
        /**
         * MarketTermsMessage
         * @description The terms of a new market, in the words of the settings file. They never change afterwards.
         *
         *         Attributes:
         *             id: ``BASE-QUOTE``.
         *             number: the market's number in a settlement contract.
         *             base_token: the base token's address, where there is a chain, as its checksum spells it.
         *             quote_token: the quote token's, likewise.
         *             tick: the smallest price step, in quote per one base.
         *             lot: the smallest quantity step, in base.
         *             minimum_notional: the smallest notional of an order, in quote.
         *             price_band_ppm: how far from the last price it may trade, parts per million.
         */
        MarketTermsMessage: {
            base_decimals: number;
            /** @default null */
            base_token?: string | null;
            /** @default [] */
            fee_tiers?: components["schemas"]["FeeTierMessage"][];
            /** @description the symbol of a market or an asset */
            id: string;
            /** @description plain decimal text, such as 2500.5 */
            lot: string;
            /** @default 0 */
            maker_fee_ppm?: number;
            /** @default null */
            maximum_notional?: string | null;
            /** @default null */
            maximum_quantity?: string | null;
            /**
             * @description plain decimal text, such as 2500.5
             * @default 0
             */
            minimum_notional?: string;
            /** @default null */
            minimum_quantity?: string | null;
            /** @default 0 */
            number?: number;
            /** @default null */
            price_band_ppm?: number | null;
            quote_decimals: number;
            /** @default null */
            quote_token?: string | null;
            /** @default 0 */
            taker_fee_ppm?: number;
            /** @description plain decimal text, such as 2500.5 */
            tick: string;
        };
        /**
         * MemberResult
         * @description What became of one member: exactly one of the two is there.
         */
        MemberResult: {
            /** @default null */
            answer?: components["schemas"]["OrderAnswer"] | null;
            /** @default null */
            problem?: components["schemas"]["Problem"] | null;
        };
        /**
         * NodeMessage
         * @description A node of the chain; ``place`` is scheme, host and port, never a key in its address.
         */
        NodeMessage: {
            detail: string;
            in_use: boolean;
            place: string;
            standing: string;
        };
        /**
         * NonceAnswer
         * @description A login nonce, good once and for a short time (EIP-4361).
         */
        NonceAnswer: {
            nonce: string;
        };
        /**
         * OpeningMessage
         * @description What would trade if an auction ended now.
         *
         *         Attributes:
         *             price: the one price.
         *             quantity: what would trade.
         *             surplus: what one side wants beyond that at this price.
         *             surplus_side: which side; null when it comes out even.
         */
        OpeningMessage: {
            /** @description plain decimal text, such as 2500.5 */
            price: string;
            /** @description plain decimal text, such as 2500.5 */
            quantity: string;
            /** @description plain decimal text, such as 2500.5 */
            surplus: string;
            /** @default null */
            surplus_side?: ("buy" | "sell") | null;
        };
        /**
         * OpenMarketAction
         * @description Let a market that stands still take orders again.
         */
        OpenMarketAction: {
            /** @enum {unknown} */
            kind: "open_market";
            /** @description the symbol of a market or an asset */
            market: string;
            /** @default null */
            reference_price?: string | null;
            /** @enum {unknown} */
            state: "auction_open" | "open" | "post_only";
        };
        /**
         * OrderAnswer
         * @description The answer to place, cancel, reduce and replace, once it is durable.
         *
         *         Attributes:
         *             sequence: the command that did it.
         *             order: the order as it stands.
         *             fills: what traded at once, in order.
         */
        OrderAnswer: {
            /** @default [] */
            fills?: components["schemas"]["FillMessage"][];
            order: components["schemas"]["OrderMessage"];
            sequence: number;
        };
        /**
         * OrderMessage
         * @description An order as it stands.
         *
         *         Attributes:
         *             quantity: the total (OrderQty).
         *             open: what can still trade (LeavesQty).
         *             filled: what has traded (CumQty).
         *             order_hash: the EIP-712 digest, or null when it is not signed.
         *             nonce: the packed u64 as decimal digits, or null when it is not signed.
         *             trigger_price: of a stop or take-profit, the price for which it waits, or waited.
         *             waiting: whether it is open and not on the book, as its trigger is not reached.
         *             display_quantity: of an iceberg, how much of it the book shows at a time.
         *             quote_budget: the most that it spends, fees included, in quote.
         *             linked_to: the id of the exit that cancels it, and that it cancels.
         *             asleep: how much of an exit is not alive, as its entry did not fill so much.
         */
        OrderMessage: {
            /** @description milliseconds since the Unix epoch */
            accepted_at_ms: number;
            /** @description an account: an EIP-55 address on chains */
            account: string;
            /**
             * @description plain decimal text, such as 2500.5
             * @default 0
             */
            asleep?: string;
            /** @default null */
            client_order_id?: string | null;
            /** @default null */
            display_quantity?: string | null;
            /** @default null */
            expires_at_ms?: number | null;
            /** @description plain decimal text, such as 2500.5 */
            filled: string;
            /** @default null */
            linked_to?: string | null;
            /** @description the symbol of a market or an asset */
            market: string;
            /** @default null */
            nonce?: string | null;
            /** @description plain decimal text, such as 2500.5 */
            open: string;
            /** @default null */
            order_hash?: string | null;
            /** @description an id, as decimal digits */
            order_id: string;
            /** @enum {unknown} */
            order_type: "limit" | "market" | "stop_limit" | "stop_market" | "take_profit_limit" | "take_profit_market";
            post_only: boolean;
            /** @description plain decimal text, such as 2500.5 */
            price: string;
            /** @description plain decimal text, such as 2500.5 */
            quantity: string;
            /** @default null */
            quote_budget?: string | null;
            /** @enum {unknown} */
            self_trade: "cancel_aggressor" | "cancel_both" | "cancel_resting" | "decrement_and_cancel";
            /** @enum {unknown} */
            side: "buy" | "sell";
            /** @enum {unknown} */
            status: "canceled" | "expired" | "filled" | "new" | "partially_filled" | "rejected";
            /** @enum {unknown} */
            time_in_force: "fok" | "gtc" | "gtd" | "ioc";
            /** @default null */
            trigger_price?: string | null;
            /** @default false */
            waiting?: boolean;
        };
        /**
         * OrderRequest
         * @description Place an order.
         *
         *         Attributes:
         *             market: the market's symbol.
         *             side: buy or sell.
         *             quantity: the total, in base.
         *             price: the limit, in quote per base; of a market order, the worst price it accepts.
         *             order_type: limit or market; with stop_ or take_profit_ before it, once the trigger is reached.
         *             time_in_force: gtc, gtd (unsigned orders only), ioc or fok; a market order's is ioc.
         *             post_only: refuse rather than take liquidity.
         *             self_trade: what to do when it meets an order of the same account.
         *             client_order_id: the trader's own id; sending an order again under its id is safe.
         *             expires_at_ms: when a gtd order expires.
         *             max_fee_ppm: signed: the largest fee rate accepted, parts per million.
         *             expiry_s: signed: Unix seconds from which the order no longer matches.
         *             nonce: signed: the packed u64 (counter, revision, lane) as decimal digits.
         *             signature: signed: the EIP-712 signature, 65 bytes r, s, v or 64 bytes r, vs; left out when
         *                 the order's hash was approved on chain.
         *             signature_kind: signed: wallet, the trader signed the order; session, a key that the trader
         *                 granted did; bulk, the trader signed a tree of orders; approved, the hash is approved.
         *             proof: of a bulk order.
         *             leaf: of a bulk order.
         *             trigger_price: of a stop or take-profit, the fill price for which it waits; not signed.
         *             display_quantity: of an iceberg, how much of it the book shows at a time; not signed.
         *             quote_budget: the most that an immediate buy spends, fees included, in quote; not signed.
         *             sent_at_ms: when the request was sent, by the exchange's clock; no part of the order.
         *             receive_window_ms: for how long after that it may be done; 5,000 when left out.
         */
        OrderRequest: {
            /** @default null */
            client_order_id?: string | null;
            /** @default null */
            display_quantity?: string | null;
            /** @default null */
            expires_at_ms?: number | null;
            /** @default null */
            expiry_s?: number | null;
            /**
             * @description the place in a bulk tree, from 0
             * @default 0
             */
            leaf?: number;
            /** @description the symbol of a market or an asset */
            market: string;
            /** @default null */
            max_fee_ppm?: number | null;
            /** @default null */
            nonce?: string | null;
            /**
             * @default limit
             * @enum {unknown}
             */
            order_type?: "limit" | "market" | "stop_limit" | "stop_market" | "take_profit_limit" | "take_profit_market";
            /** @default false */
            post_only?: boolean;
            /** @description plain decimal text, such as 2500.5 */
            price: string;
            /**
             * @description the sibling at each level of a bulk tree, 32 bytes each, leaf first
             * @default []
             */
            proof?: string[];
            /** @description plain decimal text, such as 2500.5 */
            quantity: string;
            /** @default null */
            quote_budget?: string | null;
            /** @default null */
            receive_window_ms?: number | null;
            /**
             * @default cancel_aggressor
             * @enum {unknown}
             */
            self_trade?: "cancel_aggressor" | "cancel_both" | "cancel_resting" | "decrement_and_cancel";
            /** @default null */
            sent_at_ms?: number | null;
            /** @enum {unknown} */
            side: "buy" | "sell";
            /** @default null */
            signature?: string | null;
            /**
             * @default wallet
             * @enum {unknown}
             */
            signature_kind?: "approved" | "bulk" | "session" | "wallet";
            /** @default null */
            time_in_force?: ("fok" | "gtc" | "gtd" | "ioc") | null;
            /** @default null */
            trigger_price?: string | null;
        };
        /**
         * OrdersAnswer
         * @description Orders; ``next`` is the cursor of the next page, null on the last.
         */
        OrdersAnswer: {
            /** @default null */
            next?: string | null;
            orders: components["schemas"]["OrderMessage"][];
        };
        /**
         * PauseSettlementAction
         * @description Send no batch until a second admin lets it go on. The chain is read on.
         */
        PauseSettlementAction: {
            /** @enum {unknown} */
            kind: "pause_settlement";
        };
        /**
         * PingOp
         * @description Ask for a pong.
         */
        PingOp: {
            /** @default null */
            id?: number | string | null;
            /** @enum {unknown} */
            op: "ping";
        };
        /**
         * PlaceMember
         * @description Place an order.
         */
        PlaceMember: {
            /** @enum {unknown} */
            op: "place";
            order: components["schemas"]["OrderRequest"];
        };
        /**
         * PlaceOp
         * @description Place an order; the ack's result is an `OrderAnswer`.
         */
        PlaceOp: {
            id: number | string;
            /** @enum {unknown} */
            op: "place";
            order: components["schemas"]["OrderRequest"];
        };
        /**
         * PlanMessage
         * @description What will happen to a market at a time.
         *
         *         Attributes:
         *             due_ms: when.
         *             state: the state that it moves to, if that is planned.
         *             fees: what is charged from then on, if that is planned.
         */
        PlanMessage: {
            /** @description milliseconds since the Unix epoch */
            due_ms: number;
            /** @default null */
            fees?: components["schemas"]["FeesMessage"] | null;
            /** @default null */
            state?: ("auction_open" | "cancel_only" | "closed" | "halted" | "open" | "post_only") | null;
        };
        /**
         * Pong
         * @description The answer to a ping, with the server's clock.
         */
        Pong: {
            /** @default null */
            id?: number | string | null;
            /** @description milliseconds since the Unix epoch */
            time_ms: number;
            /** @enum {unknown} */
            type: "pong";
        };
        /**
         * PreviewAnswer
         * @description What would become of an order; nothing was done.
         *
         *         Attributes:
         *             hold: what is held while it is open.
         *             hold_asset: in this asset.
         *             available: what of that the account has now.
         *             maker_fee_ppm: the account's rate of today as maker; negative for a rebate.
         *             taker_fee_ppm: the account's rate of today as taker.
         *             maker_fee: in quote, when all of it trades at its limit as maker.
         *             taker_fee: in quote, when all of it trades at its limit as taker.
         *             fee_asset: the market's quote.
         *             worst_case: whatever the prices, and the fees that may still change.
         *             problem: why it would be refused if it came now; null when it would enter.
         *             order_hash: the EIP-712 digest, or null when the request names no terms to sign.
         *             typed_data: the EIP-712 document for `eth_signTypedData_v4`, or null as `order_hash`.
         *             words: the same as a wallet shows it; empty when there is nothing to sign.
         */
        PreviewAnswer: {
            /** @description plain decimal text, such as 2500.5 */
            available: string;
            /** @description the symbol of a market or an asset */
            fee_asset: string;
            /** @description plain decimal text, such as 2500.5 */
            hold: string;
            /** @description the symbol of a market or an asset */
            hold_asset: string;
            /** @description plain decimal text, such as 2500.5 */
            maker_fee: string;
            maker_fee_ppm: number;
            /** @default null */
            order_hash?: string | null;
            /** @default null */
            problem?: components["schemas"]["Problem"] | null;
            /** @description plain decimal text, such as 2500.5 */
            taker_fee: string;
            taker_fee_ppm: number;
            /** @default null */
            typed_data?: unknown | null;
            /** @default [] */
            words?: components["schemas"]["WordMessage"][];
            worst_case: components["schemas"]["WorstCaseMessage"];
        };
        /**
         * Problem
         * @description A refusal.
         *
         *         Attributes:
         *             type: a URN made of the reason's name.
         *             title: the reason's name in words.
         *             status: the HTTP status that goes with it.
         *             detail: what is wrong, in words.
         *             code: the stable number (`RejectReason`).
         *             reason: the reason's lower-case name.
         *             field: the field concerned, or an empty string.
         *             valid: what would be accepted instead, or an empty string.
         */
        Problem: {
            code: number;
            detail: string;
            /** @default  */
            field?: string;
            reason: string;
            status: number;
            title: string;
            type: string;
            /** @default  */
            valid?: string;
        };
        /**
         * ProtectionAnswer
         * @description How an account is protected: the answer to arming, a heartbeat, a wish, or the question.
         *
         *         Attributes:
         *             sequence: the command that did it, or the last one when nothing was to be done.
         *             due_at_ms: when the first armed switch fires; left out when none is armed.
         *             cancel_on_disconnect: whether the account's orders go when its last connection ends.
         *             switches: all that are armed.
         */
        ProtectionAnswer: {
            /** @default false */
            cancel_on_disconnect?: boolean;
            /** @default null */
            due_at_ms?: number | null;
            sequence: number;
            /** @default [] */
            switches?: components["schemas"]["SwitchMessage"][];
        };
        /**
         * ReceiptMessage
         * @description A ``JournalReceipt`` with the operator's signature. What does not apply is zero.
         *
         *         Attributes:
         *             kind: what happened.
         *             trader: whose order.
         *             market: the symbol.
         *             market_number: the market's number in the contract; the struct's ``market``.
         *             order_id: the order.
         *             order_hash: of an acceptance or replacement, what its trader signed.
         *             fill_id: of a fill.
         *             side: of an acceptance, replacement or fill.
         *             price: ticks: the limit, or that of the fill.
         *             quantity: lots: accepted in total, filled, canceled, expired, reduced.
         *             open: lots, afterwards.
         *             filled: lots, afterwards.
         *             sequence: the command.
         *             index: the event's place in what the command did.
         *             at_ns: the command's time.
         *             position: the journal's frame.
         *             frame_hash: its chain hash.
         *             signature: 65 bytes r, s, v.
         */
        ReceiptMessage: {
            /** @description an integer, as decimal digits */
            at_ns: string;
            /** @description an integer, as decimal digits */
            fill_id: string;
            filled: number;
            /** @description 0x and hexadecimal digits */
            frame_hash: string;
            index: number;
            /** @enum {unknown} */
            kind: "accepted" | "canceled" | "expired" | "filled" | "reduced" | "replaced";
            /** @description the symbol of a market or an asset */
            market: string;
            market_number: number;
            open: number;
            /** @description 0x and hexadecimal digits */
            order_hash: string;
            /** @description an id, as decimal digits */
            order_id: string;
            position: number;
            price: number;
            quantity: number;
            sequence: number;
            /** @enum {unknown} */
            side: "buy" | "sell";
            /** @description 0x and hexadecimal digits */
            signature: string;
            /** @description an account: an EIP-55 address on chains */
            trader: string;
        };
        /**
         * ReceiptsAnswer
         * @description Receipts, in the order in which things happened.
         */
        ReceiptsAnswer: {
            receipts: components["schemas"]["ReceiptMessage"][];
        };
        /**
         * ReduceMember
         * @description Lower an order's open quantity.
         */
        ReduceMember: {
            /** @enum {unknown} */
            op: "reduce";
            order: components["schemas"]["ReduceRequest"];
            /** @description an id, as decimal digits */
            order_id: string;
        };
        /**
         * ReduceOp
         * @description Lower an order's open quantity in place; the ack's result is an `OrderAnswer`.
         */
        ReduceOp: {
            id: number | string;
            /** @enum {unknown} */
            op: "reduce";
            order: components["schemas"]["ReduceRequest"];
            /** @description an id, as decimal digits */
            order_id: string;
        };
        /**
         * ReduceRequest
         * @description Lower the open quantity by this much, in base; the order keeps its priority.
         *
         *         Attributes:
         *             by: how much.
         *             sent_at_ms: as in `OrderRequest`.
         *             receive_window_ms: as in `OrderRequest`.
         */
        ReduceRequest: {
            /** @description plain decimal text, such as 2500.5 */
            by: string;
            /** @default null */
            receive_window_ms?: number | null;
            /** @default null */
            sent_at_ms?: number | null;
        };
        /**
         * RefreshRequest
         * @description The refresh token that buys the next session, once.
         */
        RefreshRequest: {
            refresh_token: string;
        };
        /**
         * ReleaseAccountAction
         * @description Let an account that was stopped go on.
         */
        ReleaseAccountAction: {
            /** @description an account: an EIP-55 address on chains */
            account: string;
            /** @enum {unknown} */
            kind: "release_account";
        };
        /**
         * ReleaseAllAction
         * @description Lift the kill switch: everybody goes on that was not stopped alone.
         */
        ReleaseAllAction: {
            /** @enum {unknown} */
            kind: "release_all";
        };
        /**
         * ReplaceMember
         * @description Replace an order's terms.
         */
        ReplaceMember: {
            /** @enum {unknown} */
            op: "replace";
            order: components["schemas"]["ReplaceRequest"];
            /** @description an id, as decimal digits */
            order_id: string;
        };
        /**
         * ReplaceOp
         * @description Replace an order's terms; the ack's result is an `OrderAnswer`.
         */
        ReplaceOp: {
            id: number | string;
            /** @enum {unknown} */
            op: "replace";
            order: components["schemas"]["ReplaceRequest"];
            /** @description an id, as decimal digits */
            order_id: string;
        };
        /**
         * ReplaceRequest
         * @description Swap an order for new terms, atomically; it keeps its id.
         *
         *         Attributes:
         *             quantity: the new total, in base, fills so far included.
         *             price: the new limit.
         *             expected_filled: refuse when the filled quantity is another.
         *             nonce: signed: the same lane and counter as the order's, with a higher revision.
         *             trigger_price: where an order that waits is to wait instead; left out, it stays.
         *             display_quantity: how much is to be shown at a time from now on; left out, it stays.
         *
         *         The rest is as in `OrderRequest`.
         */
        ReplaceRequest: {
            /** @default null */
            display_quantity?: string | null;
            /** @default null */
            expected_filled?: string | null;
            /** @default null */
            expires_at_ms?: number | null;
            /** @default null */
            expiry_s?: number | null;
            /**
             * @description the place in a bulk tree, from 0
             * @default 0
             */
            leaf?: number;
            /** @default null */
            max_fee_ppm?: number | null;
            /** @default null */
            nonce?: string | null;
            /** @default false */
            post_only?: boolean;
            /** @description plain decimal text, such as 2500.5 */
            price: string;
            /**
             * @description the sibling at each level of a bulk tree, 32 bytes each, leaf first
             * @default []
             */
            proof?: string[];
            /** @description plain decimal text, such as 2500.5 */
            quantity: string;
            /** @default null */
            receive_window_ms?: number | null;
            /**
             * @default cancel_aggressor
             * @enum {unknown}
             */
            self_trade?: "cancel_aggressor" | "cancel_both" | "cancel_resting" | "decrement_and_cancel";
            /** @default null */
            sent_at_ms?: number | null;
            /** @default null */
            signature?: string | null;
            /**
             * @default wallet
             * @enum {unknown}
             */
            signature_kind?: "approved" | "bulk" | "session" | "wallet";
            /** @default null */
            time_in_force?: ("fok" | "gtc" | "gtd" | "ioc") | null;
            /** @default null */
            trigger_price?: string | null;
        };
        /**
         * ResumeSettlementAction
         * @description Send batches again after a pause.
         */
        ResumeSettlementAction: {
            /** @enum {unknown} */
            kind: "resume_settlement";
        };
        /**
         * RetrySettlementAction
         * @description Hand a batch's transaction to the node again; with ``bump``, for more, up to the ceiling.
         */
        RetrySettlementAction: {
            batch: number;
            /** @default false */
            bump?: boolean;
            /** @enum {unknown} */
            kind: "retry_settlement";
        };
        /**
         * RevokedAnswer
         * @description How many were ended.
         */
        RevokedAnswer: {
            revoked: number;
        };
        /**
         * RevokeRequest
         * @description An access token to void alone; whoever has it may.
         */
        RevokeRequest: {
            token: string;
        };
        /**
         * RiskAnswer
         * @description All risk tiers, the default first.
         *
         *         Attributes:
         *             kill_switch: everybody is stopped.
         *             stopped: accounts whose kill switch is engaged; 500 at most.
         *             stopped_count: how many there are.
         */
        RiskAnswer: {
            kill_switch: boolean;
            stopped: string[];
            stopped_count: number;
            tiers: components["schemas"]["RiskTierMessage"][];
        };
        /**
         * RiskTierMessage
         * @description A risk tier.
         *
         *         Attributes:
         *             tier: its name; ``default`` is everybody's that is in no other.
         *             limits: what an account of it may do.
         *             accounts: how many were put into it; null for the default tier.
         *             configured: the limits are those of the settings file; no command has set others.
         */
        RiskTierMessage: {
            accounts: number | null;
            configured: boolean;
            limits: components["schemas"]["LimitsMessage"];
            tier: string;
        };
        /**
         * RoleMessage
         * @description A role above trader, since when, and who gave it.
         */
        RoleMessage: {
            /** @description an account: an EIP-55 address on chains */
            account: string;
            /** @description milliseconds since the Unix epoch */
            granted_at_ms: number;
            granted_by: string;
            /** @enum {unknown} */
            role: "admin" | "operator" | "support" | "trader";
        };
        /**
         * RoleRequest
         * @description The role that an account shall have; ``trader`` takes away any other.
         */
        RoleRequest: {
            /** @enum {unknown} */
            role: "admin" | "operator" | "support" | "trader";
        };
        /**
         * RolesAnswer
         * @description Every account with a role above trader.
         */
        RolesAnswer: {
            roles: components["schemas"]["RoleMessage"][];
        };
        /**
         * RungRequest
         * @description An order of a ladder: what it does not share with the others.
         *
         *         Attributes:
         *             side: buy or sell.
         *             quantity: the total, in base.
         *             price: the limit, in quote per base.
         *             nonce: the packed u64 (counter, revision, lane) as decimal digits; a lane of its own.
         *             client_order_id: the trader's own id; not signed.
         */
        RungRequest: {
            /** @default null */
            client_order_id?: string | null;
            /** @description plain decimal text, such as 2500.5 */
            nonce: string;
            /** @description plain decimal text, such as 2500.5 */
            price: string;
            /** @description plain decimal text, such as 2500.5 */
            quantity: string;
            /** @enum {unknown} */
            side: "buy" | "sell";
        };
        /**
         * RungResult
         * @description What became of one order of a ladder: it entered and has an id, or there is a problem.
         *
         *         Attributes:
         *             order_id: its id.
         *             status: how it stands.
         *             open: what can still trade (LeavesQty).
         *             filled: what has traded (CumQty).
         *             fills: what traded at once, in order.
         *             problem: why it was refused.
         */
        RungResult: {
            /** @default null */
            filled?: string | null;
            /** @default [] */
            fills?: components["schemas"]["FillMessage"][];
            /** @default null */
            open?: string | null;
            /** @default null */
            order_id?: string | null;
            /** @default null */
            problem?: components["schemas"]["Problem"] | null;
            /** @default null */
            status?: ("canceled" | "expired" | "filled" | "new" | "partially_filled" | "rejected") | null;
        };
        /**
         * ScheduleCancelOp
         * @description Arm, push back or disarm a dead man's switch: a `ProtectionAnswer`.
         */
        ScheduleCancelOp: {
            id: number | string;
            /** @enum {unknown} */
            op: "schedule_cancel";
            switch: components["schemas"]["ScheduleCancelRequest"];
        };
        /**
         * ScheduleCancelRequest
         * @description Arm a dead man's switch, or push it back; 0 disarms.
         *
         *         Attributes:
         *             timeout_ms: at most a day.
         *             market: whose orders there; all markets when it is left out, which is a switch of its own.
         */
        ScheduleCancelRequest: {
            /** @default null */
            market?: string | null;
            timeout_ms: number;
        };
        /**
         * ScheduleHaltAction
         * @description Halt a market at a time, in milliseconds.
         */
        ScheduleHaltAction: {
            /** @description milliseconds since the Unix epoch */
            due_ms: number;
            /** @enum {unknown} */
            kind: "schedule_halt";
            /** @description the symbol of a market or an asset */
            market: string;
            /** @enum {unknown} */
            state: "cancel_only" | "halted";
        };
        /**
         * ScheduleOpeningAction
         * @description Let a market take orders from a time on.
         */
        ScheduleOpeningAction: {
            /** @description milliseconds since the Unix epoch */
            due_ms: number;
            /** @enum {unknown} */
            kind: "schedule_opening";
            /** @description the symbol of a market or an asset */
            market: string;
            /** @default null */
            reference_price?: string | null;
            /** @enum {unknown} */
            state: "auction_open" | "open" | "post_only";
        };
        /**
         * SessionAnswer
         * @description A session: ``access_token`` goes into the Authorization header as a bearer token.
         *
         *         Attributes:
         *             role: what the account may do beside trading, when this was answered.
         */
        SessionAnswer: {
            /** @description milliseconds since the Unix epoch */
            access_expires_at_ms: number;
            access_token: string;
            /** @description an account: an EIP-55 address on chains */
            account: string;
            /** @description milliseconds since the Unix epoch */
            refresh_expires_at_ms: number;
            refresh_token: string;
            /**
             * @default trader
             * @enum {unknown}
             */
            role?: "admin" | "operator" | "support" | "trader";
        };
        /**
         * SessionKeyMessage
         * @description What a session key may do in one market, as far as final blocks say.
         *
         *         Attributes:
         *             key: the session key's address.
         *             market: where.
         *             buy_budget: what new buys may still use, quote, fees included.
         *             sell_budget: what new sells may still use, base.
         *             buy_reserved: what open buys may use at worst, quote.
         *             sell_reserved: what open sells may use, base.
         *             expiry_s: when the grant ends.
         *             revoked: the account took it back.
         */
        SessionKeyMessage: {
            /** @description plain decimal text, such as 2500.5 */
            buy_budget: string;
            /** @description plain decimal text, such as 2500.5 */
            buy_reserved: string;
            /** @description Unix seconds */
            expiry_s: number;
            /** @description an account: an EIP-55 address on chains */
            key: string;
            /** @description the symbol of a market or an asset */
            market: string;
            revoked: boolean;
            /** @description plain decimal text, such as 2500.5 */
            sell_budget: string;
            /** @description plain decimal text, such as 2500.5 */
            sell_reserved: string;
        };
        /**
         * SessionKeysAnswer
         * @description The account's session keys, by key and market.
         */
        SessionKeysAnswer: {
            session_keys: components["schemas"]["SessionKeyMessage"][];
        };
        /**
         * SessionMessage
         * @description An open login of the account.
         *
         *         Attributes:
         *             id: names it, and is no secret.
         *             opened_at_ms: when the login happened.
         *             used_at_ms: about when it was last used.
         *             ends_at_ms: when it ends unless it is refreshed before.
         *             address: the network address that it came from.
         *             user_agent: what the program that logged in calls itself.
         *             current: whether it is the one that asks.
         */
        SessionMessage: {
            address: string;
            current: boolean;
            /** @description milliseconds since the Unix epoch */
            ends_at_ms: number;
            /** @description an id of the exchange's making */
            id: string;
            /** @description milliseconds since the Unix epoch */
            opened_at_ms: number;
            /** @description milliseconds since the Unix epoch */
            used_at_ms: number;
            user_agent: string;
        };
        /**
         * SessionsAnswer
         * @description All open logins of the account, oldest first.
         */
        SessionsAnswer: {
            sessions: components["schemas"]["SessionMessage"][];
        };
        /**
         * SetAccountGroupAction
         * @description Declare an account to be of a group that counts as one trader; null is none.
         */
        SetAccountGroupAction: {
            /** @description an account: an EIP-55 address on chains */
            account: string;
            group: string | null;
            /** @enum {unknown} */
            kind: "set_account_group";
        };
        /**
         * SetFeesAction
         * @description Charge these fees in a market, at once or from a time on.
         *
         *         No rate may exceed the largest that was listed; fees that rise are announced a day before.
         */
        SetFeesAction: {
            /** @default null */
            due_ms?: number | null;
            fees: components["schemas"]["FeesMessage"];
            /** @enum {unknown} */
            kind: "set_fees";
            /** @description the symbol of a market or an asset */
            market: string;
        };
        /**
         * SetMarketStateAction
         * @description Move a market: halt it, or from one state in which orders enter to another.
         *
         *         A halt also takes back what was planned to open the market.
         *
         *         Attributes:
         *             state: where to. A market that stands still is opened by a proposal, `open_market`.
         *             reference_price: what counts as its last price until it trades again.
         */
        SetMarketStateAction: {
            /** @enum {unknown} */
            kind: "set_market_state";
            /** @description the symbol of a market or an asset */
            market: string;
            /** @default null */
            reference_price?: string | null;
            /** @enum {unknown} */
            state: "auction_open" | "cancel_only" | "halted" | "open" | "post_only";
        };
        /**
         * SetRiskTierAction
         * @description Give a risk tier these limits in place of those that it has; ``default`` is everybody's.
         */
        SetRiskTierAction: {
            /** @enum {unknown} */
            kind: "set_risk_tier";
            limits: components["schemas"]["LimitsMessage"];
            /** @description the name of a risk tier or a group: printable ASCII */
            tier: string;
        };
        /**
         * SettlementBatchesAnswer
         * @description Batches, the highest number first; ``next`` goes into ``before``, null on the last page.
         *
         *         Attributes:
         *             batches: those that no records tell of yet stand before the others, on the first page.
         */
        SettlementBatchesAnswer: {
            batches: components["schemas"]["SettlementBatchMessage"][];
            /** @default null */
            next?: number | null;
        };
        /**
         * SettlementBatchMessage
         * @description A batch of fills on its way.
         *
         *         Attributes:
         *             stage: how far it has come; a fill of it may have failed all the same.
         *             fills: how many it holds; null once it is final.
         *             retries: transactions beyond the first.
         *             transactions: the oldest first.
         */
        SettlementBatchMessage: {
            batch: number;
            changed_at_ms: number | null;
            fills: number | null;
            first_at_ms: number | null;
            retries: number;
            /** @enum {unknown} */
            stage: "confirmed" | "failed" | "final" | "matched" | "submitted";
            transactions: components["schemas"]["SettlementTransactionMessage"][];
        };
        /**
         * SettlementFiguresMessage
         * @description How settlement is, in figures.
         *
         *         Attributes:
         *             ok: it takes fills and yields updates.
         *             waiting: groups of fills that wait to be handed to it.
         *             unsettled: fills that are not final.
         *             oldest_ms: age of the oldest of them; null for none.
         *             paused: why nothing is sent, by the word of an operator; empty while sending.
         */
        SettlementFiguresMessage: {
            ok: boolean;
            oldest_ms: number | null;
            paused: string;
            unsettled: number;
            waiting: number;
        };
        /**
         * SettlementMessage
         * @description Fills of the account in one market moved to a stage of settlement together.
         *
         *         Attributes:
         *             stage: how far they are now; it may step back from confirmed to submitted.
         *             batch: the settlement batch.
         *             transaction: the transaction's hash, or an empty string without a chain.
         *             failure: the contract's skip code when they failed, otherwise 0.
         *             fills: which.
         */
        SettlementMessage: {
            batch: number;
            failure: number;
            fills: string[];
            /** @description the symbol of a market or an asset */
            market: string;
            sequence: number;
            /** @enum {unknown} */
            stage: "confirmed" | "failed" | "final" | "matched" | "submitted";
            transaction: string;
            /** @enum {unknown} */
            type: "settlement";
        };
        /**
         * SettlementStatusMessage
         * @description How settlement is. What begins with ``chain_id`` is null where no chain is.
         *
         *         Attributes:
         *             figures: the same as in the statistics.
         *             state: ``running``, ``waiting``, ``halted`` or ``closed``; ``local`` without a chain;
         *                 ``elsewhere`` on a gateway whose engine is another process.
         *             pause_reason: why nothing is matched now, or an empty text.
         *             halt_reason: why no voucher is signed now, or an empty text.
         *             error: what is being tried again, or an empty text.
         *             alarm: what needs a person, or an empty text.
         *             queued: fills that wait for a batch.
         *             batch: the last batch that is in a block.
         *             audited_block: the newest final block at which vault and engine were found equal.
         */
        SettlementStatusMessage: {
            alarm: string;
            /** @default null */
            audited_block?: number | null;
            /** @default null */
            batch?: number | null;
            /** @default null */
            chain_id?: number | null;
            /** @default null */
            contract?: string | null;
            error: string;
            figures: components["schemas"]["SettlementFiguresMessage"];
            /** @default null */
            final_block?: number | null;
            halt_reason: string;
            /** @default null */
            head_block?: number | null;
            /** @default [] */
            nodes?: components["schemas"]["NodeMessage"][];
            pause_reason: string;
            queued: number;
            /** @enum {unknown} */
            state: "closed" | "elsewhere" | "halted" | "local" | "running" | "waiting";
        };
        /**
         * SettlementTransactionMessage
         * @description A transaction that carries, or carried, a batch.
         *
         *         Attributes:
         *             state: where it stands: ``signed``, ``broadcast``, ``mined``, ...; of one that is no longer
         *                 followed, the last stage that was told of it.
         *             nonce: the operator account's; null once it is no longer followed, as are the next three.
         *             block: where it is; null while it is in no block, as are the next three.
         *             confirmations: blocks from its own to the newest, both counted.
         */
        SettlementTransactionMessage: {
            /** @default null */
            block?: number | null;
            /** @default null */
            confirmations?: number | null;
            /** @default null */
            first_at_ms?: number | null;
            /** @default null */
            gas_limit?: number | null;
            /** @default null */
            gas_price_wei?: string | null;
            /** @default null */
            gas_used?: number | null;
            hash: string;
            /** @default null */
            max_fee_wei?: string | null;
            /** @default null */
            nonce?: number | null;
            state: string;
            /** @default null */
            tip_wei?: string | null;
        };
        /**
         * SolvencyAnswer
         * @description The account's claim as of one command, and where anybody can check it without the exchange.
         *
         *         Attributes:
         *             sequence: the command after which all figures hold.
         *             state_hash: of the whole exchange at it, as `hybrid-dex journal replay` shows it.
         *             contract: the vault; `hybrid-dex solvency verify` adds up what it owes and holds, and
         *                 `hybrid-dex solvency proof` writes the proof of one account. Null without a chain.
         */
        SolvencyAnswer: {
            /** @description an account: an EIP-55 address on chains */
            account: string;
            assets: components["schemas"]["AssetSolvencyMessage"][];
            /** @default null */
            chain_id?: number | null;
            /** @default null */
            contract?: string | null;
            sequence: number;
            state_hash: string;
        };
        /**
         * SolvencyProof
         * @description That an account's balance is part of a root. Written to a file as JSON.
         *
         *         Attributes:
         *             chain_id: the chain (EIP-155).
         *             contract: EIP-55 address of the ``Exchange``.
         *             block: number of the block whose balances the tree holds.
         *             token: EIP-55 address.
         *             account: EIP-55 address; the zero address for the collected fees.
         *             amount: the account's balance, atoms as a decimal text.
         *             steps: from the leaf to the root.
         *             root: 0x-hex.
         *             total: sum of all leaves, atoms as a decimal text.
         */
        SolvencyProof: {
            account: string;
            amount: string;
            block: number;
            chain_id: number;
            contract: string;
            root: string;
            steps: components["schemas"]["SumStep"][];
            token: string;
            total: string;
        };
        /**
         * StageMessage
         * @description How long a stage took, of the newest that were measured in this process.
         *
         *         Attributes:
         *             stage: ``order_entry``: a request from when it is read to its answer, signature, journal and
         *                 matching included; ``journal_append``: until a record is on the disk;
         *                 ``records_read``: a question to the records.
         *             count: of how many.
         */
        StageMessage: {
            count: number;
            max_us: number;
            p50_us: number;
            p95_us: number;
            p99_us: number;
            /** @enum {unknown} */
            stage: "journal_append" | "order_entry" | "records_read";
        };
        /**
         * StatisticsMessage
         * @description The exchange at a glance; over REST, and on the socket's channel ``admin``.
         *
         *         Attributes:
         *             sequence: the last command that this process knows.
         *             accepting: whether an order sent now would be taken.
         *             halted: why nothing is taken until a restart, or an empty text.
         *             kill_switch: everybody is stopped.
         *             commands_per_second: over the last ten seconds, as are the others.
         *             accounts: that ever had funds.
         *             open_orders: that rest or wait.
         *             sockets: open on this gateway.
         *             journal_position: the last durable record.
         *             waiting: commands that wait for the journal.
         *             records_lag: commands that the records are behind.
         *             snapshot_lag: commands since the last snapshot.
         *             alarms: how many `GET /admin/alarms` lists.
         */
        StatisticsMessage: {
            accepting: boolean;
            accounts: number;
            alarms: number;
            /** @description plain decimal text, such as 2500.5 */
            commands_per_second: string;
            /** @description plain decimal text, such as 2500.5 */
            fills_per_second: string;
            halted: string;
            journal_position: number;
            kill_switch: boolean;
            markets: components["schemas"]["MarketFiguresMessage"][];
            open_orders: number;
            /** @description plain decimal text, such as 2500.5 */
            orders_per_second: string;
            records_lag: number;
            records_ok: boolean;
            sequence: number;
            settlement: components["schemas"]["SettlementFiguresMessage"];
            snapshot_lag: number;
            sockets: number;
            stages: components["schemas"]["StageMessage"][];
            /** @description milliseconds since the Unix epoch */
            time_ms: number;
            /** @enum {unknown} */
            type: "statistics";
            waiting: number;
        };
        /**
         * StatusAnswer
         * @description How the exchange is.
         *
         *         Attributes:
         *             accepting: whether an order sent now would be taken.
         *             sequence: the last applied command.
         *             records_lag: commands that lists of the past are behind.
         *             records_ok: whether they follow.
         */
        StatusAnswer: {
            accepting: boolean;
            markets: components["schemas"]["MarketStatusMessage"][];
            records_lag: number;
            records_ok: boolean;
            sequence: number;
            /** @description milliseconds since the Unix epoch */
            time_ms: number;
        };
        /**
         * StopAccountAction
         * @description Freeze an account: nothing more of it enters. ``cancel`` also cancels what rests.
         */
        StopAccountAction: {
            /** @description an account: an EIP-55 address on chains */
            account: string;
            /** @default false */
            cancel?: boolean;
            /** @enum {unknown} */
            kind: "stop_account";
        };
        /**
         * StopAllAction
         * @description The kill switch: nothing more enters from anybody. ``cancel`` also cancels what rests.
         */
        StopAllAction: {
            /** @default false */
            cancel?: boolean;
            /** @enum {unknown} */
            kind: "stop_all";
        };
        /**
         * SubscribeOp
         * @description Hear channels; a book begins with a snapshot.
         */
        SubscribeOp: {
            channels: components["schemas"]["Channel"][];
            id: number | string;
            /** @enum {unknown} */
            op: "subscribe";
        };
        /**
         * SubscribeResult
         * @description All channels that the connection now hears.
         *
         *         Attributes:
         *             channels: what is heard.
         *             sequence: after a subscription: what happened after this command is told from now on.
         */
        SubscribeResult: {
            channels: components["schemas"]["Channel"][];
            /** @default null */
            sequence?: number | null;
        };
        /**
         * SumStep
         * @description One step of a proof: the neighbour on the way up.
         *
         *         Attributes:
         *             hash: of the neighbour, 0x-hex.
         *             sum: of everything below the neighbour, atoms as a decimal text.
         *             left: whether the neighbour stands on the left.
         */
        SumStep: {
            hash: string;
            left: boolean;
            sum: string;
        };
        /**
         * SwitchMessage
         * @description A dead man's switch that is armed.
         *
         *         Attributes:
         *             timeout_ms: by what a heartbeat pushes it back.
         *             due_at_ms: when it fires.
         *             market: whose orders there; left out, all markets.
         */
        SwitchMessage: {
            /** @description milliseconds since the Unix epoch */
            due_at_ms: number;
            /** @default null */
            market?: string | null;
            timeout_ms: number;
        };
        /**
         * TickerMessage
         * @description A market in the last 24 hours, to the minute, and its top of book.
         *
         *         Attributes:
         *             at_ms: the time of the last command.
         *             last: the last price ever; null before the first trade.
         *             open: the first price of the 24 hours, and so on; null when nothing traded in them.
         *             change_percent: from open to last, rounded towards zero; null when nothing traded.
         *             volume: in base.
         *             turnover: in quote.
         *             bid: the best price to sell at; null where the side is empty.
         */
        TickerMessage: {
            ask: string | null;
            ask_quantity: string | null;
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            bid: string | null;
            bid_quantity: string | null;
            change_percent: string | null;
            high: string | null;
            last: string | null;
            low: string | null;
            /** @description the symbol of a market or an asset */
            market: string;
            open: string | null;
            trades: number;
            /** @description plain decimal text, such as 2500.5 */
            turnover: string;
            /** @enum {unknown} */
            type: "ticker";
            /** @description plain decimal text, such as 2500.5 */
            volume: string;
        };
        /**
         * TimeAnswer
         * @description The server's clock.
         */
        TimeAnswer: {
            /** @description milliseconds since the Unix epoch */
            time_ms: number;
        };
        /**
         * TradeMessage
         * @description A public trade.
         */
        TradeMessage: {
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            /** @description an id, as decimal digits */
            fill_id: string;
            /** @description the symbol of a market or an asset */
            market: string;
            /** @description plain decimal text, such as 2500.5 */
            price: string;
            /** @description plain decimal text, such as 2500.5 */
            quantity: string;
            /** @enum {unknown} */
            taker_side: "buy" | "sell";
            /** @enum {unknown} */
            type: "trade";
        };
        /**
         * TradesAnswer
         * @description A market's trades, newest first; ``next`` is the cursor of the next page, null on the last.
         */
        TradesAnswer: {
            /** @default null */
            next?: string | null;
            trades: components["schemas"]["TradeMessage"][];
        };
        /**
         * TransferMessage
         * @description Funds that came, left, or wait to leave.
         *
         *         Attributes:
         *             sequence: the command.
         *             kind: what happened.
         *             amount: how much; of a withdrawal request, what waits altogether.
         *             available: what could be traded afterwards.
         *             salt: of a voucher, which; otherwise null.
         */
        TransferMessage: {
            /** @description plain decimal text, such as 2500.5 */
            amount: string;
            /** @description the symbol of a market or an asset */
            asset: string;
            /** @description milliseconds since the Unix epoch */
            at_ms: number;
            /** @description plain decimal text, such as 2500.5 */
            available: string;
            /** @enum {unknown} */
            kind: "deposit" | "voucher" | "voucher_expired" | "voucher_redeemed" | "withdrawal" | "withdrawal_request";
            /** @default null */
            salt?: string | null;
            sequence: number;
        };
        /**
         * TransfersAnswer
         * @description Transfers, newest first; ``next`` is the cursor of the next page, null on the last.
         */
        TransfersAnswer: {
            /** @default null */
            next?: string | null;
            transfers: components["schemas"]["TransferMessage"][];
        };
        /**
         * UnsubscribeOp
         * @description Hear channels no longer.
         */
        UnsubscribeOp: {
            channels: components["schemas"]["Channel"][];
            id: number | string;
            /** @enum {unknown} */
            op: "unsubscribe";
        };
        /**
         * UserMessage
         * @description An account, as who runs the exchange sees it.
         *
         *         Attributes:
         *             role: what it may do beside trading.
         *             tier: its risk tier, and what that allows.
         *             group: the group of accounts that self-trade prevention takes for one; null for none.
         *             stopped: its kill switch is engaged: nothing of it enters.
         *             short: a failed settlement left it short.
         *             logins: open sessions.
         *             orders: the newest open orders, 100 at most.
         *             open_orders: how many there are.
         *             rates: what it is charged in each market.
         *             cancels_on_disconnect: its orders go when its last connection ends.
         */
        UserMessage: {
            /** @description an account: an EIP-55 address on chains */
            account: string;
            balances: components["schemas"]["BalanceMessage"][];
            cancels_on_disconnect: boolean;
            group: string | null;
            limits: components["schemas"]["LimitsMessage"];
            logins: number;
            open_orders: number;
            orders: components["schemas"]["OrderMessage"][];
            rates: components["schemas"]["MarketRatesMessage"][];
            /** @enum {unknown} */
            role: "admin" | "operator" | "support" | "trader";
            short: boolean;
            stopped: boolean;
            tier: string;
        };
        /**
         * UsersAnswer
         * @description Accounts that ever had funds, by address; ``next`` goes into ``after``, null on the last page.
         */
        UsersAnswer: {
            /** @default null */
            next?: string | null;
            users: components["schemas"]["UserSummaryMessage"][];
        };
        /**
         * UserSummaryMessage
         * @description An account in a list.
         *
         *         Attributes:
         *             tier: its risk tier.
         *             stopped: its kill switch is engaged: nothing of it enters.
         *             short: a failed settlement left it short; it can not place or withdraw.
         */
        UserSummaryMessage: {
            /** @description an account: an EIP-55 address on chains */
            account: string;
            open_orders: number;
            /** @enum {unknown} */
            role: "admin" | "operator" | "support" | "trader";
            short: boolean;
            stopped: boolean;
            tier: string;
        };
        /**
         * VoucherMessage
         * @description An open voucher with the operator's signature, for ``withdrawWithVoucher``.
         *
         *         Attributes:
         *             asset: what.
         *             amount: how much, as decimal text.
         *             account: who may redeem it.
         *             token: the asset's contract.
         *             atoms: the amount in atoms; the struct's ``amount``.
         *             recipient: the address that is paid.
         *             salt: tells the account's vouchers apart.
         *             deadline_s: until when it is paid; the struct's ``deadline``.
         *             min_batch: it is paid once this batch has settled; the struct's ``minBatch``.
         *             signature: 65 bytes r, s, v.
         */
        VoucherMessage: {
            /** @description an account: an EIP-55 address on chains */
            account: string;
            /** @description plain decimal text, such as 2500.5 */
            amount: string;
            /** @description the symbol of a market or an asset */
            asset: string;
            /** @description an integer, as decimal digits */
            atoms: string;
            /** @description Unix seconds */
            deadline_s: number;
            min_batch: number;
            /** @description an account: an EIP-55 address on chains */
            recipient: string;
            /** @description an integer, as decimal digits */
            salt: string;
            /** @description 0x and hexadecimal digits */
            signature: string;
            /** @description an account: an EIP-55 address on chains */
            token: string;
        };
        /**
         * VoucherRequest
         * @description A withdrawal that the vault pays at once, out of settled funds.
         *
         *         Attributes:
         *             asset: what.
         *             amount: how much.
         *             recipient: the address that is paid; the account itself when left out.
         *             salt: your own number for it, ``2**40`` or higher and above every one before. The same
         *                 request again gives the same voucher while it is open, and is refused after. Left out,
         *                 each request is another voucher.
         */
        VoucherRequest: {
            /** @description plain decimal text, such as 2500.5 */
            amount: string;
            /** @description the symbol of a market or an asset */
            asset: string;
            /** @default null */
            recipient?: string | null;
            /** @default null */
            salt?: string | null;
        };
        /**
         * VouchersAnswer
         * @description The account's vouchers that were neither paid nor ran out, as far as final blocks say.
         */
        VouchersAnswer: {
            vouchers: components["schemas"]["VoucherMessage"][];
        };
        /**
         * VoucherStatusMessage
         * @description How far a voucher has come.
         *
         *         Attributes:
         *             salt: tells the account's vouchers apart.
         *             amount: how much.
         *             recipient: the address that the vault pays.
         *             deadline: until when the vault pays, Unix seconds.
         *             min_batch: the vault pays once this batch has settled.
         *             state: open until a final block paid it, or can pay it no more.
         *             ended_at_ms: when that was told; null while it is open.
         */
        VoucherStatusMessage: {
            /** @description plain decimal text, such as 2500.5 */
            amount: string;
            /** @description the symbol of a market or an asset */
            asset: string;
            /** @description Unix seconds */
            deadline: number;
            /** @default null */
            ended_at_ms?: number | null;
            /** @description milliseconds since the Unix epoch */
            issued_at_ms: number;
            min_batch: number;
            /** @description an account: an EIP-55 address on chains */
            recipient: string;
            /** @description an integer, as decimal digits */
            salt: string;
            /** @enum {unknown} */
            state: "expired" | "open" | "redeemed";
        };
        /**
         * WordMessage
         * @description One line of what a wallet shows before it signs.
         */
        WordMessage: {
            label: string;
            text: string;
        };
        /**
         * WorstCaseMessage
         * @description What its trader can at worst end up with.
         *
         *         Attributes:
         *             pays_at_most: a buyer's fee included.
         *             pays_asset: in this asset.
         *             receives_at_least: when `quantity` trades, a seller's fee taken off.
         *             receives_asset: in this asset.
         *             quantity: what trades at the limit, in base: all of it, or what its budget pays for.
         *             fee: in quote, at the limit and the highest rate that may ever be charged.
         */
        WorstCaseMessage: {
            /** @description plain decimal text, such as 2500.5 */
            fee: string;
            /** @description the symbol of a market or an asset */
            pays_asset: string;
            /** @description plain decimal text, such as 2500.5 */
            pays_at_most: string;
            /** @description plain decimal text, such as 2500.5 */
            quantity: string;
            /** @description the symbol of a market or an asset */
            receives_asset: string;
            /** @description plain decimal text, such as 2500.5 */
            receives_at_least: string;
        };
    };
    responses: {
        /** @description What was sent is not of the documented form */
        400: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It does not say, or not credibly, who asks */
        401: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description This account, key or session may not do it */
        403: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such thing, or it is somebody else's */
        404: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It was sent too long ago to be done */
        408: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It does not go with how things stand */
        409: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It is longer than any message */
        413: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It is not declared as application/json */
        415: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The rules of trading refuse it */
        422: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too much was asked for: Retry-After says when to ask again */
        429: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description What is needed for it is away for now */
        503: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It may have been done: ask before sending it again */
        504: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    AccountBalancesListBalances: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "balances": [
                     *         {
                     *           "asset": "USDC",
                     *           "available": "1",
                     *           "held": "1",
                     *           "in_flight_in": "1",
                     *           "in_flight_out": "1",
                     *           "total": "1",
                     *           "withdrawing": "1"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["BalancesAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountDepositsListDeposits: {
        parameters: {
            query?: {
                /**
                 * @description an asset's symbol
                 * @example USDC
                 */
                asset?: string;
                /**
                 * @description the `next` of the page before
                 * @example Ny4wLjI
                 */
                before?: string;
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "transfers": [
                     *         {
                     *           "amount": "250",
                     *           "asset": "USDC",
                     *           "at_ms": 1798761600000,
                     *           "available": "1",
                     *           "kind": "deposit",
                     *           "sequence": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["TransfersAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountFeesGetFees: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "limits": {
                     *         "killed": false,
                     *         "tier": "text"
                     *       },
                     *       "markets": [
                     *         {
                     *           "maker_fee_ppm": 1,
                     *           "market": "ETH-USDC",
                     *           "taker_fee_ppm": 1,
                     *           "tier": 1,
                     *           "volume": "1",
                     *           "volume_asset": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["AccountFeesAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountFillsListFills: {
        parameters: {
            query?: {
                /**
                 * @description the cursor that the last page gave
                 * @example Ny4wLjI
                 */
                before?: string;
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
                /**
                 * @description a market's symbol
                 * @example ETH-USDC
                 */
                market?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "fills": [
                     *         {
                     *           "at_ms": 1798761600000,
                     *           "fee": "1",
                     *           "fee_asset": "text",
                     *           "fill_id": "393216",
                     *           "liquidity": "maker",
                     *           "market": "ETH-USDC",
                     *           "order_id": "1280",
                     *           "price": "2500.50",
                     *           "quantity": "1.5",
                     *           "side": "buy",
                     *           "stage": "confirmed",
                     *           "type": "fill"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["FillsAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountLedgerListEntries: {
        parameters: {
            query?: {
                /**
                 * @description an asset's symbol
                 * @example USDC
                 */
                asset?: string;
                /**
                 * @description the `next` of the page before
                 * @example Ny4wLjI
                 */
                before?: string;
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "complete_from": 1,
                     *       "entries": [
                     *         {
                     *           "amount": "250",
                     *           "asset": "USDC",
                     *           "at_ms": 1798761600000,
                     *           "balance": "1",
                     *           "kind": "deposit",
                     *           "part": "fees",
                     *           "sequence": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["LedgerAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountSessionsListSessionKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "session_keys": [
                     *         {
                     *           "buy_budget": "1",
                     *           "buy_reserved": "1",
                     *           "expiry_s": 1798765200,
                     *           "key": "text",
                     *           "market": "ETH-USDC",
                     *           "revoked": false,
                     *           "sell_budget": "1",
                     *           "sell_reserved": "1"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["SessionKeysAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountSolvencyGetSolvency: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *       "assets": [
                     *         {
                     *           "asset": "USDC",
                     *           "liabilities": "1",
                     *           "on_chain": "1",
                     *           "total": "1"
                     *         }
                     *       ],
                     *       "sequence": 1,
                     *       "state_hash": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["SolvencyAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountSolvencyProofGetSolvencyProof: {
        parameters: {
            query: {
                /**
                 * @description an asset's symbol
                 * @example USDC
                 */
                asset: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "0x1111111111111111111111111111111111111111",
                     *       "amount": "1500000",
                     *       "block": 21000000,
                     *       "chain_id": 1,
                     *       "contract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
                     *       "root": "0x7201e3207196d9ac03435022f02ecd2872596a9499558a39bad528f16970544d",
                     *       "steps": [
                     *         {
                     *           "hash": "0xb0c9ffefa0af7f54c84c81ea9c39f890f8c4d582a3dbe7af6bf7f2e0d0fecabb",
                     *           "left": false,
                     *           "sum": "20000000"
                     *         },
                     *         {
                     *           "hash": "0x376c5c6ac2034612c2b016fb1cf98c9683ff66237ff03fe9850b76385dbfd1b1",
                     *           "left": false,
                     *           "sum": "7"
                     *         }
                     *       ],
                     *       "token": "0x7070707070707070707070707070707070707070",
                     *       "total": "21500007"
                     *     }
                     */
                    "application/json": components["schemas"]["SolvencyProof"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountVouchersListVouchers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "vouchers": [
                     *         {
                     *           "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *           "amount": "250",
                     *           "asset": "USDC",
                     *           "atoms": "1",
                     *           "deadline_s": 1,
                     *           "min_batch": 1,
                     *           "recipient": "text",
                     *           "salt": "81985529216486895",
                     *           "signature": "0x5a",
                     *           "token": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["VouchersAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountVouchersIssueVoucher: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "amount": "250",
                 *       "asset": "USDC"
                 *     }
                 */
                "application/json": components["schemas"]["VoucherRequest"];
            };
        };
        responses: {
            /** @description Document created, URL follows */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *       "amount": "250",
                     *       "asset": "USDC",
                     *       "atoms": "1",
                     *       "deadline_s": 1,
                     *       "min_batch": 1,
                     *       "recipient": "text",
                     *       "salt": "81985529216486895",
                     *       "signature": "0x5a",
                     *       "token": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["VoucherMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountVouchersSaltGetVoucher: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 81985529216486895 */
                salt: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "amount": "250",
                     *       "asset": "USDC",
                     *       "deadline": 1,
                     *       "issued_at_ms": 1798761600000,
                     *       "min_batch": 1,
                     *       "recipient": "text",
                     *       "salt": "81985529216486895",
                     *       "state": "expired"
                     *     }
                     */
                    "application/json": components["schemas"]["VoucherStatusMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AccountWithdrawalsListWithdrawals: {
        parameters: {
            query?: {
                /**
                 * @description an asset's symbol
                 * @example USDC
                 */
                asset?: string;
                /**
                 * @description the `next` of the page before
                 * @example Ny4wLjI
                 */
                before?: string;
                /**
                 * @description one kind of withdrawal only
                 * @example withdrawal
                 */
                kind?: "withdrawal" | "withdrawal_request" | "voucher" | "voucher_redeemed" | "voucher_expired";
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "transfers": [
                     *         {
                     *           "amount": "250",
                     *           "asset": "USDC",
                     *           "at_ms": 1798761600000,
                     *           "available": "1",
                     *           "kind": "deposit",
                     *           "sequence": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["TransfersAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminActionsListActions: {
        parameters: {
            query?: {
                /**
                 * @description the `next` of the page before
                 * @example Ny4wLjI
                 */
                before?: string;
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
                /**
                 * @description actions that are so now
                 * @example proposed
                 */
                status?: "proposed" | "running" | "done" | "refused" | "canceled" | "expired" | "unknown";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "actions": [
                     *         {
                     *           "action": {},
                     *           "after": "Ny4wLjI",
                     *           "before": "Ny4wLjI",
                     *           "created_at_ms": 1798761600000,
                     *           "decided_at_ms": 1798761600000,
                     *           "decided_by": "text",
                     *           "digest": "text",
                     *           "expires_at_ms": 1798761600000,
                     *           "id": "5376",
                     *           "kind": "text",
                     *           "problem": {
                     *             "code": 1,
                     *             "detail": "text",
                     *             "reason": "text",
                     *             "status": 1,
                     *             "title": "text",
                     *             "type": "text"
                     *           },
                     *           "proposer": "text",
                     *           "reason": "text",
                     *           "state": "canceled",
                     *           "subject": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ActionsAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminActionsDoAction: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminActionRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action": {},
                     *       "after": "Ny4wLjI",
                     *       "before": "Ny4wLjI",
                     *       "created_at_ms": 1798761600000,
                     *       "decided_at_ms": 1798761600000,
                     *       "decided_by": "text",
                     *       "digest": "text",
                     *       "expires_at_ms": 1798761600000,
                     *       "id": "5376",
                     *       "kind": "text",
                     *       "problem": {
                     *         "code": 1,
                     *         "detail": "text",
                     *         "reason": "text",
                     *         "status": 1,
                     *         "title": "text",
                     *         "type": "text"
                     *       },
                     *       "proposer": "text",
                     *       "reason": "text",
                     *       "state": "canceled",
                     *       "subject": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["ActionMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminActionsActionIdGetAction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example text */
                action_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action": {},
                     *       "after": "Ny4wLjI",
                     *       "before": "Ny4wLjI",
                     *       "created_at_ms": 1798761600000,
                     *       "decided_at_ms": 1798761600000,
                     *       "decided_by": "text",
                     *       "digest": "text",
                     *       "expires_at_ms": 1798761600000,
                     *       "id": "5376",
                     *       "kind": "text",
                     *       "problem": {
                     *         "code": 1,
                     *         "detail": "text",
                     *         "reason": "text",
                     *         "status": 1,
                     *         "title": "text",
                     *         "type": "text"
                     *       },
                     *       "proposer": "text",
                     *       "reason": "text",
                     *       "state": "canceled",
                     *       "subject": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["ActionMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminActionsActionIdCancelCancelAction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example text */
                action_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CancelActionRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action": {},
                     *       "after": "Ny4wLjI",
                     *       "before": "Ny4wLjI",
                     *       "created_at_ms": 1798761600000,
                     *       "decided_at_ms": 1798761600000,
                     *       "decided_by": "text",
                     *       "digest": "text",
                     *       "expires_at_ms": 1798761600000,
                     *       "id": "5376",
                     *       "kind": "text",
                     *       "problem": {
                     *         "code": 1,
                     *         "detail": "text",
                     *         "reason": "text",
                     *         "status": 1,
                     *         "title": "text",
                     *         "type": "text"
                     *       },
                     *       "proposer": "text",
                     *       "reason": "text",
                     *       "state": "canceled",
                     *       "subject": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["ActionMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminActionsActionIdConfirmConfirmAction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example text */
                action_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConfirmActionRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action": {},
                     *       "after": "Ny4wLjI",
                     *       "before": "Ny4wLjI",
                     *       "created_at_ms": 1798761600000,
                     *       "decided_at_ms": 1798761600000,
                     *       "decided_by": "text",
                     *       "digest": "text",
                     *       "expires_at_ms": 1798761600000,
                     *       "id": "5376",
                     *       "kind": "text",
                     *       "problem": {
                     *         "code": 1,
                     *         "detail": "text",
                     *         "reason": "text",
                     *         "status": 1,
                     *         "title": "text",
                     *         "type": "text"
                     *       },
                     *       "proposer": "text",
                     *       "reason": "text",
                     *       "state": "canceled",
                     *       "subject": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["ActionMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminAlarmsListAlarms: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "alarms": [
                     *         {
                     *           "detail": "text",
                     *           "severity": "critical",
                     *           "source": "chain"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["AlarmsAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminAuditListAudit: {
        parameters: {
            query?: {
                /**
                 * @description entries with smaller ids
                 * @example 1
                 */
                before?: number;
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entries": [
                     *         {
                     *           "action": "text",
                     *           "actor": "text",
                     *           "at_ms": 1798761600000,
                     *           "detail": "text",
                     *           "id": 1,
                     *           "subject": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["AuditAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminFeesListFeeTables: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "markets": [
                     *         {
                     *           "charged": {
                     *             "maker_fee_ppm": 1,
                     *             "taker_fee_ppm": 1
                     *           },
                     *           "collected": "1",
                     *           "in_flight": "1",
                     *           "listed": {
                     *             "maker_fee_ppm": 1,
                     *             "taker_fee_ppm": 1
                     *           },
                     *           "market": "ETH-USDC",
                     *           "planned": [
                     *             {
                     *               "due_ms": 1798761600000
                     *             }
                     *           ],
                     *           "quote": "USDC"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["FeeTablesAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminHaltsGetHalts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "exchange": "text",
                     *       "kill_switch": false,
                     *       "markets": [
                     *         {
                     *           "isolated": false,
                     *           "market": "ETH-USDC",
                     *           "state": "auction_open"
                     *         }
                     *       ],
                     *       "matching": "text",
                     *       "planned": {},
                     *       "settlement": "text",
                     *       "stopped_count": 1,
                     *       "withdrawals": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["HaltsAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminMarketsListAdminMarkets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "markets": [
                     *         {
                     *           "isolated": false,
                     *           "market": {
                     *             "base": {
                     *               "decimals": 1,
                     *               "id": "5376"
                     *             },
                     *             "id": "5376",
                     *             "lot": "1",
                     *             "lot_size": "1",
                     *             "maker_fee_ppm": 1,
                     *             "minimum_notional": "1",
                     *             "number": 1,
                     *             "quote": {
                     *               "decimals": 1,
                     *               "id": "5376"
                     *             },
                     *             "state": "auction_open",
                     *             "taker_fee_ppm": 1,
                     *             "tick": "1",
                     *             "tick_size": "1"
                     *           },
                     *           "moves": [
                     *             "auction_open"
                     *           ],
                     *           "open_orders": 1,
                     *           "plans": [
                     *             {
                     *               "due_ms": 1798761600000
                     *             }
                     *           ],
                     *           "waiting_orders": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["AdminMarketsAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminMarketsMarketIdGetAdminMarket: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example ETH-USDC */
                market_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "isolated": false,
                     *       "market": {
                     *         "base": {
                     *           "decimals": 1,
                     *           "id": "5376"
                     *         },
                     *         "id": "5376",
                     *         "lot": "1",
                     *         "lot_size": "1",
                     *         "maker_fee_ppm": 1,
                     *         "minimum_notional": "1",
                     *         "number": 1,
                     *         "quote": {
                     *           "decimals": 1,
                     *           "id": "5376"
                     *         },
                     *         "state": "auction_open",
                     *         "taker_fee_ppm": 1,
                     *         "tick": "1",
                     *         "tick_size": "1"
                     *       },
                     *       "moves": [
                     *         "auction_open"
                     *       ],
                     *       "open_orders": 1,
                     *       "plans": [
                     *         {
                     *           "due_ms": 1798761600000
                     *         }
                     *       ],
                     *       "waiting_orders": 1
                     *     }
                     */
                    "application/json": components["schemas"]["AdminMarketMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminProposalsProposeAction: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminProposalRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action": {},
                     *       "after": "Ny4wLjI",
                     *       "before": "Ny4wLjI",
                     *       "created_at_ms": 1798761600000,
                     *       "decided_at_ms": 1798761600000,
                     *       "decided_by": "text",
                     *       "digest": "text",
                     *       "expires_at_ms": 1798761600000,
                     *       "id": "5376",
                     *       "kind": "text",
                     *       "problem": {
                     *         "code": 1,
                     *         "detail": "text",
                     *         "reason": "text",
                     *         "status": 1,
                     *         "title": "text",
                     *         "type": "text"
                     *       },
                     *       "proposer": "text",
                     *       "reason": "text",
                     *       "state": "canceled",
                     *       "subject": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["ActionMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminRiskGetRisk: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "kill_switch": false,
                     *       "stopped": [
                     *         "text"
                     *       ],
                     *       "stopped_count": 1,
                     *       "tiers": [
                     *         {
                     *           "accounts": 1,
                     *           "configured": false,
                     *           "limits": {},
                     *           "tier": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RiskAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminRolesListRoles: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "roles": [
                     *         {
                     *           "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *           "granted_at_ms": 1798761600000,
                     *           "granted_by": "text",
                     *           "role": "admin"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RolesAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminRolesAccountSetRole: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 */
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "role": "admin"
                 *     }
                 */
                "application/json": components["schemas"]["RoleRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, nothing follows */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminSettlementGetSettlement: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "alarm": "text",
                     *       "error": "text",
                     *       "figures": {
                     *         "ok": false,
                     *         "oldest_ms": 1798761600000,
                     *         "paused": "text",
                     *         "unsettled": 1,
                     *         "waiting": 1
                     *       },
                     *       "halt_reason": "text",
                     *       "pause_reason": "text",
                     *       "queued": 1,
                     *       "state": "closed"
                     *     }
                     */
                    "application/json": components["schemas"]["SettlementStatusMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminSettlementBatchesListBatches: {
        parameters: {
            query?: {
                /**
                 * @description batches with smaller numbers
                 * @example 1
                 */
                before?: number;
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "batches": [
                     *         {
                     *           "batch": 1,
                     *           "changed_at_ms": 1798761600000,
                     *           "fills": 1,
                     *           "first_at_ms": 1798761600000,
                     *           "retries": 1,
                     *           "stage": "confirmed",
                     *           "transactions": [
                     *             {
                     *               "hash": "text",
                     *               "state": "text"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["SettlementBatchesAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminStatisticsGetStatistics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accepting": false,
                     *       "accounts": 1,
                     *       "alarms": 1,
                     *       "commands_per_second": "1",
                     *       "fills_per_second": "1",
                     *       "halted": "text",
                     *       "journal_position": 1,
                     *       "kill_switch": false,
                     *       "markets": [
                     *         {
                     *           "fills_per_second": "1",
                     *           "last": "1",
                     *           "market": "ETH-USDC",
                     *           "state": "auction_open",
                     *           "trades_24h": 1,
                     *           "turnover_24h": "1",
                     *           "volume_24h": "1"
                     *         }
                     *       ],
                     *       "open_orders": 1,
                     *       "orders_per_second": "1",
                     *       "records_lag": 1,
                     *       "records_ok": false,
                     *       "sequence": 1,
                     *       "settlement": {
                     *         "ok": false,
                     *         "oldest_ms": 1798761600000,
                     *         "paused": "text",
                     *         "unsettled": 1,
                     *         "waiting": 1
                     *       },
                     *       "snapshot_lag": 1,
                     *       "sockets": 1,
                     *       "stages": [
                     *         {
                     *           "count": 1,
                     *           "max_us": 1,
                     *           "p50_us": 1,
                     *           "p95_us": 1,
                     *           "p99_us": 1,
                     *           "stage": "journal_append"
                     *         }
                     *       ],
                     *       "time_ms": 1798761600000,
                     *       "type": "statistics",
                     *       "waiting": 1
                     *     }
                     */
                    "application/json": components["schemas"]["StatisticsMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminUsersListUsers: {
        parameters: {
            query?: {
                /**
                 * @description the `next` of the page before
                 * @example Ny4wLjI
                 */
                after?: string;
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "users": [
                     *         {
                     *           "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *           "open_orders": 1,
                     *           "role": "admin",
                     *           "short": false,
                     *           "stopped": false,
                     *           "tier": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["UsersAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AdminUsersAccountGetUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *       "balances": [
                     *         {
                     *           "asset": "USDC",
                     *           "available": "1",
                     *           "held": "1",
                     *           "in_flight_in": "1",
                     *           "in_flight_out": "1",
                     *           "total": "1",
                     *           "withdrawing": "1"
                     *         }
                     *       ],
                     *       "cancels_on_disconnect": false,
                     *       "group": "text",
                     *       "limits": {},
                     *       "logins": 1,
                     *       "open_orders": 1,
                     *       "orders": [
                     *         {
                     *           "accepted_at_ms": 1798761600000,
                     *           "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *           "filled": "1",
                     *           "market": "ETH-USDC",
                     *           "open": "1",
                     *           "order_id": "1280",
                     *           "order_type": "limit",
                     *           "post_only": false,
                     *           "price": "2500.50",
                     *           "quantity": "1.5",
                     *           "self_trade": "cancel_aggressor",
                     *           "side": "buy",
                     *           "status": "canceled",
                     *           "time_in_force": "fok"
                     *         }
                     *       ],
                     *       "rates": [
                     *         {
                     *           "maker_fee_ppm": 1,
                     *           "market": "ETH-USDC",
                     *           "taker_fee_ppm": 1,
                     *           "tier": 1,
                     *           "volume": "1",
                     *           "volume_asset": "text"
                     *         }
                     *       ],
                     *       "role": "admin",
                     *       "short": false,
                     *       "stopped": false,
                     *       "tier": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["UserMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthActionsBeginAction: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "body_sha256": "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
                 *       "method": "DELETE",
                 *       "target": "/auth/api-keys"
                 *     }
                 */
                "application/json": components["schemas"]["ActionRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "expires_at_ms": 1798761600000,
                     *       "message": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["ActionAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthActionsConfirmConfirmAction: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "message": "text",
                 *       "signature": "0x5a"
                 *     }
                 */
                "application/json": components["schemas"]["ConfirmRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action_token": "text",
                     *       "expires_at_ms": 1798761600000
                     *     }
                     */
                    "application/json": components["schemas"]["ActionTokenAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthApiKeysListKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "created_at_ms": 1798761600000,
                     *           "expires_at_ms": 1798761600000,
                     *           "id": "5376",
                     *           "kind": "ed25519",
                     *           "markets": [
                     *             "ETH-USDC"
                     *           ],
                     *           "name": "text",
                     *           "networks": [
                     *             "192.0.2.0/24"
                     *           ],
                     *           "scopes": [
                     *             "read"
                     *           ],
                     *           "used_at_ms": 1798761600000
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ApiKeysAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthApiKeysMakeKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "expires_at_ms": 1798761600000,
                 *       "kind": "hmac",
                 *       "name": "market maker",
                 *       "scopes": [
                 *         "read",
                 *         "trade"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ApiKeyRequest"];
            };
        };
        responses: {
            /** @description Document created, URL follows */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "key": {
                     *         "created_at_ms": 1798761600000,
                     *         "expires_at_ms": 1798761600000,
                     *         "id": "5376",
                     *         "kind": "ed25519",
                     *         "markets": [
                     *           "ETH-USDC"
                     *         ],
                     *         "name": "text",
                     *         "networks": [
                     *           "192.0.2.0/24"
                     *         ],
                     *         "scopes": [
                     *           "read"
                     *         ],
                     *         "used_at_ms": 1798761600000
                     *       },
                     *       "secret": "0x5a"
                     *     }
                     */
                    "application/json": components["schemas"]["ApiKeyAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthApiKeysKeyIdDeleteKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example text */
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revoked": 1
                     *     }
                     */
                    "application/json": components["schemas"]["RevokedAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthLoginLogin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "message": "localhost:8000 wants you to sign in with your Ethereum account:\n0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n\n\nURI: http://localhost:8000\nVersion: 1\nChain ID: 31337\nNonce: a1B2c3D4e5F6\nIssued At: 2027-01-01T00:00:00Z",
                 *       "signature": "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a1b"
                 *     }
                 */
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_expires_at_ms": 1798761600000,
                     *       "access_token": "text",
                     *       "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *       "refresh_expires_at_ms": 1798761600000,
                     *       "refresh_token": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthLogoutLogout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, nothing follows */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthNonceIssueNonce: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "nonce": "18446744073709486080"
                     *     }
                     */
                    "application/json": components["schemas"]["NonceAnswer"];
                };
            };
            400: components["responses"]["400"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthRefreshRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh_token": "text"
                 *     }
                 */
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_expires_at_ms": 1798761600000,
                     *       "access_token": "text",
                     *       "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *       "refresh_expires_at_ms": 1798761600000,
                     *       "refresh_token": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthRevokeRevokeToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "text"
                 *     }
                 */
                "application/json": components["schemas"]["RevokeRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, nothing follows */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthSessionsListSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sessions": [
                     *         {
                     *           "address": "192.0.2.1",
                     *           "current": false,
                     *           "ends_at_ms": 1798761600000,
                     *           "id": "5376",
                     *           "opened_at_ms": 1798761600000,
                     *           "used_at_ms": 1798761600000,
                     *           "user_agent": "hybrid-dex-client/0.1"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["SessionsAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthSessionsRevokeOtherSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revoked": 1
                     *     }
                     */
                    "application/json": components["schemas"]["RevokedAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    AuthSessionsSessionIdRevokeSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example text */
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revoked": 1
                     *     }
                     */
                    "application/json": components["schemas"]["RevokedAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    HealthLiveGetLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example {} */
                    "application/json": components["schemas"]["LivenessAnswer"];
                };
            };
            400: components["responses"]["400"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    HealthReadyGetReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "halted": "text",
                     *       "journal_ok": false,
                     *       "ready": false,
                     *       "records_lag": 1,
                     *       "records_ok": false,
                     *       "sequence": 1,
                     *       "settlement_ok": false,
                     *       "settlement_waiting": 1
                     *     }
                     */
                    "application/json": components["schemas"]["HealthAnswer"];
                };
            };
            400: components["responses"]["400"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    InfoGetInfo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "assets": [
                     *         {
                     *           "decimals": 1,
                     *           "id": "5376"
                     *         }
                     *       ],
                     *       "login": {
                     *         "chain_id": 1,
                     *         "domain": "text",
                     *         "uri": "text"
                     *       },
                     *       "name": "text",
                     *       "requires_signature": false,
                     *       "version": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["InfoAnswer"];
                };
            };
            400: components["responses"]["400"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    MarketsListMarkets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "markets": [
                     *         {
                     *           "base": {
                     *             "decimals": 1,
                     *             "id": "5376"
                     *           },
                     *           "id": "5376",
                     *           "lot": "1",
                     *           "lot_size": "1",
                     *           "maker_fee_ppm": 1,
                     *           "minimum_notional": "1",
                     *           "number": 1,
                     *           "quote": {
                     *             "decimals": 1,
                     *             "id": "5376"
                     *           },
                     *           "state": "auction_open",
                     *           "taker_fee_ppm": 1,
                     *           "tick": "1",
                     *           "tick_size": "1"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MarketsAnswer"];
                };
            };
            400: components["responses"]["400"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    MarketsMarketIdGetMarket: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example ETH-USDC */
                market_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "base": {
                     *         "decimals": 1,
                     *         "id": "5376"
                     *       },
                     *       "id": "5376",
                     *       "lot": "1",
                     *       "lot_size": "1",
                     *       "maker_fee_ppm": 1,
                     *       "minimum_notional": "1",
                     *       "number": 1,
                     *       "quote": {
                     *         "decimals": 1,
                     *         "id": "5376"
                     *       },
                     *       "state": "auction_open",
                     *       "taker_fee_ppm": 1,
                     *       "tick": "1",
                     *       "tick_size": "1"
                     *     }
                     */
                    "application/json": components["schemas"]["MarketMessage"];
                };
            };
            400: components["responses"]["400"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    MarketsMarketIdBookGetBook: {
        parameters: {
            query?: {
                /**
                 * @description levels a side at most
                 * @example 1
                 */
                depth?: number;
            };
            header?: never;
            path: {
                /** @example ETH-USDC */
                market_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "asks": [
                     *         [
                     *           "1",
                     *           "1"
                     *         ]
                     *       ],
                     *       "at_ms": 1798761600000,
                     *       "bids": [
                     *         [
                     *           "1",
                     *           "1"
                     *         ]
                     *       ],
                     *       "kind": "delta",
                     *       "market": "ETH-USDC",
                     *       "sequence": 1,
                     *       "type": "book"
                     *     }
                     */
                    "application/json": components["schemas"]["BookMessage"];
                };
            };
            400: components["responses"]["400"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    MarketsMarketIdCandlesListCandles: {
        parameters: {
            query: {
                /**
                 * @description the `next` of the page before
                 * @example Ny4wLjI
                 */
                before?: string;
                /**
                 * @description from this time on, Unix milliseconds
                 * @example 1798761600000
                 */
                from_ms?: number;
                /**
                 * @description how long a candle lasts
                 * @example 1m
                 */
                interval: "1m" | "5m" | "15m" | "1h" | "4h" | "1d";
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
                /**
                 * @description before this time, Unix milliseconds
                 * @example 1798761600000
                 */
                to_ms?: number;
            };
            header?: never;
            path: {
                /** @example ETH-USDC */
                market_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "candles": [
                     *         {
                     *           "close": "1",
                     *           "high": "1",
                     *           "interval": "15m",
                     *           "low": "1",
                     *           "market": "ETH-USDC",
                     *           "open": "1",
                     *           "start_ms": 1798761600000,
                     *           "trades": 1,
                     *           "turnover": "1",
                     *           "type": "candle",
                     *           "volume": "1"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["CandlesAnswer"];
                };
            };
            400: components["responses"]["400"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    MarketsMarketIdTickerGetTicker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example ETH-USDC */
                market_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ask": "1",
                     *       "ask_quantity": "1",
                     *       "at_ms": 1798761600000,
                     *       "bid": "1",
                     *       "bid_quantity": "1",
                     *       "change_percent": "1",
                     *       "high": "1",
                     *       "last": "1",
                     *       "low": "1",
                     *       "market": "ETH-USDC",
                     *       "open": "1",
                     *       "trades": 1,
                     *       "turnover": "1",
                     *       "type": "ticker",
                     *       "volume": "1"
                     *     }
                     */
                    "application/json": components["schemas"]["TickerMessage"];
                };
            };
            400: components["responses"]["400"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    MarketsMarketIdTradesListTrades: {
        parameters: {
            query?: {
                /**
                 * @description the cursor that the last page gave
                 * @example Ny4wLjI
                 */
                before?: string;
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
            };
            header?: never;
            path: {
                /** @example ETH-USDC */
                market_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "trades": [
                     *         {
                     *           "at_ms": 1798761600000,
                     *           "fill_id": "393216",
                     *           "market": "ETH-USDC",
                     *           "price": "2500.50",
                     *           "quantity": "1.5",
                     *           "taker_side": "buy",
                     *           "type": "trade"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["TradesAnswer"];
                };
            };
            400: components["responses"]["400"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersListOrders: {
        parameters: {
            query?: {
                /**
                 * @description the cursor that the last page gave
                 * @example Ny4wLjI
                 */
                before?: string;
                /**
                 * @description from this time on, Unix milliseconds
                 * @example 1798761600000
                 */
                from_ms?: number;
                /**
                 * @description how many at most
                 * @example 1
                 */
                limit?: number;
                /**
                 * @description a market's symbol
                 * @example ETH-USDC
                 */
                market?: string;
                /**
                 * @description orders that are so now
                 * @example new
                 */
                status?: "new" | "partially_filled" | "filled" | "canceled" | "expired";
                /**
                 * @description before this time, Unix milliseconds
                 * @example 1798761600000
                 */
                to_ms?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "orders": [
                     *         {
                     *           "accepted_at_ms": 1798761600000,
                     *           "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *           "filled": "1",
                     *           "market": "ETH-USDC",
                     *           "open": "1",
                     *           "order_id": "1280",
                     *           "order_type": "limit",
                     *           "post_only": false,
                     *           "price": "2500.50",
                     *           "quantity": "1.5",
                     *           "self_trade": "cancel_aggressor",
                     *           "side": "buy",
                     *           "status": "canceled",
                     *           "time_in_force": "fok"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["OrdersAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersPlaceOrder: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "client_order_id": "ladder-7",
                 *       "expiry_s": 1798765200,
                 *       "market": "ETH-USDC",
                 *       "max_fee_ppm": 500,
                 *       "nonce": "4294967296",
                 *       "price": "2500.50",
                 *       "quantity": "1.5",
                 *       "side": "buy",
                 *       "signature": "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a1b",
                 *       "time_in_force": "gtc"
                 *     }
                 */
                "application/json": components["schemas"]["OrderRequest"];
            };
        };
        responses: {
            /** @description Document created, URL follows */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order": {
                     *         "accepted_at_ms": 1798761600000,
                     *         "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *         "filled": "1",
                     *         "market": "ETH-USDC",
                     *         "open": "1",
                     *         "order_id": "1280",
                     *         "order_type": "limit",
                     *         "post_only": false,
                     *         "price": "2500.50",
                     *         "quantity": "1.5",
                     *         "self_trade": "cancel_aggressor",
                     *         "side": "buy",
                     *         "status": "canceled",
                     *         "time_in_force": "fok"
                     *       },
                     *       "sequence": 1
                     *     }
                     */
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersCancelAllOrders: {
        parameters: {
            query?: {
                /**
                 * @description a market's symbol
                 * @example ETH-USDC
                 */
                market?: string;
                /**
                 * @description one side only
                 * @example buy
                 */
                side?: "buy" | "sell";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "canceled": [
                     *         "1"
                     *       ],
                     *       "sequence": 1
                     *     }
                     */
                    "application/json": components["schemas"]["CancelAllAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersOrderIdGetOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1280 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accepted_at_ms": 1798761600000,
                     *       "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *       "filled": "1",
                     *       "market": "ETH-USDC",
                     *       "open": "1",
                     *       "order_id": "1280",
                     *       "order_type": "limit",
                     *       "post_only": false,
                     *       "price": "2500.50",
                     *       "quantity": "1.5",
                     *       "self_trade": "cancel_aggressor",
                     *       "side": "buy",
                     *       "status": "canceled",
                     *       "time_in_force": "fok"
                     *     }
                     */
                    "application/json": components["schemas"]["OrderMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersOrderIdCancelOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1280 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order": {
                     *         "accepted_at_ms": 1798761600000,
                     *         "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *         "filled": "1",
                     *         "market": "ETH-USDC",
                     *         "open": "1",
                     *         "order_id": "1280",
                     *         "order_type": "limit",
                     *         "post_only": false,
                     *         "price": "2500.50",
                     *         "quantity": "1.5",
                     *         "self_trade": "cancel_aggressor",
                     *         "side": "buy",
                     *         "status": "canceled",
                     *         "time_in_force": "fok"
                     *       },
                     *       "sequence": 1
                     *     }
                     */
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersOrderIdReceiptCancelReceipt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1280 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "filled": 1,
                     *       "market": 1,
                     *       "nonce": "18446744073709486080",
                     *       "order_id": "1280",
                     *       "sequence": 1,
                     *       "signature": "0x5a",
                     *       "trader": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["CancelReceiptMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersOrderIdReduceReduceOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1280 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "by": "0.5"
                 *     }
                 */
                "application/json": components["schemas"]["ReduceRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order": {
                     *         "accepted_at_ms": 1798761600000,
                     *         "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *         "filled": "1",
                     *         "market": "ETH-USDC",
                     *         "open": "1",
                     *         "order_id": "1280",
                     *         "order_type": "limit",
                     *         "post_only": false,
                     *         "price": "2500.50",
                     *         "quantity": "1.5",
                     *         "self_trade": "cancel_aggressor",
                     *         "side": "buy",
                     *         "status": "canceled",
                     *         "time_in_force": "fok"
                     *       },
                     *       "sequence": 1
                     *     }
                     */
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersOrderIdReplaceReplaceOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1280 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "price": "2500.50",
                 *       "quantity": "1.5"
                 *     }
                 */
                "application/json": components["schemas"]["ReplaceRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order": {
                     *         "accepted_at_ms": 1798761600000,
                     *         "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *         "filled": "1",
                     *         "market": "ETH-USDC",
                     *         "open": "1",
                     *         "order_id": "1280",
                     *         "order_type": "limit",
                     *         "post_only": false,
                     *         "price": "2500.50",
                     *         "quantity": "1.5",
                     *         "self_trade": "cancel_aggressor",
                     *         "side": "buy",
                     *         "status": "canceled",
                     *         "time_in_force": "fok"
                     *       },
                     *       "sequence": 1
                     *     }
                     */
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersBatchPlaceBatch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "members": [
                 *         {
                 *           "op": "place",
                 *           "order": {
                 *             "client_order_id": "ladder-7",
                 *             "expiry_s": 1798765200,
                 *             "market": "ETH-USDC",
                 *             "max_fee_ppm": 500,
                 *             "nonce": "4294967296",
                 *             "price": "2500.50",
                 *             "quantity": "1.5",
                 *             "side": "buy",
                 *             "signature": "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a1b",
                 *             "time_in_force": "gtc"
                 *           }
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["BatchOrdersRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "members": [
                     *         {}
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["BatchAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersByClientIdClientOrderIdGetOrderByClientId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example ladder-7 */
                client_order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accepted_at_ms": 1798761600000,
                     *       "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *       "filled": "1",
                     *       "market": "ETH-USDC",
                     *       "open": "1",
                     *       "order_id": "1280",
                     *       "order_type": "limit",
                     *       "post_only": false,
                     *       "price": "2500.50",
                     *       "quantity": "1.5",
                     *       "self_trade": "cancel_aggressor",
                     *       "side": "buy",
                     *       "status": "canceled",
                     *       "time_in_force": "fok"
                     *     }
                     */
                    "application/json": components["schemas"]["OrderMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersByHashOrderHashGetOrderByHash: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a */
                order_hash: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accepted_at_ms": 1798761600000,
                     *       "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *       "filled": "1",
                     *       "market": "ETH-USDC",
                     *       "open": "1",
                     *       "order_id": "1280",
                     *       "order_type": "limit",
                     *       "post_only": false,
                     *       "price": "2500.50",
                     *       "quantity": "1.5",
                     *       "self_trade": "cancel_aggressor",
                     *       "side": "buy",
                     *       "status": "canceled",
                     *       "time_in_force": "fok"
                     *     }
                     */
                    "application/json": components["schemas"]["OrderMessage"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersLadderPlaceLadder: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LadderRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "at_ms": 1798761600000,
                     *       "rungs": [
                     *         {
                     *           "filled": "0",
                     *           "open": "0.5",
                     *           "order_id": "1280",
                     *           "status": "new"
                     *         },
                     *         {
                     *           "filled": "0",
                     *           "open": "0.5",
                     *           "order_id": "1281",
                     *           "status": "new"
                     *         },
                     *         {
                     *           "problem": {
                     *             "code": 3001,
                     *             "detail": "needs 2499.249 USDC, available 499.000125",
                     *             "field": "quantity",
                     *             "reason": "insufficient_funds",
                     *             "status": 422,
                     *             "title": "Insufficient funds",
                     *             "type": "urn:hybrid-dex:insufficient_funds",
                     *             "valid": ""
                     *           }
                     *         }
                     *       ],
                     *       "sequence": 5
                     *     }
                     */
                    "application/json": components["schemas"]["LadderAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersLinkedPlaceLinked: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkedRequest"];
            };
        };
        responses: {
            /** @description Document created, URL follows */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sequence": 1,
                     *       "stop": {
                     *         "order": {
                     *           "accepted_at_ms": 1798761600000,
                     *           "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *           "filled": "1",
                     *           "market": "ETH-USDC",
                     *           "open": "1",
                     *           "order_id": "1280",
                     *           "order_type": "limit",
                     *           "post_only": false,
                     *           "price": "2500.50",
                     *           "quantity": "1.5",
                     *           "self_trade": "cancel_aggressor",
                     *           "side": "buy",
                     *           "status": "canceled",
                     *           "time_in_force": "fok"
                     *         },
                     *         "sequence": 1
                     *       },
                     *       "take_profit": {
                     *         "order": {
                     *           "accepted_at_ms": 1798761600000,
                     *           "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *           "filled": "1",
                     *           "market": "ETH-USDC",
                     *           "open": "1",
                     *           "order_id": "1280",
                     *           "order_type": "limit",
                     *           "post_only": false,
                     *           "price": "2500.50",
                     *           "quantity": "1.5",
                     *           "self_trade": "cancel_aggressor",
                     *           "side": "buy",
                     *           "status": "canceled",
                     *           "time_in_force": "fok"
                     *         },
                     *         "sequence": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LinkedAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersOpenListOpenOrders: {
        parameters: {
            query?: {
                /**
                 * @description a market's symbol
                 * @example ETH-USDC
                 */
                market?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "orders": [
                     *         {
                     *           "accepted_at_ms": 1798761600000,
                     *           "account": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                     *           "filled": "1",
                     *           "market": "ETH-USDC",
                     *           "open": "1",
                     *           "order_id": "1280",
                     *           "order_type": "limit",
                     *           "post_only": false,
                     *           "price": "2500.50",
                     *           "quantity": "1.5",
                     *           "self_trade": "cancel_aggressor",
                     *           "side": "buy",
                     *           "status": "canceled",
                     *           "time_in_force": "fok"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["OrdersAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersPreviewPreviewOrder: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "client_order_id": "ladder-7",
                 *       "expiry_s": 1798765200,
                 *       "market": "ETH-USDC",
                 *       "max_fee_ppm": 500,
                 *       "nonce": "4294967296",
                 *       "price": "2500.50",
                 *       "quantity": "1.5",
                 *       "side": "buy",
                 *       "time_in_force": "gtc"
                 *     }
                 */
                "application/json": components["schemas"]["OrderRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "available": "1",
                     *       "fee_asset": "text",
                     *       "hold": "1",
                     *       "hold_asset": "text",
                     *       "maker_fee": "1",
                     *       "maker_fee_ppm": 1,
                     *       "taker_fee": "1",
                     *       "taker_fee_ppm": 1,
                     *       "worst_case": {
                     *         "fee": "1",
                     *         "pays_asset": "text",
                     *         "pays_at_most": "1",
                     *         "quantity": "1.5",
                     *         "receives_asset": "text",
                     *         "receives_at_least": "1"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PreviewAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersProtectionGetProtection: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sequence": 1
                     *     }
                     */
                    "application/json": components["schemas"]["ProtectionAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersProtectionDisconnectSetCancelOnDisconnect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "enabled": false
                 *     }
                 */
                "application/json": components["schemas"]["CancelOnDisconnectRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sequence": 1
                     *     }
                     */
                    "application/json": components["schemas"]["ProtectionAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersProtectionHeartbeatPushBack: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sequence": 1
                     *     }
                     */
                    "application/json": components["schemas"]["ProtectionAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersProtectionTimerArmTimer: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "timeout_ms": 30000
                 *     }
                 */
                "application/json": components["schemas"]["ScheduleCancelRequest"];
            };
        };
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sequence": 1
                     *     }
                     */
                    "application/json": components["schemas"]["ProtectionAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            415: components["responses"]["415"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    OrdersProtectionTimerDisarmTimer: {
        parameters: {
            query?: {
                /**
                 * @description a market's symbol
                 * @example ETH-USDC
                 */
                market?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sequence": 1
                     *     }
                     */
                    "application/json": components["schemas"]["ProtectionAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            408: components["responses"]["408"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            422: components["responses"]["422"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            504: components["responses"]["504"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ReceiptsGetReceipts: {
        parameters: {
            query?: {
                /**
                 * @description that this fill was made
                 * @example 393216
                 */
                fill_id?: string;
                /**
                 * @description that this order was accepted
                 * @example 1280
                 */
                order_id?: string;
                /**
                 * @description all that a command did
                 * @example 1
                 */
                sequence?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "receipts": [
                     *         {
                     *           "at_ns": "1",
                     *           "fill_id": "393216",
                     *           "filled": 1,
                     *           "frame_hash": "0x5a",
                     *           "index": 1,
                     *           "kind": "accepted",
                     *           "market": "ETH-USDC",
                     *           "market_number": 1,
                     *           "open": 1,
                     *           "order_hash": "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
                     *           "order_id": "1280",
                     *           "position": 1,
                     *           "price": 1,
                     *           "quantity": 1,
                     *           "sequence": 1,
                     *           "side": "buy",
                     *           "signature": "0x5a",
                     *           "trader": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ReceiptsAnswer"];
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            409: components["responses"]["409"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    StatusGetStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accepting": false,
                     *       "markets": [
                     *         {
                     *           "market": "ETH-USDC",
                     *           "state": "auction_open"
                     *         }
                     *       ],
                     *       "records_lag": 1,
                     *       "records_ok": false,
                     *       "sequence": 1,
                     *       "time_ms": 1798761600000
                     *     }
                     */
                    "application/json": components["schemas"]["StatusAnswer"];
                };
            };
            400: components["responses"]["400"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    TickersListTickers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "ask": "1",
                     *         "base_currency": "text",
                     *         "base_volume": "1",
                     *         "bid": "1",
                     *         "high": "1",
                     *         "last_price": "1",
                     *         "low": "1",
                     *         "target_currency": "text",
                     *         "target_volume": "1",
                     *         "ticker_id": "ETH_USDC"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["GeckoTicker"][];
                };
            };
            400: components["responses"]["400"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    TimeGetTime: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Request fulfilled, document follows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "time_ms": 1798761600000
                     *     }
                     */
                    "application/json": components["schemas"]["TimeAnswer"];
                };
            };
            400: components["responses"]["400"];
            413: components["responses"]["413"];
            429: components["responses"]["429"];
            503: components["responses"]["503"];
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
