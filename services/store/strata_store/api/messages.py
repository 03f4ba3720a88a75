"""From the store's values to messages of strata.store.v1."""

from google.protobuf.timestamp_pb2 import Timestamp
from strata.oci.v1.oci_pb2 import Descriptor as DescriptorMessage
from strata.oci.v1.oci_pb2 import Platform as PlatformMessage

from strata.store.v1 import store_pb2 as pb
from strata_oci.descriptor import Descriptor
from strata_store.adapters.records.images import ImageRecord
from strata_store.adapters.records.leases import LeaseRecord
from strata_store.core.accounts import Report, Usage
from strata_store.engine.layer_store import LayerDetails, LayerFiles
from strata_store.engine.pull import LayerProgress
from strata_store.engine.scrub import Step


def timestamp(time_ns: int) -> Timestamp:
    """Convert a time in nanoseconds since the epoch."""
    message = Timestamp()
    message.FromNanoseconds(time_ns)
    return message


def image(record: ImageRecord) -> pb.Image:
    """Convert an image."""
    return pb.Image(
        digest=record.digest,
        id=record.config,
        names=record.names,
        repo_digests=record.repo_digests,
        platform=PlatformMessage(**record.platform),
        create_time=timestamp(record.created_at_ns),
        store_time=timestamp(record.stored_at_ns),
        diff_ids=record.diff_ids,
        chain_ids=record.chain_ids,
        logical_bytes=record.logical_bytes,
        labels=record.labels,
    )


def descriptor(value: Descriptor) -> DescriptorMessage:
    """Convert a descriptor without platform."""
    return DescriptorMessage(media_type=value.media_type, digest=str(value.digest), size_bytes=value.size_bytes)


def layer(details: LayerDetails) -> pb.Layer:
    """Convert a layer."""
    record = details.record
    return pb.Layer(
        diff_id=record.diff_id,
        logical_bytes=record.logical_bytes,
        stored_bytes=record.stored_bytes,
        entries=record.entries,
        blobs=[descriptor(blob) for blob in details.blobs],
        images=details.images,
        store_time=timestamp(record.stored_at_ns),
    )


def progress(value: LayerProgress) -> pb.EnsureImageResponse:
    """Convert the progress of a layer; the states have the same numbers."""
    return pb.EnsureImageResponse(
        layer=pb.LayerProgress(
            digest=value.digest,
            state=pb.LayerState.ValueType(value.state.value),
            current_bytes=value.current_bytes,
            total_bytes=value.total_bytes,
            unpacked_bytes=value.unpacked_bytes,
        )
    )


def mount(files: LayerFiles) -> pb.ErofsMount:
    """Convert the files of a mount."""
    return pb.ErofsMount(key=files.key, index_path=str(files.index), device_paths=map(str, files.devices))


def lease(record: LeaseRecord) -> pb.Lease:
    """Convert a lease."""
    message = pb.Lease(
        name=record.name, images=record.images, layers=record.layers, create_time=timestamp(record.created_at_ns)
    )
    if record.expires_at_ns is not None:
        message.expire_time.CopyFrom(timestamp(record.expires_at_ns))
    return message


def scrub(value: Step) -> pb.ScrubResponse:
    """Convert a step of a scrub; the outcomes have the same numbers."""
    message = pb.ScrubResponse(verified_bytes=value.verified_bytes, total_bytes=value.total_bytes)
    if value.finding is not None:
        message.finding.digest = value.finding.digest
        message.finding.detail = value.finding.detail
        message.finding.outcome = pb.ScrubResponse.Outcome.ValueType(value.finding.outcome.value)
    return message


def usage(value: Usage) -> pb.Usage:
    """Convert the account of an image or layer."""
    return pb.Usage(
        digest=value.digest,
        names=value.names,
        logical_bytes=value.logical_bytes,
        unique_bytes=value.unique_bytes,
        shared_bytes=value.shared_bytes,
        shared_with=value.shared_with,
        reclaimable_bytes=value.reclaimable_bytes,
        file_shared_bytes=value.file_shared_bytes,
        mount_key=value.mount_key,
        layers=value.layers,
    )


def report(value: Report) -> pb.GetSharingReportResponse:
    """Convert the whole account."""
    return pb.GetSharingReportResponse(
        images=map(usage, value.images),
        layers=map(usage, value.layers),
        logical_bytes=value.logical_bytes,
        stored_bytes=value.stored_bytes,
        layer_sharing_saved_bytes=value.layer_sharing_saved_bytes,
        file_sharing_saved_bytes=value.file_sharing_saved_bytes,
        reclaimable_bytes=value.reclaimable_bytes,
        overhead_bytes=value.overhead_bytes,
        memory_shareable_bytes=value.file_sharing_saved_bytes,
    )
