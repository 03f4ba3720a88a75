"""Every RPC of the contracts, with the comment above it."""

import subprocess
import sys
from dataclasses import dataclass

import pytest
from google.protobuf import descriptor_pb2

from tests.fixtures.images.catalogue import CHECKOUT

# Places in a FileDescriptorProto: field numbers of `service` and of a service's `method`. Source: descriptor.proto.
_SERVICE, _METHOD = 6, 2


@dataclass(frozen=True)
class Rpc:
    """One method, its messages and its comment, which is also its documentation."""

    service: str
    name: str
    comment: str
    request: descriptor_pb2.DescriptorProto
    response: descriptor_pb2.DescriptorProto
    is_streaming_request: bool
    is_streaming_response: bool

    @property
    def field_names(self):
        return {field.name for field in self.request.field}

    def __str__(self):
        return f"{self.service}.{self.name}"


@pytest.fixture(scope="session")
def rpcs(tmp_path_factory):
    image = tmp_path_factory.mktemp("contracts") / "image.binpb"
    protos = CHECKOUT / "protos"
    code = f"import check, pathlib; check.compile_image(pathlib.Path({str(image)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=protos, check=True)
    files = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes()).file
    return [rpc for file in files if file.package.startswith("strata.") for rpc in _rpcs(file, _messages(files))]


def _messages(files):
    return {f".{file.package}.{message.name}": message for file in files for message in file.message_type}


def _rpcs(file, messages):
    comments = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
    for at, service in enumerate(file.service):
        for number, method in enumerate(service.method):
            yield Rpc(
                service=f"{file.package}.{service.name}",
                name=method.name,
                comment=" ".join(comments.get((_SERVICE, at, _METHOD, number), "").split()),
                request=messages[method.input_type],
                response=messages[method.output_type],
                is_streaming_request=method.client_streaming,
                is_streaming_response=method.server_streaming,
            )
