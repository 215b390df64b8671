"""The demo: a whole exchange on this machine, from an empty folder to live trading, by one command.

`supervisor` starts and stops the pieces, `local_chain` the EVM node, `accounts` funds the traders
through real transactions, `takers` trade, `ledger_watch` compares chain and engine, `view` draws.
It uses the exchange from outside, as any client does.
"""
