"""Proof of the write-back: random work under faults and `kill -9`, and the PSA's own log compared afterwards.

`python -m tests.torture` is the long form (`--psa rt`: against a real Request Tracker), `test_torture.py` and
`test_torture_rt.py` are the short ones; `test_planted.py` shows that planted bugs are found.

- `proxy` breaks requests and answers, `odds` says how often; `shop` and `rt_shop` are the places.
- `technician` is the process that works and is killed, `actions` what it does; `others` disturb it.
- `episode` starts, kills and stops processes; `ledger` is what the PSA did, `books` what deskzero says.
- `judge`, `judge_reading` and `judge_audit` compare the two; `verdict` adds up.

The scale: a connector's settling time is shortened to one second, held fixes leave after one second, timeouts are
2 s (Request Tracker: 8 s); lists come in pages of 17. Nothing else of the product is changed: requests of the
sender carry one header more, from which the judge knows what they were decided on.

Timing decides nothing: what was delivered later than the settling time after its client had ended is known from
the proxy, is counted, and its doubles are no violation. An answer is served twice only to lists; a server that
shows an old ticket to the comparing read is outside of what is promised.
"""
