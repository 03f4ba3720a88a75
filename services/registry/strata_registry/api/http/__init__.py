"""The OCI distribution API over HTTP: what docker, podman, containerd and skopeo speak."""
