"""The asynchronous client: the methods of ``sync``, to be awaited."""
