"""The launcher: starts the OCI runtime, holds stdio, reaps, and outlives the runtime service.

Standard library only, one thread, no forks of its own (``posix_spawn``). ``python -m strata_runtime.launcher``.
"""
