"""Imports the modules of one package with mutants planted in them; nothing is written anywhere."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from mutation.plant import SWITCHES_NAME, Mutant, Planter
from mutation.switches import SWITCHES


class PlantedLoader(SourceFileLoader):
    """Compiles the planted source, past the cache of compiled files."""

    def __init__(self, name: str, path: str, mutants: list[Mutant]) -> None:
        super().__init__(name, path)
        self._mutants = mutants

    def get_code(self, fullname: str) -> CodeType:
        """The module's code, with mutants."""
        path = self.get_filename(fullname)
        planter = Planter(fullname, len(self._mutants))
        tree = planter.plant(ast.parse(self.get_data(path), filename=path))
        self._mutants += planter.mutants
        return compile(tree, path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module with the switches in its reach."""
        setattr(module, SWITCHES_NAME, SWITCHES)
        super().exec_module(module)


class PlantedFinder(MetaPathFinder):
    """Finds the modules of the packages that get mutants, and leaves all others alone.

    Attributes:
        mutants: what was planted so far, by number.
    """

    def __init__(self, *packages: str) -> None:
        self.mutants: list[Mutant] = []
        self._packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec with a loader that plants, or None for the ordinary import."""
        if not any(fullname == name or fullname.startswith(f"{name}.") for name in self._packages):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = PlantedLoader(fullname, spec.loader.path, self.mutants)
        return spec

    def install(self) -> None:
        """Before anything of those packages is imported."""
        early = [name for name in sys.modules if name.startswith(self._packages)]
        if early:
            raise RuntimeError(f"expected nothing imported yet, got {early[0]}")
        sys.meta_path.insert(0, self)

    def plant_all(self) -> None:
        """Import every module of the packages now, so that numbers are the same in every forked process."""
        for name in self._packages:
            package = importlib.import_module(name)
            for found in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
                importlib.import_module(found.name)
