"""Link headers, by which registries page. Source: RFC 8288; distribution-spec, "Listing Tags"."""

import re

_LINK = re.compile(r"\s*<([^>]*)>((?:\s*;\s*[^,;]+)*)\s*(?:,|$)")
_REL_NEXT = re.compile(r""";\s*rel\s*=\s*"?next"?\s*(?:;|$)""", re.IGNORECASE)


def next_page(header: str | None) -> str | None:
    """Return the target of the first link with rel=next, as it is written (often relative)."""
    position = 0
    while header and (match := _LINK.match(header, position)):
        if _REL_NEXT.search(match[2]):
            return match[1]
        position = match.end()
    return None


def link_to_next(target: str) -> str:
    """Write a link to the next page."""
    return f'<{target}>; rel="next"'
