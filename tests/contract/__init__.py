"""The contract suite: what every connector must pass, whoever wrote it. `docs/connectors.md` says how to run it."""
