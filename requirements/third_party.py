"""Print what the members of the workspace need from outside it: ``python3 requirements/third_party.py``."""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEMBERS = ["protos", "libs/oci", "libs/chassis", "services/registry", "services/store", "services/runtime"]
MEMBERS += ["gateway", "client"]


def third_party() -> list[str]:
    """Requirements of all members, less the members themselves."""
    found: set[str] = set()
    for member in MEMBERS:
        project = tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]
        found.update(project["dependencies"])
    return sorted(requirement for requirement in found if not requirement.startswith("strata-engine-"))


if __name__ == "__main__":
    sys.stdout.write("\n".join(third_party()) + "\n")
