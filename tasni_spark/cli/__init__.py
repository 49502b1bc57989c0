"""The command line: `tasni`."""
