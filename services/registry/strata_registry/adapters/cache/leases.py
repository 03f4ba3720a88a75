"""Who is reading what: a blob that is being read is neither evicted nor its transfer stopped."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from strata_oci.digest import Digest


class Leases:
    """Counts readers of blobs and calls ``when_free`` with a digest whenever its last reader leaves."""

    def __init__(self) -> None:
        self._readers: Counter[Digest] = Counter()
        self.when_free: Callable[[Digest], None] = _ignore

    @contextmanager
    def hold(self, digest: Digest) -> Iterator[None]:
        """Be a reader for the length of the block."""
        self._readers[digest] += 1
        try:
            yield
        finally:
            self._readers[digest] -= 1
            if not self._readers[digest]:
                del self._readers[digest]
                self.when_free(digest)

    def is_held(self, digest: Digest) -> bool:
        """Tell whether anybody reads it."""
        return digest in self._readers


def _ignore(_: Digest) -> None:
    """Do nothing: nobody wants to know yet."""
