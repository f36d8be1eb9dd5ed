"""How the notebooks are made: text in, notebooks, pages and slides out.

source.py   from a text to a notebook's cells, and the stamp; standard library only
run.py      executes a notebook, and says what is not as it should be; needs the group `notebooks`
pages.py    a notebook as a page to read and as slides to show, each one file that needs no network
"""
