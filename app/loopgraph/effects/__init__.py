"""I/O. ``graph`` is the only module that imports the driver; each method of the others is one statement or one transaction."""
