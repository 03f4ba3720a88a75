"""The version of the client. Kept as a literal: asking the installed metadata costs more than the rest of a start."""

VERSION = "0.1.0"
