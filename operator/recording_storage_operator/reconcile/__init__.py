"""The pass: observe -> plan -> apply -> status, and the sweep that feeds it."""
