"""Draws the pictures: python -m assets, in the kit's top folder.

Each is drawn from a run of the course's own programs, which is watched as the checks
watch a student's; where the run is not what the picture says, nothing is drawn.
"""

import argparse
import sys

from . import threads, wire  # noqa: F401  which say what pictures there are
from .runs import HERE, PICTURES


def main():
    parser = argparse.ArgumentParser(prog="python -m assets", description="Draws all pictures (or those named) from runs of the course's programs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    parser.add_argument("--check", action="store_true", help="write nothing: say which pictures are not as they would be drawn now")
    options = parser.parse_args()
    if set(options.names) - set(PICTURES):
        parser.error(f"the pictures are {', '.join(PICTURES)}")
    stale = 0
    for number, name in enumerate(options.names or PICTURES, 1):
        path, new = HERE / f"{name}.svg", PICTURES[name]()
        same = path.exists() and path.read_text(encoding="utf-8") == new
        stale += not same
        print(f"[{number}/{len(options.names or PICTURES)}] {name:<16} {'as it was' if same else 'differs' if options.check else 'drawn'}", flush=True)
        if not same and not options.check:
            path.write_text(new, encoding="utf-8", newline="\n")
    return options.check and stale > 0


if __name__ == "__main__":
    sys.exit(main())
