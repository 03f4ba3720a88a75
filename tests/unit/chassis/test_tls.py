"""Real handshakes, with authorities and certificates made for each test."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from strata_chassis.channel import connect
from strata_chassis.errors import InvalidArgument, Unavailable
from strata_chassis.tls import TlsFiles, tls_files

TCP = "tcp://127.0.0.1:0"


async def echo(request, context):
    return request


class Authority:
    """Signs certificates for 127.0.0.1, and writes them into a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.cert = self._signed("an authority", self.key, is_authority=True)

    def issue(self, name):
        key = ec.generate_private_key(ec.SECP256R1())
        files = TlsFiles(*(self.folder / f"{name}.{part}" for part in ("cert", "key", "ca")))
        files.cert.write_bytes(_pem(self._signed(name, key)))
        pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        files.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
        files.ca.write_bytes(_pem(self.cert))
        return files

    def _signed(self, name, key, *, is_authority=False):
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(
            issuer_name=_name("an authority"),
            subject_name=_name(name),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(days=1),
            not_valid_after=now + timedelta(days=1),
        )
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
        builder = builder.add_extension(address, critical=False).add_extension(constraints, critical=True)
        return builder.sign(self.key, hashes.SHA256())


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def stranger(tmp_path):
    folder = tmp_path / "stranger"
    folder.mkdir()
    return Authority(folder)


async def test_both_sides_with_certificates_of_one_authority_talk(serve, call, authority):
    server, client = authority.issue("server"), authority.issue("client")
    async with serve(unary_unary=echo, listen=TCP, tls=server, client_tls=client) as (_, channel):
        assert await call(channel, "unary_unary")(b"hello") == b"hello"


async def test_a_client_of_another_authority_is_not_let_in(serve, call, authority, stranger):
    server, client = authority.issue("server"), stranger.issue("client")
    mixed = TlsFiles(client.cert, client.key, server.ca)
    async with serve(unary_unary=echo, listen=TCP, tls=server, client_tls=mixed, patience_s=0.1) as (_, channel):
        with pytest.raises(Unavailable):
            await call(channel, "unary_unary")(b"")


async def test_a_client_without_a_certificate_is_not_let_in(serve, call, authority):
    server, client = authority.issue("server"), authority.issue("client")
    async with serve(unary_unary=echo, listen=TCP, tls=server, client_tls=client) as (running, _):
        target = running.addresses[0].removeprefix("tcp://")
        credentials = grpc.ssl_channel_credentials(server.ca.read_bytes())
        async with grpc.aio.secure_channel(target, credentials) as bare:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(bare, "unary_unary")(b"")
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_server_of_another_authority_is_not_trusted(serve, call, authority, stranger):
    server, client = stranger.issue("server"), authority.issue("client")
    async with serve(unary_unary=echo, listen=TCP, tls=server, client_tls=client, patience_s=0.1) as (_, channel):
        with pytest.raises(Unavailable):
            await call(channel, "unary_unary")(b"")


def test_half_a_configuration_is_refused(authority):
    files = authority.issue("server")
    assert tls_files(None, None, None) is None
    assert tls_files(files.cert, files.key, files.ca) == files
    with pytest.raises(InvalidArgument):
        tls_files(files.cert, files.key, None)


def test_a_missing_file_is_named(authority):
    files = authority.issue("server")
    files.key.unlink()
    with pytest.raises(InvalidArgument, match=r"server\.key"):
        connect("tcp://127.0.0.1:1", files)
