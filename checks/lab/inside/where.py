"""Where in the student's files: from a stack or a traceback to the lines of his that it goes through."""

import sys

folder = ""  # of the student's files, with a separator at the end
known_places = {}  # (id of a code object, instruction) -> (the code object, which keeps its id; its place)


def in_words(error):
    """An error as the last line of its traceback shows it."""
    words = str(error)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def steps(frame):
    """The stack from this frame on, quickly: [(code, instruction), ...], to be read by `places`; to find a line takes longer."""
    found = []
    while frame is not None:
        found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return found


def is_from(path):
    """Is the file at this path the student's?"""
    return path.startswith(folder)


def is_theirs(code):
    """Is this code the student's?"""
    return code.co_filename.startswith(folder)


def is_library(frame):
    """Does this frame run the standard library's code?"""
    return str(frame.f_globals.get("__name__")).partition(".")[0] in sys.stdlib_module_names and not is_theirs(frame.f_code)


def line_of(code, instruction):
    return next((line for start, end, line in code.co_lines() if start <= instruction < end and line), code.co_firstlineno)


def place_of(code, instruction):
    """(file, line, function) of a step, or None if it is not the student's."""
    place = (code.co_filename[len(folder):], line_of(code, instruction), code.co_name) if is_theirs(code) else None
    known_places[id(code), instruction] = code, place
    return place


def places(stack, most=8):
    """The student's own steps of a stack, innermost first: (file, line, function)."""
    found = []
    for code, instruction in stack:
        known = known_places.get((id(code), instruction))
        place = known[1] if known else place_of(code, instruction)
        if place:
            found.append(place)
            if len(found) == most:
                break
    return found


def places_of(traceback):
    """The same of a traceback."""
    found = []
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if name.startswith(folder):
            found.insert(0, (name[len(folder):], traceback.tb_lineno, traceback.tb_frame.f_code.co_name))
        traceback = traceback.tb_next
    return found
