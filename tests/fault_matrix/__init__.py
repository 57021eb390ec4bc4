"""The fault matrix: every kind of request with every kind of fault.

The rule, for a request that fails for ever:

- The tap tries it as often as its fault allows (`Trouble.tries`), and no longer than a minute.
- The error line names the cause (`Trouble.says`), and the segment or group.
- The outcome is the request's (`RequestKind.lasting`), or the end of the sync (`Trouble.ends`).

One failure less, and the sync passes with the rows of a sync without faults. An answer that is
valid JSON, but makes no sense (`NONSENSE`), starts the whole run or export anew instead
(`RequestKind.anew`).

- `request_kinds`: the requests. `troubles`: the faults.
- `table`: the product of both by this rule, its exceptions, and cases with rules of their own.
- `world`, `truth`: an account with a known second night, and checks against it.
"""
