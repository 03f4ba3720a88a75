"""RuntimeService, put together from groups of calls."""

from functools import partial
from types import SimpleNamespace

from strata.runtime.v1 import runtime_pb2_grpc


def combined(*groups: object) -> SimpleNamespace:
    """A servicer that has the calls of all ``groups``; what none has is UNIMPLEMENTED."""
    base = runtime_pb2_grpc.RuntimeServiceServicer
    names = [name for name in dir(base) if name[0].isupper()]
    calls = {name: partial(getattr(base, name), None) for name in names}
    for group in groups:
        calls.update({name: getattr(group, name) for name in names if hasattr(group, name)})
    return SimpleNamespace(**calls)
