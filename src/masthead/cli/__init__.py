"""The command line, one file a command group. `--json` beside every table; exit codes that scripts can use."""
