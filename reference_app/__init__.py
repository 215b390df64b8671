"""The reference exchange: hybrid-dex behind REST and WebSocket, in one process.

It holds no trading rule: it decodes, asks the exchange, and encodes.
"""
