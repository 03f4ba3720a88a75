"""A small gRPC client over HTTP/2: the protocol without I/O, and thin shells that move its bytes.

``import grpc`` alone costs more than a whole command may take; this package starts in a fraction of it. Compression,
retries and name resolution are left out on purpose: the peer is a Strata gateway, most often on a unix socket.
Source: github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md.
"""
