"""Finding an image by whatever a user may call it."""

import re
import sqlite3

from strata_chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from strata_oci.errors import MalformedError
from strata_oci.reference import Reference
from strata_store.adapters.records import images
from strata_store.adapters.records.images import ImageRecord

_ID = re.compile(r"(?:sha256:)?([0-9a-f]{4,64})")


def find_image(connection: sqlite3.Connection, text: str) -> ImageRecord:
    """Return the image that a name, a digest or an ID (or the beginning of one) means; names come first.

    Raises NotFound (IMAGE_UNKNOWN) or FailedPrecondition (IMAGE_AMBIGUOUS).
    """
    digest = _by_name(connection, text) or _by_id(connection, text)
    found = None if digest is None else images.get(connection, digest)
    if found is None:
        raise NotFound(f"there is no image {text!r}", reason="IMAGE_UNKNOWN", metadata={"image": text})
    return found


def _by_name(connection: sqlite3.Connection, text: str) -> str | None:
    try:
        reference = Reference.parse(text).with_default_tag()
    except MalformedError as error:
        if not _ID.fullmatch(text):
            raise InvalidArgument(error.message, reason=error.reason, metadata={"image": text[:300]}) from error
        return None
    if reference.digest is not None:
        pinned = f"{reference.name}@{reference.digest}"
        sql = "SELECT image FROM repo_digests WHERE repo_digest = ?"
        row = connection.execute(sql, (pinned,)).fetchone()
        return None if row is None else str(row[0])
    row = connection.execute("SELECT image FROM names WHERE name = ?", (str(reference),)).fetchone()
    return None if row is None else str(row[0])


def _by_id(connection: sqlite3.Connection, text: str) -> str | None:
    match = _ID.fullmatch(text)
    if match is None:
        return None
    low, high = f"sha256:{match[1]}", f"sha256:{match[1]}g"  # "g" comes after all hex digits
    sql = (
        "SELECT digest, config FROM images WHERE NOT is_removed AND digest >= ? AND digest < ? UNION"
        " SELECT digest, config FROM images WHERE NOT is_removed AND config >= ? AND config < ? LIMIT 3"
    )
    found = connection.execute(sql, (low, high, low, high)).fetchall()
    if len({row[1] for row in found}) > 1:
        raise FailedPrecondition(
            f"{text!r} begins several images' IDs", reason="IMAGE_AMBIGUOUS", metadata={"image": text}
        )
    return str(found[0][0]) if found else None
