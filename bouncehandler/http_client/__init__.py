"""HTTP client for adapters: bounded time and size, connections for each thread, no cookies."""
