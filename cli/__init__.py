"""The command line: ``driftline VERB``. Data goes to stdout, talk to stderr."""
