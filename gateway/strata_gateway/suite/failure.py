"""The one way in which the suite's commands fail: a sentence for the user."""


class SuiteFailure(Exception):
    """Something the user must know; its text is all that is printed."""
