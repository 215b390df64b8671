"""Why something was refused: stable numbers, in ranges per subsystem.

1xxx the order itself, 2xxx who asks, 3xxx funds and risk, 4xxx the market, 5xxx cancel, reduce
and replace, 6xxx the chain, 7xxx the message, 9xxx outages. A number is never reused.
"""

import enum

__all__ = ["RejectReason"]


@enum.unique
class RejectReason(enum.IntEnum):
    """The stable number of a refusal, on every surface the same."""

    INVALID_PRICE = 1001
    """The price is outside 1 to 2**48 - 1 ticks."""
    INVALID_QUANTITY = 1002
    """The quantity is outside 1 to 2**48 - 1 lots."""
    INVALID_COMBINATION = 1003
    """Type, time in force and flags do not go together (post-only with IOC, GTD without a time)."""
    BELOW_MINIMUM_NOTIONAL = 1004
    """The order's notional is below the market's minimum."""
    AMOUNT_TOO_LARGE = 1005
    """Price times quantity exceeds what a settlement word can hold."""
    POST_ONLY_WOULD_CROSS = 1006
    """A post-only order would trade at once."""
    DUPLICATE_CLIENT_ORDER_ID = 1007
    """The client order id was used for other content."""
    INVALID_CLIENT_ORDER_ID = 1008
    """Not 1 to 64 printable ASCII characters."""
    EXPIRED = 1009
    """The expiry is not in the future, or too far in it."""
    TOO_MANY_FILLS = 1010
    """A FOK that needs more fills than one settlement group holds."""
    ORDER_REQUIRED = 1011
    """Neither an order id nor a client order id was given."""
    INVALID_TRIGGER = 1012
    """A stop or take-profit needs a trigger price of 1 to 2**48 - 1 ticks, and no other has one."""
    TRIGGER_REACHED = 1013
    """The last fill has reached the trigger already; send the order without one."""
    INVALID_DISPLAY = 1014
    """The displayed quantity of an iceberg is too large, too small, or in an order that never rests."""
    INVALID_BUDGET = 1015
    """A quote budget caps a buy that is immediate or cancel, market or limit, and nothing else."""
    INVALID_LINK = 1016
    """Orders can not be linked so, or another of the linked orders was refused; see the detail."""
    INVALID_BATCH = 1026
    """A batch has 1 to 100 members, all of its own account."""
    BATCH_REFUSED = 1027
    """Another member of the all-or-none batch was refused, so nothing of it was done."""
    BATCH_CONFLICT = 1028
    """An earlier member of the all-or-none batch may decide what becomes of this one."""
    INVALID_TIMEOUT = 1029
    """The timeout of a scheduled cancel is not between 0 and a day."""
    BELOW_MINIMUM_QUANTITY = 1020
    """The order's total is below the market's minimum."""
    ABOVE_MAXIMUM_QUANTITY = 1021
    """The order's total exceeds the market's maximum."""
    ABOVE_MAXIMUM_NOTIONAL = 1022
    """The order's notional exceeds the market's maximum."""

    SIGNATURE_REQUIRED = 2001
    """This exchange settles on chain: an order needs its trader's signature."""
    BAD_SIGNATURE = 2002
    """The signature is malformed, or not the trader's over these terms."""
    NONCE_USED = 2003
    """The lane holds a live order, or a counter and revision as high or higher."""
    NONCE_REVOKED = 2004
    """Counter or lane was revoked on chain."""
    FEE_CAP_TOO_LOW = 2005
    """The signed maximum fee is below the market's."""
    REPLACEMENT_TERMS = 2006
    """A replacement keeps lane and counter and raises the revision."""
    UNAUTHENTICATED = 2007
    """No valid session: log in."""
    FORBIDDEN = 2008
    """The session may not do this."""
    LOGIN_REFUSED = 2009
    """The login message or its signature is not acceptable."""
    SESSION_UNKNOWN = 2010
    """The account granted this key nothing in this market, or the grant is not final yet."""
    SESSION_REVOKED = 2011
    """The account revoked this key; a new grant brings it back once it is final."""
    SESSION_EXPIRED = 2012
    """The order would outlive the session key's grant."""
    APPROVAL_REQUIRED = 2013
    """The order's hash is not approved on chain, or the approval is not final yet."""
    APPROVAL_REVOKED = 2014
    """The approval of the order's hash was revoked on chain, which is for ever."""
    FRESH_SIGNATURE_REQUIRED = 2015
    """The account's wallet has to sign for exactly this request first."""

    TWO_ADMINS_REQUIRED = 2016
    """This takes two: propose it, and another admin confirms."""
    SECOND_ADMIN_REQUIRED = 2017
    """Who proposed an action can not confirm it, and must still be an admin when another does."""
    ACTION_ID_USED = 2018
    """The id was used for another action, or by somebody else."""
    ACTION_NOT_WAITING = 2019
    """The action was decided already, has expired, or is not the one that was read."""

    INSUFFICIENT_FUNDS = 3001
    """The available balance does not cover the hold."""
    ORDER_NOTIONAL_LIMIT = 3002
    """The order's notional exceeds the account's limit."""
    OPEN_ORDERS_LIMIT = 3003
    """The account has as many open orders as it may."""
    DAILY_VOLUME_LIMIT = 3004
    """The account's volume of this UTC day would exceed its limit."""
    SELF_TRADE = 3005
    """The order would trade with the same account, and the check refuses that."""
    ACCOUNT_FROZEN = 3006
    """A failed settlement left the account short; deposit, or wait."""
    RISK_REFUSED = 3007
    """A risk check of the operator's own refused it; see the detail."""
    UNSETTLED_FUNDS = 3008
    """The amount is still in flight to settlement."""
    INVALID_AMOUNT = 3009
    """Not 1 to 2**112 - 1 atoms."""
    SESSION_BUDGET = 3010
    """The order could use more than what is left of the session key's budget."""
    UNKNOWN_TIER = 3011
    """No risk tier of this name was set."""
    KILL_SWITCH = 3012
    """The operator stopped the account, or everybody."""
    PRICE_BAND = 3013
    """The price is too far beyond the last trade."""
    ORDER_RATE_LIMIT = 3014
    """The account entered as many orders in this second as it may."""
    POSITION_LIMIT = 3015
    """Filled, the order could take the account past the base asset it may have."""
    INVALID_NAME = 3016
    """A tier's or group's name is 1 to 64 printable ASCII characters."""

    UNKNOWN_MARKET = 4001
    """There is no such market."""
    MARKET_HALTED = 4002
    """The market does not take orders now."""
    UNKNOWN_ASSET = 4003
    """There is no such asset."""
    MARKET_EXISTS = 4004
    """A market of this name or number is listed with other terms."""
    SETTLEMENT_BACKLOG = 4005
    """Matching pauses until the oldest unsettled fill has settled."""
    MARKET_POST_ONLY = 4006
    """The market takes only post-only orders now."""
    MARKET_CANCEL_ONLY = 4007
    """The market serves only cancel and reduce now."""
    MARKET_CLOSED = 4008
    """The market is delisted."""
    ILLEGAL_MOVE = 4009
    """The market can not come from its state to the one that was asked for."""
    AUCTION_UNAVAILABLE = 4010
    """This exchange settles on chain, at the maker's price: it can not trade at one price for all."""
    INVALID_TIME = 4011
    """What is planned must lie in the future, and a market can have only so much planned."""
    FEES_ABOVE_LISTED = 4012
    """No fee may exceed the largest that the market was listed with: holds and signatures rest on it."""
    FEE_NOTICE = 4013
    """Fees that rise for anybody are announced a day before."""
    NOT_PLANNED = 4014
    """Nothing is planned for this market at this time."""
    MARKET_IN_AUCTION = 4015
    """The market takes only orders that rest, until it opens."""
    LISTING_UNAVAILABLE = 4016
    """Settlement takes no new market now, or never while it is open; see the detail."""
    NOT_LISTED_ON_CHAIN = 4017
    """The settlement contract has no such market or token, or is closing it: list it there first."""
    LISTED_OTHERWISE_ON_CHAIN = 4018
    """On chain the market or a token has other terms than in the listing; see field and detail."""

    UNKNOWN_ORDER = 5001
    """The account never had such an order, or it is too long ago."""
    ALREADY_FILLED = 5002
    """The order was filled."""
    ALREADY_CANCELED = 5003
    """The order was canceled."""
    ALREADY_EXPIRED = 5004
    """The order expired."""
    INVALID_REDUCE = 5005
    """The reduction is not between one lot and the open quantity."""
    FILLED_MEANWHILE = 5006
    """The order's filled quantity is not the expected one."""
    LINKED_ORDER = 5009
    """A linked order is not changed by itself: cancel it, which cancels all, and place them anew."""
    ALREADY_REJECTED = 5007
    """The order was refused when it was placed."""
    NO_RECEIPT = 5008
    """There is nothing that such a receipt could be given for; see the detail."""
    NOTHING_SCHEDULED = 5015
    """A heartbeat found no scheduled cancel armed: it was not, or has fired."""
    UNKNOWN_SEQUENCE = 5020
    """No command has this sequence number, or the journal no longer holds it."""

    DEPOSIT_REPEATED = 6001
    """This deposit or withdrawal was already credited or debited."""
    UNKNOWN_FILL = 6002
    """No unsettled fill has this id."""
    UNKNOWN_VOUCHER = 6003
    """The account has no open voucher of this salt in this asset."""
    INVALID_VOUCHER = 6004
    """Recipient, salt, deadline or batch of the voucher can not be, or the salt is in use."""
    WITHDRAWALS_HALTED = 6005
    """Nothing is released by voucher now: settlement has none, or is in alarm; see the detail."""
    NO_SOLVENCY_PROOF = 6006
    """No solvency root of this asset was published yet, or the account had no balance in it."""

    NO_SUCH_SETTLEMENT = 6007
    """There is no chain to settle on, or no batch of this number is on its way into a block."""

    INVALID_MESSAGE = 7001
    """The message is not valid JSON of the documented shape."""
    UNKNOWN_FIELD = 7002
    """A field that the message does not have."""
    MESSAGE_TOO_LARGE = 7003
    """The message exceeds the size limit."""
    INVALID_NUMBER = 7004
    """Not decimal text in the grammar, or not on a tick or lot."""
    RATE_LIMITED = 7005
    """Too many requests; see Retry-After."""
    NOT_FOUND = 7006
    """There is nothing at this address."""
    RECEIVE_WINDOW = 7007
    """The request came later than it allowed, or from ahead of the exchange's clock: nothing was done."""

    UNAVAILABLE = 9001
    """Nothing is made durable now, so nothing is acknowledged; send it again under the same id."""
    INTERNAL = 9002
    """A bug on our side; the market is halted and nothing was acknowledged."""
    UNKNOWN_OUTCOME = 9003
    """Whether it was done can not be told now; ask for it by its client order id."""
    ENGINE_ELSEWHERE = 9004
    """The engine of this gateway is another process, and only there can this be asked for."""
