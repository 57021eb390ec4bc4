"""A target that keeps what it reads, byte for byte; a program of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    """Append the input to a file, and report each STATE."""
    _, _, config = sys.argv
    path = Path(json.loads(Path(config).read_text(encoding="utf-8"))["path"])
    with path.open("ab") as file:
        for line in sys.stdin.buffer:
            file.write(line)
            message = json.loads(line)
            if message["type"] == "STATE":
                sys.stdout.write(json.dumps(message["value"]) + "\n")


if __name__ == "__main__":
    main()
