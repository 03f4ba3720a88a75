"""Types of gRPC that all calls share."""

from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
