"""Volumes."""

from collections.abc import Iterable
from functools import partial

from strata.runtime.v1 import runtime_pb2 as pb
from strata_chassis.errors import Conflict, NotFound
from strata_runtime.adapters.volumes import forget_volume, save_volume
from strata_runtime.api.paging import page_of
from strata_runtime.api.rpc import Context
from strata_runtime.api.translate import to_message
from strata_runtime.core.event import Event
from strata_runtime.core.names import new_id
from strata_runtime.core.volume import Volume
from strata_runtime.engine.listing import disk_bytes
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.removing import volumes_in_use


class VolumeCalls:
    """Make, find, list and remove volumes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def CreateVolume(self, request: pb.CreateVolumeRequest, _: Context) -> pb.CreateVolumeResponse:
        """Make a volume, or find the one that has the name."""
        volume = self._parts.volumes.find(request.name) if request.name else None
        if volume is None:
            volume = self._parts.volumes.create(
                request.name or new_id(), labels=request.labels, options=request.options, anonymous=not request.name
            )
            self._parts.journal.apply(partial(save_volume, volume=volume), self._event(volume, "create"))
            await self._parts.journal.flushed()
        return pb.CreateVolumeResponse(volume=self._message(volume))

    async def GetVolume(self, request: pb.GetVolumeRequest, _: Context) -> pb.GetVolumeResponse:
        """Return a volume."""
        return pb.GetVolumeResponse(volume=self._message(self._parts.volumes.get(request.volume)))

    async def ListVolumes(self, request: pb.ListVolumesRequest, _: Context) -> pb.ListVolumesResponse:
        """Return those that match, by name."""
        found = [volume for volume in self._parts.volumes.all() if _matches(volume, request.labels)]
        page, token = page_of(found, request.page_size, request.page_token)
        messages = [self._message(volume) for volume in page]
        if request.include_size:
            for message in messages:
                message.size_bytes = await self._parts.threads.run(disk_bytes, message.mountpoint)
        return pb.ListVolumesResponse(volumes=messages, next_page_token=token)

    async def DeleteVolume(self, request: pb.DeleteVolumeRequest, _: Context) -> pb.DeleteVolumeResponse:
        """Remove a volume that no container has."""
        try:
            volume = self._parts.volumes.get(request.volume)
        except NotFound:
            if request.force:
                return pb.DeleteVolumeResponse()
            raise
        users = volumes_in_use(self._parts).get(volume.name)
        if users:
            raise Conflict(
                f"volume {volume.name} is used by container {users[0][:12]}",
                reason="VOLUME_IN_USE",
                metadata={"volume": volume.name, "container": users[0]},
            )
        self._parts.journal.apply(partial(forget_volume, name=volume.name), self._event(volume, "destroy"))
        await self._parts.threads.run(self._parts.volumes.delete, volume.name)
        await self._parts.journal.flushed()
        return pb.DeleteVolumeResponse()

    def _event(self, volume: Volume, action: str) -> Event:
        return Event(self._parts.now(), "volume", action, volume.name, {"driver": volume.driver})

    def _message(self, volume: Volume) -> pb.Volume:
        message = to_message(pb.Volume, volume)
        message.container_ids.extend(volumes_in_use(self._parts).get(volume.name, ()))
        return message


def _matches(volume: Volume, wanted: Iterable[str]) -> bool:
    for label in wanted:
        key, has_value, value = label.partition("=")
        held = volume.labels.get(key)
        if held is None or (has_value and held != value):
            return False
    return True
