"""The one error of this package: what was read does not follow its specification."""


class MalformedError(ValueError):
    """Bytes or text from outside that the specifications do not allow; the message is fit for a user."""

    def __init__(self, message: str, *, reason: str) -> None:
        """Take a sentence and an UPPER_SNAKE reason for programs."""
        super().__init__(message)
        self.message = message
        self.reason = reason
