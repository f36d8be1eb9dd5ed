"""The student's code, compiled with a call of ours at every place that may touch a container.

The objects stay what they are (``type(x) is dict`` holds, C code sees plain dicts); it
is the places that are watched: each hook returns what it was given. What it notes
is in `store`. Lines and columns stay as they were, for tracebacks and tracing.
"""

import ast
import collections
import itertools

import catching
import kinds
import store
from catching import HOOK, Catching

OF_FRAMES = {"super", "locals", "globals", "vars", "dir", "eval", "exec", "__import__", "breakpoint"}  # they look at their caller
OF_CONTAINERS = {name for kind in (*kinds.CONTAINERS, collections.OrderedDict, collections.Counter) for name in dir(kind)}
METHODS = OF_CONTAINERS - set(dir(object))  # those that may be handed on
CALLS = OF_CONTAINERS | kinds.NOTED  # a method by another name touches nothing itself
NO_CONTAINER = (ast.Constant, ast.JoinedStr, ast.Compare, ast.Lambda)
SETTING_UP = {"__init__", "__post_init__", "__new__", "__init_subclass__"}


def compiled(source, path):
    """Return the code object of a student's file. Raises what compile() raises."""
    return catching.compiled(source, path, Hooks)


def install():
    catching.install(store)


def hook(name, node, *arguments):
    """The expression `node`, given to a hook."""
    if isinstance(node, NO_CONTAINER):
        return node
    function = ast.Attribute(ast.Name(HOOK, ast.Load()), name, ast.Load())
    call = ast.Call(function, [node, *map(ast.Constant, arguments)], [])
    for new in (call, function, function.value, *call.args[1:]):
        ast.copy_location(new, node)
    return call


class Hooks(Catching):
    """Puts the hooks in."""

    def __init__(self, tree):
        self.rebound_names, self.rebound_closed, self.rebound_attributes = rebound(tree)
        self.functions = []  # the names that are local, of each function that we are in
        self.classes = []
        self.owners = itertools.count()

    # -------------------------------------------------- what touches a container

    def visit_Subscript(self, node):
        self.generic_visit(node)
        fixed = [node.slice.value] if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str) else []
        node.value = hook("of", node.value, {"Load": "__getitem__", "Store": "__setitem__", "Del": "__delitem__"}[type(node.ctx).__name__], *fixed)
        return node

    def visit_Call(self, node):
        node.func.is_called = True
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id in OF_FRAMES):
            if not isinstance(node.func, ast.Attribute) or node.func.attr in CALLS:
                node.func = hook("called", node.func)
        elif node.func.id in ("exec", "eval"):
            node.func = hook("unseen", node.func)
        for keyword in node.keywords:
            if keyword.arg is None:
                keyword.value = hook("of", keyword.value, "__iter__")
        return node

    def visit_Compare(self, node):
        self.generic_visit(node)
        for number, operator in enumerate(node.ops):
            if isinstance(operator, (ast.In, ast.NotIn)):
                node.comparators[number] = hook("of", node.comparators[number], "__contains__")
            elif not isinstance(operator, (ast.Is, ast.IsNot)):
                node.comparators[number] = hook("of", node.comparators[number], "__eq__")
                if number == 0:
                    node.left = hook("of", node.left, "__eq__")
        return node

    def visit_For(self, node):
        self.generic_visit(node)
        node.iter = hook("walk", node.iter)
        return node

    def visit_comprehension(self, node):
        self.generic_visit(node)
        if not node.is_async:
            node.iter = hook("walk", node.iter)
        node.ifs = [hook("of", test, "__len__") for test in node.ifs]
        return node

    def visit_YieldFrom(self, node):
        self.generic_visit(node)
        node.value = hook("walk", node.value)
        return node

    def visit_Starred(self, node):
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = hook("of", node.value, "__iter__")
        return node

    def visit_Dict(self, node):
        self.generic_visit(node)
        node.values = [hook("of", value, "__iter__") if key is None else value for key, value in zip(node.keys, node.values)]
        return node

    def visit_FormattedValue(self, node):
        self.generic_visit(node)
        node.value = hook("of", node.value, "__repr__")
        return node

    def tests(self, node):
        self.generic_visit(node)
        node.test = hook("of", node.test, "__len__")
        return node

    visit_If = visit_While = visit_IfExp = visit_Assert = tests

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Not):
            node.operand = hook("of", node.operand, "__len__")
        return node

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        node.values[:-1] = [hook("of", value, "__len__") for value in node.values[:-1]]  # the last is handed on as it is
        return node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        node.left, node.right = hook("of", node.left, "__iter__"), hook("of", node.right, "__iter__")
        return node

    def visit_Match(self, node):
        node.subject = hook("of", self.visit(node.subject), "__getitem__")
        for case in node.cases:  # the patterns stay as they are
            case.guard = case.guard and hook("of", self.visit(case.guard), "__len__")
            case.body = self.statements(case.body)
        return node

    def statements(self, body):
        out = []
        for statement in body:
            new = self.visit(statement)
            out += new if isinstance(new, list) else [new]
        return out

    # -------------------------------------------------- what binds a variable anew

    def visit_Assign(self, node):
        self.generic_visit(node)
        if any(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets):
            node.value = hook("of", node.value, "__iter__")
        return [node, *(note for target in node.targets for note in self.notes(target))]

    def visit_AnnAssign(self, node):
        if node.value is not None:
            node.value = self.visit(node.value)
        node.target = self.visit(node.target)
        return [node, *(self.notes(node.target) if node.value is not None else ())]

    def visit_AugAssign(self, node):
        before = []
        if isinstance(node.target, ast.Name):
            read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
            before = [ast.copy_location(ast.Expr(hook("of", self.visit(read), "__iadd__")), node)]
        self.generic_visit(node)
        notes = self.notes(node.target)
        if isinstance(node.target, ast.Attribute):  # which must not be read once more: it may be a property
            node.target.value = hook("augmented", node.target.value, self.mangled(node.target.attr))
        return [*before, node, *notes]

    def visit_NamedExpr(self, node):
        self.generic_visit(node)
        return self.of_variable("bound", node, node.target) or node

    def notes(self, target):
        """Statements that say that this variable was bound anew, if it is one that threads may share."""
        if isinstance(target, (ast.Tuple, ast.List)):
            return [note for each in target.elts for note in self.notes(each)]
        call, after = None, []
        if isinstance(target, ast.Name):
            call = self.of_variable("bound", ast.copy_location(ast.Name(target.id, ast.Load()), target), target)
        elif isinstance(target, ast.Attribute) and target.attr in self.rebound_attributes:
            if isinstance(target.value, ast.Name):
                name = target.value.id
            elif self.functions:  # whose it is must not be found out a second time, and is kept in a local variable for just so long
                name = f"__chat_lab_{next(self.owners)}__"
                target.value = ast.copy_location(ast.NamedExpr(ast.Name(name, ast.Store()), target.value), target)
                after = [ast.copy_location(ast.Delete([ast.Name(name, ast.Del())]), target)]
            else:
                return []
            call = hook("bound_attribute", ast.copy_location(ast.Name(name, ast.Load()), target), self.mangled(target.attr))
        return [ast.copy_location(ast.Expr(call), target), *after] if call else []

    def of_variable(self, what, node, name):
        """The expression `node`, which reads or binds the variable `name`, given to a hook, or None if threads do not share it."""
        if not self.functions:
            return None
        is_local = name.id in self.functions[-1]  # to this function or to one around it
        if is_local and name.id in self.rebound_closed:
            call = hook(what + "_closed", node, name.id)
            no_arguments = ast.arguments([], [], None, [], [], None, [])
            call.args.append(ast.Lambda(no_arguments, ast.Name(name.id, ast.Load())))  # has the variable itself in its closure
        elif not is_local and name.id in self.rebound_names:
            call = hook(what, node, name.id)
            call.args.append(ast.Name("__name__", ast.Load()))
        else:
            return None
        for part in ast.walk(call.args[-1]):
            ast.copy_location(part, name)
        return call

    def visit_Name(self, node):
        return isinstance(node.ctx, ast.Load) and self.of_variable("read", node, node) or node

    def visit_Attribute(self, node):
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load) and node.attr in self.rebound_attributes:
            return hook("read_attribute", node.value, self.mangled(node.attr))
        if isinstance(node.ctx, ast.Load) and node.attr in METHODS and not hasattr(node, "is_called"):
            return hook("handed_on", node)
        return node

    def mangled(self, name):
        """The attribute's real name; see "Private name mangling" in the language reference."""
        stem = self.classes[-1].lstrip("_") if self.classes else ""
        if stem and name.startswith("__") and not name.endswith("__"):
            return f"_{stem}{name}"
        return name

    # -------------------------------------------------- scopes

    def visit_FunctionDef(self, node):
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.args = self.visit(node.args)
        self.functions.append(local_names(node) | (self.functions[-1] if self.functions else set()) - declared_global(node))
        node.body = self.statements(node.body)
        self.functions.pop()
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        self.functions.append({arg.arg for arg in all_arguments(node.args)} | (self.functions[-1] if self.functions else set()))
        self.generic_visit(node)
        self.functions.pop()
        return node

    def visit_ClassDef(self, node):
        self.classes.append(node.name)
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.body = self.statements(node.body)
        self.classes.pop()
        return node

    def visit_arg(self, node):  # no hook in an annotation
        return node

    visit_TypeAlias = visit_arg


def all_arguments(arguments):
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs,
            *filter(None, (arguments.vararg, arguments.kwarg))]


def own_nodes(function):
    """The nodes of a function's body without those of functions and classes inside it."""
    if not hasattr(function, "own_nodes"):
        found = list(function.body)
        for node in found:  # which grows
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
                found += ast.iter_child_nodes(node)
        function.own_nodes = found
    return function.own_nodes


def declared_global(function):
    return {name for node in own_nodes(function) if isinstance(node, ast.Global) for name in node.names}


def local_names(function):
    """The names that are local to this function."""
    bound = {arg.arg for arg in all_arguments(function.args)}
    outer = set()
    for node in own_nodes(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            outer |= set(node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            bound.add(node.name)
    return bound - outer


def rebound(tree):
    """The global names, the names in closures, and the names of attributes, that a function binds after things have been set up."""
    names, closed, attributes = set(), set(), set()
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            stored = [node for node in own_nodes(function) if isinstance(getattr(node, "ctx", None), ast.Store)]
            stored_names = {node.id for node in stored if isinstance(node, ast.Name)}
            names |= declared_global(function) & stored_names
            closed |= {name for node in own_nodes(function) if isinstance(node, ast.Nonlocal) for name in node.names} & stored_names
            if function.name not in SETTING_UP:
                attributes |= {node.attr for node in stored if isinstance(node, ast.Attribute)}
    return names, closed, attributes
