"""Match-all runs: a segment is evaluated and compared with its previous run.

`evaluate` asks five questions, each answered by one module: `acquire`, `prove`, `believe`,
`compare` and `emit`.
"""
