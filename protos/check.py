"""Check the contracts: ``python check.py`` lints and compares with the release, ``python check.py release`` is one.

protoc compiles everything into one image with comments, and buf judges that image: no registry of schemas is asked, so
it works offline. What clients rely on is the image ``released/v1.binpb`` in this folder; a change that breaks it is
refused. Releasing means to replace it, in a commit of its own, after a review of what the new one adds.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from generate import HERE, include_dirs, sources

RELEASED = HERE / "released" / "v1.binpb"
ROOT = HERE.parent


def compile_image(image: Path) -> None:
    """Write all contracts and what they import, with comments, into one descriptor set."""
    from grpc_tools import protoc

    arguments = [
        "protoc",
        *(f"--proto_path={directory}" for directory in include_dirs()),
        "--include_imports",
        "--include_source_info",
        f"--descriptor_set_out={image}",
        *(str(source.relative_to(HERE)) for source in sources()),
    ]
    if protoc.main(arguments) != 0:
        sys.exit("protoc refused the contracts, see above")


def buf(*arguments: str) -> None:
    """Run buf with the repository's rules; what it finds it prints, and that ends the run."""
    command = [str(Path(sys.executable).with_name("buf")), *arguments]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        sys.exit(f"buf {arguments[0]} found the above")


def main() -> None:
    """Lint, compare with the release, or release."""
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "contracts.binpb"
        compile_image(image)
        buf("lint", str(image), "--config", "buf.yaml")
        buf("format", "protos", "--diff", "--exit-code")
        if sys.argv[1:] == ["release"]:
            RELEASED.parent.mkdir(exist_ok=True)
            buf("build", str(image), "--exclude-source-info", "-o", str(RELEASED))
        else:
            buf("breaking", str(image), "--against", str(RELEASED), "--config", "buf.yaml")


if __name__ == "__main__":
    main()
