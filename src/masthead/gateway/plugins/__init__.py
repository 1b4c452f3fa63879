"""What looks at the content of calls and answers: redaction with restore, JSON repair, banned content, bounds.

Must always hold: nothing that was found is logged or stands in a verdict; however a stream is cut into chunks, the
client gets the same text; a plugin that fails lets the call through or refuses it, as its setting says, and never
breaks it.
"""
