"""Makes and checks the notebooks: python -m notebooks --help, in the kit's top folder."""

import argparse
import sys
from pathlib import Path

from .press import source


def main():
    parser = argparse.ArgumentParser(prog="python -m notebooks", description="Executes all notebooks (or those named), and checks that what "
                                     "they show is what comes out, that no thread died or stayed, and that they are valid.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="05_broadcast, or 05; without: all of them")
    parser.add_argument("--write", action="store_true", help="put the new outputs into the notebooks, in place of comparing")
    parser.add_argument("--quick", action="store_true", help="do not execute: only see whether text, notebook and used files agree")
    parser.add_argument("--pages", metavar="DIR", help="do not execute: write each notebook as a page and as slides, which need no network")
    options = parser.parse_args()
    names = [name for name in source.names() if not options.names or name in options.names or name[:2] in options.names]
    if not names:
        parser.error(f"no such notebook; there are {', '.join(source.names())}")
    try:
        work = job(options)
    except ImportError as error:
        parser.error(f"{error}; this needs the group `notebooks`: pip install -e '.[notebooks]'")
    failed = 0
    for number, name in enumerate(names):
        bar(number, len(names), name)
        said = work(name)
        failed += bool(said)
        if said:
            bar(number, len(names), "")
            print("\n".join([f"\r{name}", *(f"  {words}" for words in said)]))
    bar(len(names), len(names), "")
    print(f"\r{len(names) - failed} of {len(names)} notebooks are as they should be")
    return failed > 0


def job(options):
    """What is to be done with each name; it returns complaints."""
    if options.quick:
        return source.complaints
    if options.pages:
        from .press import pages
        folder = Path(options.pages)
        folder.mkdir(parents=True, exist_ok=True)
        return lambda name: pages.write(name, folder)
    from .press import run

    def check(name):
        notebook, said = run.execute(name)
        if not options.write:
            return said + (source.complaints(name) or run.differences(name, notebook))
        if not said:
            source.path_of(name).write_text(run.written(notebook), encoding="utf-8")
        return said

    return check


def bar(done, of, name, width=30):
    """A progress bar, where somebody looks on."""
    if sys.stderr.isatty():
        full = width * done // of
        print(f"\r[{'#' * full}{'.' * (width - full)}] {done}/{of} {name:<24}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
