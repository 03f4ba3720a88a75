"""From the options of ``run`` and ``create`` to a ContainerSpec. Pure, but for files that options name."""
