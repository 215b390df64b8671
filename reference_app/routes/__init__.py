"""The routes: each reads a message, asks the exchange or the records, and answers."""

from reference_app.routes.account import account_routes
from reference_app.routes.admin import admin_routes
from reference_app.routes.admin_actions import admin_action_routes
from reference_app.routes.auth import auth_routes
from reference_app.routes.batches import batch_routes
from reference_app.routes.demo import demo_routes
from reference_app.routes.history import history_routes
from reference_app.routes.keys import action_routes, key_routes
from reference_app.routes.markets import market_routes, ticker_routes
from reference_app.routes.orders import order_routes
from reference_app.routes.pages import page_routes
from reference_app.routes.receipts import receipt_routes
from reference_app.routes.roles import role_routes
from reference_app.routes.stream import stream
from reference_app.routes.system import system_routes

__all__ = [
    "account_routes",
    "action_routes",
    "admin_action_routes",
    "admin_routes",
    "auth_routes",
    "batch_routes",
    "demo_routes",
    "history_routes",
    "key_routes",
    "market_routes",
    "order_routes",
    "page_routes",
    "receipt_routes",
    "role_routes",
    "stream",
    "system_routes",
    "ticker_routes",
]
