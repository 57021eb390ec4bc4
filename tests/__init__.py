"""The tests mirror the package; most run the tap's command in this process against a sandbox.

- `http`, `singer`, `activecampaign`, `mypreferences`, and `test_*.py` in this folder: as in the
  package.
- `test_sandbox*.py`, `contract`: the sandbox itself.
- `fault_matrix`: every kind of request with every kind of fault, one table.
- `fuzz`: random answers, inputs, members and histories. `FUZZ=1000` tries that many new ones.
- `project`: the distribution, the Hub entry, the pictures and the documented script.
- `e2e`: real Meltano, loaders and PostgreSQL; `make e2e`, not part of a plain `pytest`.
- `support`: helpers. Start with `support.sync` and the fixtures in `conftest.py`.

A test in short:
    def test_first_run_is_a_baseline(sandbox, segment, warehouse):
        synced = nightly_sync(sandbox, warehouse)
        assert run_row(synced)["is_baseline"] is True
        assert warehouse.members(LOG) == {segment.segment_id: {*segment.members}}
"""
