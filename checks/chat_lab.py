"""The kit's command line options.

An installed plugin of pytest's, apart from conftest.py: only so does pytest know from
the start that what follows --submission is no folder of tests, whose conftest.py and
pytest.ini it would load.
"""

import importlib.util

OF_CLASSES = ("points", "dask", "gradescope", "classroom50", "moodle")  # options, as pytest calls them


def pytest_addoption(parser, pluginmanager):
    group = parser.getgroup("chat lab")
    group.addoption("--lesson", action="append", default=[], metavar="NAME",
                    help="check this lesson alone: 5, 05, broadcast or 05_broadcast; may be given several times")
    group.addoption("--submission", metavar="DIR", help="check another folder that looks like `lessons`, all lessons that it holds")
    group.addoption("--json", metavar="FILE", help="write the verdict file")
    group.addoption("--class", metavar="DIR", dest="class_folder", help="grade a class: every folder and archive in DIR is a submission")
    group.addoption("--report", metavar="OUT", help="the folder for the reports: pages, and for a class grades.csv, results, feedback")
    group.addoption("--points", metavar="FILE", help="with --class: what each rule is worth, a TOML file (default: 1)")
    group.addoption("--sandbox", choices=("auto", "require", "off"),
                    help="isolate the student's programs with bubblewrap: where it works (default with --class), else not at all, never (default)")
    group.addoption("--dask", metavar="ADDRESS", help="with --class: judge on the workers of this Dask scheduler")
    group.addoption("--gradescope", metavar="FILE", help="with --class, of one submission: write Gradescope's results.json as it goes")
    group.addoption("--classroom50", metavar="FILE", help="with --class, of one submission: write Classroom 50's result.json")
    group.addoption("--moodle", metavar="FILE", help="with --class: fill in this grading worksheet of Moodle's, into OUT/moodle.csv")
    if not importlib.util.find_spec("xdist") or pluginmanager.is_blocked("xdist"):
        group._addoption("-n", "--numprocesses", metavar="NUMBER", help="with --class: judge so many submissions at the same time")
