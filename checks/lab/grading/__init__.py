"""Grading a class: a folder of submissions in, verdicts and reports out.

handed_in.py    what a class has handed in: folders and archives, packed, and laid out as submissions
judging.py      judge one submission in a process of its own, whatever happens to that process
grader.py       judge all of them, on some cores or on Dask's workers, and keep what is finished
reports.py      grades.csv, verdict files, feedback texts
page.py         the pages: of the class, and of one submission
platforms.py    what Gradescope, Classroom 50, Moodle and readers of JUnit XML take
command.py      the door: `pytest checks --class DIR --report OUT`

A verdict is a *result*: the verdict file's content (chat-lab/result/v1), with what
the reader of a page wants to know besides: `should`, `detail` and the student's lines
of each check, what was left out, and what the programs look like when compared.
"""
