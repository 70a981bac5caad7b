"""Plants mutants in the source of a module: each is one check less, or one boundary moved.

    refusal     ``if bad: raise Rejection(...)``    ``bad`` is taken as false
    call        ``check_title(...)``                left out
    clause      ``if a or b`` / ``if a and b``      without ``a``, without ``b`` (but for ``x is None``)
    boundary    ``a < b``                           ``a <= b``, and the other way round

All mutants of all modules are planted at once, behind switches, so that a process imports and collects
once and then tries one mutant after another.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

SWITCHES_NAME: Final = "__switches__"
_CHECKS: Final = re.compile(r"_?(check|require)_\w+|_?check|unused|known|satisfy")
_OPERATORS: Final[dict[type[ast.cmpop], str]] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change that a test should notice."""

    number: int
    module: str
    function: str
    line: int
    operator: str
    text: str
    """The statement, comparison or clause that is changed."""
    again: int = 0
    """How many of the same words stand before it in the function."""

    @property
    def key(self) -> str:
        """What names it in the next run too, when lines have moved."""
        text = f"{self.operator} {self.text} {self.again}".encode()
        return f"{self.module}:{self.function}:{hashlib.sha256(text).hexdigest()[:12]}"


class Planter(ast.NodeTransformer):
    """Rewrites one module and lists what it planted."""

    def __init__(self, module: str, first: int) -> None:
        self.module = module
        self.first = first
        self.mutants: list[Mutant] = []
        self._functions: list[str] = []
        self._words: Counter[tuple[str, str, str]] = Counter()

    def plant(self, tree: ast.Module) -> ast.Module:
        """The tree with its mutants."""
        planted: ast.Module = ast.fix_missing_locations(self.visit(tree))
        return planted

    def _add(self, operator: str, node: ast.AST, text: str = "") -> int:
        number = self.first + len(self.mutants)
        shown = " ".join((text or ast.unparse(node)).split())
        function = ".".join(self._functions) or "<module>"
        again = self._words[function, operator, shown]
        self._words[function, operator, shown] += 1
        line = getattr(node, "lineno", 0)
        self.mutants.append(Mutant(number, self.module, function, line, operator, shown, again))
        return number

    def _scope(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        self._functions.append(node.name)
        node.body = [self.visit(child) for child in node.body]  # not decorators, defaults, annotations
        self._functions.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._scope(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._scope(node)

    def visit_If(self, node: ast.If) -> ast.AST:
        refuses = _refusal(node.body[-1])
        if refuses:
            number = self._add("refusal", node, f"if {ast.unparse(node.test)}: {_shown(node.body[-1])}")
            test = self._clauses(node.test)
            node.test = ast.BoolOp(ast.And(), [test, _ask("refusing", number)])
            node.body = [self.visit(child) for child in node.body[:-1]] + node.body[-1:]
        else:
            node.test = self._clauses(node.test)
            node.body = [self.visit(child) for child in node.body]
        node.orelse = [self.visit(child) for child in node.orelse]
        return node

    def _clauses(self, test: ast.expr) -> ast.expr:
        """The condition of an ``if``, each of its clauses with a switch."""
        if not isinstance(test, ast.BoolOp):
            visited: ast.expr = self.visit(test)
            return visited
        either = isinstance(test.op, ast.Or)
        for place, clause in enumerate(test.values):
            if _about_nothing(clause):
                test.values[place] = self.visit(clause)
                continue
            joined = "or" if either else "and"
            number = self._add("clause", clause, f"{joined} {ast.unparse(clause)}")
            new = self.visit(clause)
            asked = _ask("refusing" if either else "missing", number)
            test.values[place] = ast.BoolOp(ast.And() if either else ast.Or(), [new, asked])
        return test

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if not _refusal(node):
            return node
        return ast.If(_ask("refusing", self._add("refusal", node, _shown(node))), [node], [])

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        call = node.value
        self.generic_visit(node)
        if not isinstance(call, ast.Call) or not _CHECKS.fullmatch(_name(call.func)):
            return node
        number = self._add("call", node, ast.unparse(call))
        told = [ast.Expr(_ask("raised", number)), ast.Raise()]
        handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, told)
        return ast.If(_ask("calling", number), [ast.Try([node], [handler], [], [])], [])

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        text = ast.unparse(node)
        self.generic_visit(node)
        if any(type(op) not in _OPERATORS for op in node.ops):
            return node
        names = [_OPERATORS[type(op)] for op in node.ops]
        numbers = [
            self._add("boundary", node, f"{text} (the {name} at {place})" if len(names) > 1 else text)
            for place, name in enumerate(names)
        ]
        first = ast.Constant(numbers[0])
        operators = ast.Tuple([ast.Constant(name) for name in names], ast.Load())
        return ast.copy_location(_call("compare", first, operators, node.left, *node.comparators), node)


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    switches = ast.Name(SWITCHES_NAME, ast.Load())
    return ast.Call(ast.Attribute(switches, name, ast.Load()), list(arguments), [])


def _ask(name: str, number: int) -> ast.Call:
    return _call(name, ast.Constant(number))


def _about_nothing(clause: ast.expr) -> bool:
    """``x is None``, ``x is not None``: mostly there for the type checker, and told apart by it."""
    return isinstance(clause, ast.Compare) and isinstance(clause.ops[0], ast.Is | ast.IsNot)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _refusal(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
        return False
    return _name(node.exc.func) == "Rejection"


def _shown(node: ast.stmt) -> str:
    """``raise CODE``, without its words."""
    assert isinstance(node, ast.Raise)
    assert isinstance(node.exc, ast.Call)
    return f"raise {ast.unparse(node.exc.args[0])}" if node.exc.args else "raise"
