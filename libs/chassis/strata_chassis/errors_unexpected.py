"""What an exception that nobody translated means to a caller."""

import errno

from strata_chassis import errors

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_NO_HANDLES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}


def as_strata_error(exception: BaseException) -> errors.StrataError:
    """Return an error of the taxonomy; all but full disks and the like are Internal and keep their text to the log."""
    if isinstance(exception, errors.StrataError):
        return exception
    if isinstance(exception, TimeoutError):
        return errors.DeadlineExceeded("the request took longer than its deadline allows")
    if isinstance(exception, NotImplementedError):  # what generated servicers raise for methods that nobody wrote
        return errors.Unimplemented("this server does not implement the call")
    if isinstance(exception, OSError) and exception.errno in _NO_SPACE:
        return errors.ResourceExhausted("no space is left on the disk", reason="DISK_FULL")
    if isinstance(exception, MemoryError) or (isinstance(exception, OSError) and exception.errno in _NO_HANDLES):
        return errors.ResourceExhausted("the host is out of memory or file descriptors", reason="HOST_EXHAUSTED")
    return errors.Internal("an internal error occurred; the service's log has the details under this request id")
