"""Registries that want to know who asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.oci.v1 import oci_pb2
from strata.registry.v1 import registry_pb2 as pb
from strata_chassis.errors import Unauthenticated
from tests.fixtures.docker_registry import PASSWORD, USERNAME, LocalRegistry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.registry import IDENTITY_TOKEN
from tests.fixtures.registry_service import RegistryProcess, read_blob, registry_service
from tests.integration.registry.conftest import Protected, write_docker_config

RIGHT = oci_pb2.Credentials(username=USERNAME, password=PASSWORD)
WRONG = oci_pb2.Credentials(username=USERNAME, password="guess")
EXPECTED = build_tiny().names()["tiny:one"].digest


async def test_basic_authentication_with_the_caller_s_password(
    service: RegistryProcess, basic_registry: LocalRegistry
) -> None:
    async with service.stub() as stub:
        request = pb.ResolveRequest(reference=basic_registry.reference("tiny:one"), credentials=RIGHT)
        assert (await stub.Resolve(request)).target.digest == EXPECTED


async def test_token_authentication_with_the_caller_s_password(service: RegistryProcess, protected: Protected) -> None:
    async with service.stub() as stub:
        request = pb.ResolveRequest(reference=protected.registry.reference("tiny:one"), credentials=RIGHT)
        assert (await stub.Resolve(request)).target.digest == EXPECTED


async def test_token_authentication_with_an_identity_token(service: RegistryProcess, protected: Protected) -> None:
    credentials = oci_pb2.Credentials(identity_token=IDENTITY_TOKEN)
    async with service.stub() as stub:
        request = pb.ResolveRequest(reference=protected.registry.reference("tiny:two"), credentials=credentials)
        assert (await stub.Resolve(request)).target.digest == build_tiny().names()["tiny:two"].digest


async def test_token_authentication_with_a_registry_token(service: RegistryProcess, protected: Protected) -> None:
    token = protected.tokens.token("repository:tiny:pull")
    request = pb.ResolveRequest(
        reference=protected.registry.reference("tiny:one"),
        credentials=oci_pb2.Credentials(registry_token=token),
        freshness=pb.FRESHNESS_STRICT,
    )
    async with service.stub() as stub:
        assert (await stub.Resolve(request)).target.digest == EXPECTED


@pytest.mark.parametrize(
    ("credentials", "sentence"),
    [(None, "pull access denied for .*/tiny"), (WRONG, "the registry refused the credentials")],
    ids=["none", "wrong"],
)
async def test_missing_and_wrong_credentials_are_unauthenticated(
    service: RegistryProcess,
    basic_registry: LocalRegistry,
    protected: Protected,
    credentials: oci_pb2.Credentials | None,
    sentence: str,
) -> None:
    async with service.stub() as stub:
        for address in (basic_registry.address, protected.registry.address):
            request = pb.ResolveRequest(
                reference=f"{address}/tiny:one", credentials=credentials, freshness=pb.FRESHNESS_STRICT
            )
            with pytest.raises(Unauthenticated, match=sentence) as caught:
                await stub.Resolve(request)
            assert caught.value.reason == "REGISTRY_UNAUTHORIZED"


async def test_a_public_repository_is_pulled_with_an_anonymous_token(
    fresh_service: RegistryProcess, protected: Protected
) -> None:
    protected.tokens.public.add("tiny")
    try:
        async with fresh_service.stub() as stub:
            request = pb.ResolveRequest(reference=protected.registry.reference("tiny:one"))
            assert (await stub.Resolve(request)).target.digest == EXPECTED
    finally:
        protected.tokens.public.remove("tiny")


async def test_one_token_serves_all_layers_of_an_image(fresh_service: RegistryProcess, protected: Protected) -> None:
    before = len(protected.tokens.granted)
    layout = build_tiny()
    document = layout.read_json(EXPECTED)
    repository = f"{protected.registry.address}/tiny"
    async with fresh_service.stub() as stub:
        await stub.Resolve(pb.ResolveRequest(reference=f"{repository}:one", credentials=RIGHT))
        for part in (document["config"], *document["layers"]):
            request = pb.FetchBlobRequest(repository=repository, digest=part["digest"], credentials=RIGHT)
            _ = [message async for message in stub.FetchBlob(request)]
    assert len(protected.tokens.granted) - before == 1


async def test_the_password_of_docker_s_configuration_is_used(
    tmp_path: Path, basic_registry: LocalRegistry, protected: Protected
) -> None:
    for number, address in enumerate((basic_registry.address, protected.registry.address)):
        folder = tmp_path / str(number)  # short: the path of a unix socket has 108 bytes
        folder.mkdir()
        config = write_docker_config(folder, address)
        with registry_service(folder / "service", "--docker-config", str(config)) as service:
            async with service.stub() as stub:
                answer = await stub.Resolve(pb.ResolveRequest(reference=f"{address}/tiny:one"))
        assert answer.target.digest == EXPECTED


async def test_a_credential_helper_is_asked(
    tmp_path: Path, basic_registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "docker-credential-strata-test"
    answer = f'{{"ServerURL": "x", "Username": "{USERNAME}", "Secret": "{PASSWORD}"}}'
    helper.write_text(
        f"#!/bin/sh\nread server\n[ \"$1 $server\" = 'get {basic_registry.address}' ] && echo '{answer}'\n"
    )
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    config = tmp_path / "config.json"
    config.write_text(f'{{"credHelpers": {{"{basic_registry.address}": "strata-test"}}}}')
    with registry_service(tmp_path / "s", "--docker-config", str(config)) as service:
        async with service.stub() as stub:
            found = await stub.Resolve(pb.ResolveRequest(reference=basic_registry.reference("tiny:one")))
    assert found.target.digest == EXPECTED


async def test_credentials_are_written_neither_to_the_log_nor_to_the_cache(
    fresh_service: RegistryProcess, protected: Protected
) -> None:
    async with fresh_service.stub() as stub:
        request = pb.ResolveRequest(reference=protected.registry.reference("tiny:one"), credentials=RIGHT)
        await stub.Resolve(request)
        await read_blob(stub, f"{protected.registry.address}/tiny", EXPECTED)
    written = fresh_service.log.encode() + b"".join(
        path.read_bytes() for path in fresh_service.cache.rglob("*") if path.is_file()
    )
    assert PASSWORD.encode() not in written
    assert b"Bearer " not in written


async def test_login_accepts_the_right_password_and_hands_out_an_identity_token(
    service: RegistryProcess, basic_registry: LocalRegistry, protected: Protected
) -> None:
    async with service.stub() as stub:
        basic = await stub.CheckCredentials(
            pb.CheckCredentialsRequest(registry=basic_registry.address, credentials=RIGHT)
        )
        token = await stub.CheckCredentials(
            pb.CheckCredentialsRequest(registry=protected.registry.address, credentials=RIGHT)
        )
    assert (basic.identity_token, token.identity_token) == ("", IDENTITY_TOKEN)


async def test_login_refuses_the_wrong_password(
    service: RegistryProcess, basic_registry: LocalRegistry, protected: Protected
) -> None:
    async with service.stub() as stub:
        for address in (basic_registry.address, protected.registry.address):
            with pytest.raises(Unauthenticated, match="incorrect username or password"):
                await stub.CheckCredentials(pb.CheckCredentialsRequest(registry=address, credentials=WRONG))
