"""How fast, each figure against its floor: `python -m tests.bench` prints the table and writes `docs/benchmarks.md`.

A floor is a program as small as possible that does the part that cannot be avoided (`tests/bench/floors/`).
Ours and the floor are measured in the same run, in turn, after a warm-up; what counts is the ratio of their medians.
Absolute times say only where the machine stood.

A part is a module with `figures(bench)`, which yields one `Figure` for each row; `__main__.PARTS` lists them.
"""
