"""The HTTP interface, one file a resource. A handler parses, calls one room, renders."""
