"""What the naive exchange knows of markets: the steps between states, and what enters in each."""

from hybrid_dex.model.market import MarketState

OPEN, HALTED = MarketState.OPEN, MarketState.HALTED
POST_ONLY, CANCEL_ONLY = MarketState.POST_ONLY, MarketState.CANCEL_ONLY
CLOSED = MarketState.CLOSED
STEPS = {
    OPEN: {POST_ONLY, CANCEL_ONLY, HALTED},
    POST_ONLY: {OPEN, CANCEL_ONLY, HALTED},
    CANCEL_ONLY: {POST_ONLY, HALTED, CLOSED},
    HALTED: {OPEN, POST_ONLY, CANCEL_ONLY, CLOSED},
    CLOSED: set(),
}


def enters(state: MarketState, *, post_only: bool) -> bool:
    """Whether an order may come in."""
    return state is OPEN or (state is POST_ONLY and post_only)
