"""Generate the typed Python stubs of all contracts: ``python generate.py [OUT_DIR]``.

One protoc run writes messages, their type stubs, grpc stubs and their types (sync and aio). The proto path is the
import path (``strata/store/v1/store.proto`` becomes ``strata.store.v1.store_pb2``), so nothing is rewritten.
"""

import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def include_dirs() -> list[Path]:
    """Where protoc finds ours, google/rpc and google/protobuf."""
    import google.rpc
    import grpc_tools

    google_rpc = Path(google.rpc.__path__[0])
    return [HERE, google_rpc.parents[1], Path(grpc_tools.__path__[0]) / "_proto"]


def sources() -> list[Path]:
    """All contracts, in a stable order."""
    return sorted((HERE / "strata").rglob("*.proto"))


def run_protoc(out: Path) -> None:
    """Write the stubs of all sources below ``out``; raises RuntimeError if protoc refuses one."""
    from grpc_tools import protoc

    # The mypy plugins are scripts beside the interpreter, which need not be on PATH (no activated environment).
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    arguments = [
        "protoc",
        *(f"--proto_path={directory}" for directory in include_dirs()),
        f"--python_out={out}",
        f"--mypy_out=quiet:{out}",
        f"--grpc_python_out={out}",
        f"--mypy_grpc_out=quiet:{out}",
        *(str(source.relative_to(HERE)) for source in sources()),
    ]
    if sources() and protoc.main(arguments) != 0:
        message = "protoc refused the contracts, see above"
        raise RuntimeError(message)


def mark_packages(root: Path) -> None:
    """Make every folder of stubs a regular, typed package."""
    root.mkdir(exist_ok=True)
    for directory in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        (directory / "__init__.py").touch()
    (root / "py.typed").touch()


def generate(out: Path) -> None:
    """Replace ``out`` by fresh stubs, in one step for those who import them meanwhile."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".gen-") as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        run_protoc(fresh)
        mark_packages(fresh / "strata")
        if out.exists():
            out.rename(Path(scratch) / "stale")
        fresh.rename(out)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "gen")
