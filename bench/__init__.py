"""Benchmarks: each figure beside a peer that does the same in the same run. `RESULTS.md` has the last ones."""
