"""The soak: random stories of mixed load against a server, held against the model of the room, for as long as you like.

    python checks/selftest/soak.py                                      200 stories for our solution of lesson 11
    python checks/selftest/soak.py --examples 10000 --seed 7            so many, the same ones each time
    python checks/selftest/soak.py --lesson 09 --submission alice       another program, of lesson 07 or later

hypothesis draws the stories, and shrinks one that fails to the shortest that still
does. Here, unlike in the check of rule 11.3, the steps of one moment run into each
other as the system lets them: a fault that shows now and then is found now and then.
The same seed gives the same stories, not the same schedule.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, configuration, errors, given, seed, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from lab.course import lesson_named  # noqa: E402
from lab.load import Load  # noqa: E402
from lab.model import DOES, NAMES, Moment, Step  # noqa: E402
from lab.server import Server  # noqa: E402
from lab.submission import Submission  # noqa: E402
from lab.verdict import Failure  # noqa: E402

configuration.set_hypothesis_home_dir(os.path.join(tempfile.gettempdir(), "chat-lab-hypothesis"))  # and not into the folder where one is
QUIETLY = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}  # a loaded machine is no fault
UNREAD = "stalls", "reads", "floods"  # what lesson 10 is about
ONE_SERVER = 500  # stories; what watches it from inside remembers each of its threads
OUTBOXES = 10  # the first lesson in which nobody has to wait for one who does not read


def stories(does=DOES, longest=12):
    """A strategy for stories of these steps."""
    steps = st.builds(Step, st.sampled_from(NAMES), st.sampled_from(does), st.integers(0, 11))
    late = st.one_of(st.just(0), st.just(0), st.integers(1, 60))
    return st.lists(st.builds(Moment, st.lists(steps, min_size=1, max_size=5).map(tuple), late), min_size=1, max_size=longest)


class Soak:
    """Stories, one after another, on one server of this program; a new one after each that failed, and now and then."""

    def __init__(self, files, lesson, progress=lambda soak: None):
        self.files, self.lesson, self.progress = files, lesson, progress
        self.server = self.load = None
        self.gone_through = 0
        self.shortest = None  # (story, its Failure, its transcript) of those that failed

    def goes_through(self, story):
        if self.server is None:
            self.server = Server(self.files, self.lesson).start()
            self.load = Load(self.server, hasty=True)
        try:
            self.load.goes_through(story)
        except Failure as failure:
            if self.shortest is None or size(story) <= size(self.shortest[0]):
                self.shortest = story, failure, self.server.story.lines()
            self.stop()
            raise
        self.server.story.steps.clear()
        self.gone_through += 1
        if self.gone_through % ONE_SERVER == 0:
            self.stop()
        self.progress(self)

    def stop(self):
        if self.server:
            self.server.stop()
        self.server = None

    def run(self, examples, number):
        """Go through so many stories, drawn by this seed; return (story, Failure, transcript) of the shortest that failed, or None."""
        does = DOES if int(self.lesson[:2]) >= OUTBOXES else [one for one in DOES if one not in UNREAD]

        @seed(number)
        @settings(max_examples=examples, phases=[Phase.generate, Phase.shrink], report_multiple_bugs=False, **QUIETLY)
        @given(stories(does))
        def all_hold(story):
            self.goes_through(story)

        try:
            all_hold()
        except (Failure, errors.Flaky):
            pass
        finally:
            self.stop()
        return self.shortest


def size(story):
    return sum(len(moment.steps) + bool(moment.late) for moment in story), len(story)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=200, help="how many stories")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lesson", default="11", type=lesson_named)
    parser.add_argument("--submission", default=HERE.parent.parent / "solutions", type=Path)
    options = parser.parse_args()
    began, shown = time.monotonic(), 0

    def progress(soak):
        nonlocal shown
        now = time.monotonic()
        if now - shown > 2:
            shown = now
            print(f"\r{soak.gone_through:,} of {options.examples:,} stories, {soak.gone_through / (now - began):.1f} a second", end="", flush=True)

    soak = Soak(Submission(options.submission).files(options.lesson), options.lesson, progress)
    found = soak.run(options.examples, options.seed)
    print(f"\r{soak.gone_through:,} stories held, in {time.monotonic() - began:,.0f} seconds, seed {options.seed}")
    if not found:
        return 0
    story, failure, transcript = found
    print("", "one did not; the shortest like it:", *(f"    {moment}" for moment in story), "", "what should be", f"    {failure.should}",
          "what was", f"    {failure.message}", "what happened", *(f"    {one}" for one in transcript), sep="\n")
    for spot in failure.where[:4]:
        print(f"{spot['file']}:{spot['line']}   {spot['what']}")
    for title, lines in failure.detail:
        print(title, *(f"    {one}" for one in lines), sep="\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
