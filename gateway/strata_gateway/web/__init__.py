"""HTTP for the gateway's fronts: h11 keeps the protocol, asyncio carries the bytes, nothing hides the connection."""
