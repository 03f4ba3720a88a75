"""The subcommands. Each module has COMMANDS: its commands by name."""
