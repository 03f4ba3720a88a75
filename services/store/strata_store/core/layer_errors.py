"""The errors of layers: one for all that is broken, one for all that is too much."""

from strata_chassis.errors import InvalidArgument, ResourceExhausted


def printable(name: bytes) -> str:
    """Show a name from a tar in a sentence: any byte, no control character, bounded length."""
    text = name.decode("utf-8", "backslashreplace")
    shown = "".join(character if character.isprintable() else repr(character)[1:-1] for character in text[:256])
    return shown if len(text) <= len(text[:256]) else f"{shown}…"


def layer_invalid(problem: str, name: bytes | None = None, **metadata: object) -> InvalidArgument:
    """Make the error for a layer whose tar cannot be accepted; ``name`` is the entry it was found at."""
    where = "" if name is None else f" at {printable(name)!r}"
    facts = {key: str(value) for key, value in metadata.items()}
    if name is not None:
        facts["entry"] = printable(name)
    return InvalidArgument(f"the layer's tar is invalid{where}: {problem}", reason="LAYER_INVALID", metadata=facts)


def layer_too_large(what: str, limit: int) -> ResourceExhausted:
    """Make the error for a layer that costs more than this store gives one; ``what`` is what there is too much of."""
    return ResourceExhausted(
        f"{what} larger than {limit} bytes", reason="LAYER_TOO_LARGE", metadata={"limit": str(limit)}
    )
