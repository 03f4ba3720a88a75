"""What the registry service can be told."""

from dataclasses import dataclass
from pathlib import Path

from strata_chassis.config import ServiceConfig, setting

_GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class RegistryConfig(ServiceConfig):
    """Settings of the registry service; lists are written with commas in variables and flags."""

    cache_bytes: int = setting(20 * _GIB, "bytes the cache may hold")
    cache_grace_s: float = setting(120.0, "seconds for which blobs stay after use, whatever the budget says")
    blob_bytes: int = setting(64 * _GIB, "bytes of the largest blob that is fetched, whatever its registry promises")
    shared_url: str = setting("", "object store behind the cache, as s3://BUCKET/PREFIX; a fleet may share it")
    shared_options: tuple[str, ...] = setting((), "KEY=VALUE options of the object store, as endpoint=http://host:port")
    share_paths: bool = setting(default=True, explanation="let callers on this host read the cache's files themselves")

    mirrors: tuple[str, ...] = setting((), "REGISTRY=URL pairs, asked in this order before the registry itself")
    insecure_registries: tuple[str, ...] = setting((), "hosts or networks spoken to without (trusted) TLS")
    docker_config: tuple[str, ...] = setting((), "files with credentials, in docker's format")
    ca_files: tuple[str, ...] = setting((), "PEM certificates to trust besides the system's")
    certs_dir: Path = setting(Path("/etc/docker/certs.d"), "HOST/{ca.crt,client.cert,client.key}, as docker has it")
    tag_ttl_s: float = setting(60.0, "seconds for which a tag is believed without asking again")
    tag_patience_s: float = setting(15.0, "seconds to wait for a registry before the cached tag is used")
    serve_deleted_tags: bool = setting(default=True, explanation="serve cached tags that their registry has no more")
    offline: bool = setting(default=False, explanation="never ask any registry: serve what is cached")
    connect_timeout_s: float = setting(10.0, "seconds to wait for a connection to a registry")
    read_timeout_s: float = setting(60.0, "seconds of silence after which a transfer counts as broken")
    retry_attempts: int = setting(3, "how often a failed request is sent in all")
    transfer_attempts: int = setting(6, "how often a transfer that makes no progress is begun in all")
    allow_private_redirects: bool = setting(
        default=False, explanation="let registries send the service to private addresses (blobs, uploads, tokens)"
    )

    http_listen: tuple[str, ...] = setting((), "HOST:PORT of the distribution API; empty: not served")
    http_tls_cert: Path | None = setting(None, "PEM certificate chain of the distribution API")
    http_tls_key: Path | None = setting(None, "PEM private key of http-tls-cert")
    upstreams: tuple[str, ...] = setting(
        ("docker.io", "ghcr.io", "quay.io", "registry.k8s.io"),
        "registries that HTTP clients may pull through, as NAME or ALIAS=HOST:PORT; * for any",
    )
    mirror_of: str = setting("", "upstream for names without a registry, as docker's registry-mirrors sends them")
    htpasswd: Path | None = setting(None, "users of the distribution API, with bcrypt hashes")
    access_tokens: Path | None = setting(None, "NAME:SHA256-OF-TOKEN lines: tokens that are as good as a password")
    anonymous_pull: bool = setting(default=True, explanation="let the unknown pull over HTTP")
    anonymous_push: bool = setting(default=False, explanation="let the unknown push and delete over HTTP")
    upload_bytes: int = setting(16 * _GIB, "bytes of the largest upload over HTTP")
    uploads_at_once: int = setting(64, "uploads over HTTP that may be under way")
