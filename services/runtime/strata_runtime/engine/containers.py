"""All containers of this host, by ID, prefix and name."""

import random
from collections.abc import Iterator

from strata_chassis.errors import AlreadyExists, FailedPrecondition, NotFound
from strata_runtime.core.container.record import Container
from strata_runtime.core.names import check_name, make_name
from strata_runtime.engine.entry import Entry

_LEAST_PREFIX = 1


class Containers:
    """The index. Names are reserved before a container is there, so that two calls never get the same one."""

    def __init__(self, choose: random.Random) -> None:
        self._by_id: dict[str, Entry] = {}
        self._id_by_name: dict[str, str] = {}
        self._id_by_request: dict[str, str] = {}
        self._choose = choose

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, reference: str) -> Entry:
        """The container of an ID, a unique prefix of one, or a name. Raises NotFound, FailedPrecondition."""
        wanted = reference.removeprefix("/")
        entry = self._by_id.get(wanted) or self._by_id.get(self._id_by_name.get(wanted, ""))
        if entry is not None:
            return entry
        matches = [entry for key, entry in self._by_id.items() if key.startswith(wanted)] if wanted else []
        if len(matches) > 1:
            raise FailedPrecondition(
                f"more than one container has an ID that starts with {wanted}",
                reason="CONTAINER_AMBIGUOUS",
                metadata={"container": reference},
            )
        if not matches:
            raise NotFound(
                f"no such container: {reference}", reason="CONTAINER_UNKNOWN", metadata={"container": reference}
            )
        return matches[0]

    def get(self, container_id: str) -> Entry | None:
        """The container of a whole ID."""
        return self._by_id.get(container_id)

    def by_request(self, request_id: str) -> Entry | None:
        """The container that a request made before."""
        return self._by_id.get(self._id_by_request.get(request_id, "")) if request_id else None

    def reserve_name(self, wish: str, container_id: str) -> str:
        """Take a name, a new one if there is no wish. Raises AlreadyExists, InvalidArgument."""
        name = check_name(wish.removeprefix("/")) if wish else make_name(self._id_by_name, self._choose)
        holder = self._id_by_name.get(name)
        if holder is not None and holder != container_id:
            raise AlreadyExists(
                f"the name {name!r} is in use by container {holder[:12]}",
                reason="NAME_IN_USE",
                metadata={"name": name, "container": holder},
            )
        self._id_by_name[name] = container_id
        return name

    def release_name(self, name: str) -> None:
        """Give a name back."""
        self._id_by_name.pop(name, None)

    def add(self, container: Container) -> Entry:
        """Put a container into the index; its name may have been reserved."""
        entry = Entry(container)
        self._by_id[container.id] = entry
        self._id_by_name[container.name] = container.id
        if container.request_id:
            self._id_by_request[container.request_id] = container.id
        return entry

    def remove(self, container: Container) -> None:
        """Take a container out of the index, and free its name."""
        self._by_id.pop(container.id, None)
        if self._id_by_name.get(container.name) == container.id:
            del self._id_by_name[container.name]
        self._id_by_request.pop(container.request_id, None)
