"""What tests of several rooms share.

- `sync`: run the tap once. `nightly`: run it into a `warehouse`, night after night.
- `clocks`, `processes`: time that does not pass, and a real process.
- `singer_output`: an independent check of a whole raw output.
- `faults`, `answers`, `servers`: what goes wrong.
- `activecampaign`, `mypreferences`, `batches`, `activate_version`, `secrets`: one topic each.
- `conditions`: definitions of segments. `contacts`: requests for contacts.
- `identities`: what identifies a person.
- `fuzzing`, `histories`: random input.
"""
