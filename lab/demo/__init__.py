"""`python -m lab.demo`: the whole product at work on this machine alone, and the acceptance table from live answers."""
