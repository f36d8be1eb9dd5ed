"""The student's code, compiled with a call of ours where it catches an error: so it can be told after which error a connection was ended."""

import _thread
import ast
import builtins
import sys

import witness
from where import in_words

HOOK = "__chat_lab__"  # what the student's code calls: this module, or the one that does more


class Catching(ast.NodeTransformer):
    """Puts the calls in; lines stay as they were."""

    def visit_ExceptHandler(self, node):
        self.generic_visit(node)
        call = ast.Expr(ast.Call(ast.Attribute(ast.Name(HOOK, ast.Load()), "caught", ast.Load()), [], []))
        for new in ast.walk(call):
            if isinstance(new, (ast.stmt, ast.expr)):  # on the line of `except`: no step of its own to whoever goes from line to line
                new.lineno, new.end_lineno, new.col_offset, new.end_col_offset = node.lineno, node.lineno, node.col_offset, node.col_offset + 1
        node.body.insert(0, call)
        return node


def caught():
    """The student's code has just caught an error: keep in mind which and where, but nothing that would keep its frames alive."""
    error = sys.exc_info()[1]
    traceback, stack = error.__traceback__, []
    while traceback is not None:
        stack.append((traceback.tb_frame.f_code, traceback.tb_lasti))
        traceback = traceback.tb_next
    found_nothing = isinstance(error, witness.NOTHING_FOUND)  # which is no error
    (witness.in_vain if found_nothing else witness.caught)[_thread.get_ident()] = in_words(error)[:200], stack[::-1][:20]


def compiled(source, path, transformer=lambda tree: Catching()):
    """Return the code object of a student's file. Raises what compile() raises."""
    tree = ast.parse(source, path)
    try:
        return compile(ast.fix_missing_locations(transformer(tree).visit(tree)), path, "exec", dont_inherit=True)
    except SyntaxError:  # to be told in the words that the student knows
        return compile(source, path, "exec", dont_inherit=True)


def install(hooks):
    """Let the calls come to this module."""
    setattr(builtins, HOOK, hooks)
