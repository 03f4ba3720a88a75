"""The ``strata`` command. Every subcommand is a module of its own, imported only when it is asked for."""
