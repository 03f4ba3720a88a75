"""How a pull gets on: bars that move on a terminal, one line per event elsewhere."""

import os
import sys
import time
from collections.abc import Mapping
from typing import IO

from strata.gateway.v1.gateway_pb2 import PullResponse
from strata.store.v1.store_pb2 import LayerProgress

from strata.store.v1 import store_pb2
from strata_client.cli.names import familiar, short_id
from strata_client.cli.quantities import size_text

_BAR_CELLS = 50
_NARROW_BAR_CELLS = 20
_NARROW_COLUMNS = 100
_REDRAW_S = 0.05
PULLING: Mapping[int, str] = {
    store_pb2.LAYER_STATE_WAITING: "Waiting",
    store_pb2.LAYER_STATE_DOWNLOADING: "Downloading",
    store_pb2.LAYER_STATE_COMMITTING: "Committing",
    store_pb2.LAYER_STATE_COMPLETE: "Pull complete",
    store_pb2.LAYER_STATE_EXISTS: "Already exists",
}
PUSHING: Mapping[int, str] = {
    **PULLING,
    store_pb2.LAYER_STATE_DOWNLOADING: "Pushing",
    store_pb2.LAYER_STATE_COMPLETE: "Pushed",
    store_pb2.LAYER_STATE_EXISTS: "Layer already exists",
}


class PullReport:
    """Shows the events of one pull, or push, on ``out``; with ``is_quiet`` it only remembers how it ended."""

    def __init__(
        self, out: IO[str] | None = None, *, is_quiet: bool = False, words: Mapping[int, str] = PULLING
    ) -> None:
        self._words = words
        self._out = sys.stdout if out is None else out
        self._is_quiet = is_quiet
        self._layers: dict[str, LayerProgress] = {}
        self._drawn_lines = 0
        self._drawn_at = 0.0
        self._is_terminal = self._out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.reference = ""

    def show(self, event: PullResponse) -> None:
        """Take the next event of the pull."""
        kind = event.WhichOneof("event")
        if kind == "resolved":
            self.reference = event.resolved.canonical_reference
            self._begin(event.resolved)
        elif kind == "layer":
            self._layer(event.layer)
        elif kind == "pulled":
            self._end(event.pulled)

    # ---------------------------------------------------------------------------------------------- lines that stay

    def _begin(self, resolved: PullResponse.Resolved) -> None:
        name = familiar(self.reference)
        repository, _, tag = name.rpartition(":")
        self._line(f"{tag}: Pulling from {repository}" if repository and "@" not in name else f"Pulling {name}")
        if resolved.stale:
            self._line("The registry cannot be reached; this is what it said last")
        self._digest = resolved.digest

    def _end(self, pulled: PullResponse.Pulled) -> None:
        self._draw()
        if self.reference:
            self._line(f"Digest: {self._digest}")
            verb = "Image is up to date for" if pulled.up_to_date else "Downloaded newer image for"
            self._line(f"Status: {verb} {familiar(self.reference)}")

    def _layer(self, layer: LayerProgress) -> None:
        before = self._layers.get(layer.digest)
        self._layers[layer.digest] = layer
        is_news = before is None or before.state != layer.state
        if self._is_terminal:
            if is_news or time.monotonic() - self._drawn_at >= _REDRAW_S:
                self._draw()
        elif is_news:
            self._line(f"{short_id(layer.digest)}: {self._words.get(layer.state, 'Waiting')}")

    def _line(self, line: str) -> None:
        if not self._is_quiet:
            self._out.write(line + "\n")
            self._out.flush()

    # ------------------------------------------------------------------------------------------------------- bars

    def _draw(self) -> None:
        """Write all bars over those that were drawn before."""
        if self._is_quiet or not self._is_terminal or not self._layers:
            return
        self._drawn_at = time.monotonic()
        size = self._size()
        lines = [bar_line(layer, size.columns, self._words) for layer in self._layers.values()]
        # What has scrolled off the screen cannot be drawn over: with many layers only the last ones move.
        lines = lines[-max(size.lines - 1, 1) :]
        up = f"\x1b[{self._drawn_lines}A" if self._drawn_lines else ""
        self._out.write(up + "".join(f"\x1b[2K{line}\n" for line in lines))
        self._out.flush()
        self._drawn_lines = len(lines)

    def _size(self) -> os.terminal_size:
        """Size of the screen now; the user may change it meanwhile."""
        try:
            size = os.get_terminal_size(self._out.fileno())
        except OSError:
            size = os.terminal_size((0, 0))
        return os.terminal_size((size.columns or 80, size.lines or 24))


def bar_line(layer: LayerProgress, columns: int, words: Mapping[int, str] = PULLING) -> str:
    """One layer in one line: "4f53cda18c2b: Downloading [=====>      ]  12.3MB/45.6MB"."""
    name = f"{short_id(layer.digest)}: {words.get(layer.state, 'Waiting')}"
    if layer.state != store_pb2.LAYER_STATE_DOWNLOADING or layer.total_bytes <= 0:
        return name[: columns - 1]
    cells = _BAR_CELLS if columns >= _NARROW_COLUMNS else _NARROW_BAR_CELLS
    filled = min(cells * layer.current_bytes // layer.total_bytes, cells)
    bar = ("=" * filled + ">")[:cells].ljust(cells)
    sizes = f"{size_text(layer.current_bytes)}/{size_text(layer.total_bytes)}"
    return f"{name} [{bar}]  {sizes}"[: columns - 1]
