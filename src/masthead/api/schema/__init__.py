"""What goes over the wire, one file a noun. Output schemas have no defaults: the unknown is null, never left out."""
