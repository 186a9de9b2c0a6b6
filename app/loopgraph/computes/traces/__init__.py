"""Trees, times, shapes and differences of traces."""
