"""What this host offers, and how it gets everything back."""

import os

from strata.runtime.v1 import runtime_pb2 as pb
from strata_runtime.api.rpc import Context
from strata_runtime.core.container.record import State
from strata_runtime.engine.measuring import layers_in_memory
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.tearing_down import tear_down


class InfoCalls:
    """Facts and counts, and the end of it all."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def GetRuntimeInfo(self, request: pb.GetRuntimeInfoRequest, _: Context) -> pb.GetRuntimeInfoResponse:
        """Return what this host offers and what runs on it."""
        parts = self._parts
        counts: dict[str, int] = {}
        for entry in parts.containers:
            name = State(entry.container.state).name.lower()
            counts[name] = counts.get(name, 0) + 1
        metas = {entry.container.image_mount.meta.key for entry in parts.containers if entry.container.image_mount.meta}
        resident = await layers_in_memory(parts, metas) if request.include_memory else {}
        return pb.GetRuntimeInfoResponse(
            containers=counts,
            cgroup_version=parts.host.cgroup_version,
            oci_runtimes=[
                pb.GetRuntimeInfoResponse.OciRuntime(name=runtime.name, path=runtime.path, version=runtime.version)
                for runtime in parts.runtimes.values()
            ],
            mount_strategy=parts.overlays.strategy,
            erofs_backing="loop" if parts.layers.uses_loop_devices else "file",
            kernel_version=os.uname().release,
            security_options=["seccomp", *(["apparmor"] if parts.host.has_apparmor else [])],
            layer_mounts=[
                pb.GetRuntimeInfoResponse.LayerMount(
                    key=key, containers=users, is_meta=key in metas, resident_bytes=resident.get(key)
                )
                for key, users in sorted(parts.layers.users_by_key().items())
            ],
            cpus=parts.host.online_cpus,
            memory_bytes=parts.host.memory_bytes,
        )

    async def Teardown(self, _: pb.TeardownRequest, __: Context) -> pb.TeardownResponse:
        """Give the host back what containers share."""
        await tear_down(self._parts)
        return pb.TeardownResponse()
