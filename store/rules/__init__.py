"""The rules: what makes a ticket an exception. `docs/exceptions.md` is the definition.

`evaluate` runs them and publishes what they find, `catalogue` says which kinds there are, `sql` is what the statements
are put together from, `journal` what is kept of them durably; the other modules hold the kinds.
"""
