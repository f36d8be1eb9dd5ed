"""The kit's command line options.

An installed plugin of pytest's, apart from conftest.py: only so does pytest know from
the start that what follows --submission is no folder of tests, whose conftest.py and
pytest.ini it would load.
"""


def pytest_addoption(parser):
    group = parser.getgroup("chat lab")
    group.addoption("--lesson", action="append", default=[], metavar="NAME",
                    help="check this lesson alone: 5, 05, broadcast or 05_broadcast; may be given several times")
    group.addoption("--submission", metavar="DIR", help="check another folder that looks like `lessons`, all lessons that it holds")
    group.addoption("--json", metavar="FILE", help="write the verdict file")
