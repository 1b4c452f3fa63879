"""One file a resource. A handler parses, calls one room, renders; it blocks, so it runs in a worker thread."""
