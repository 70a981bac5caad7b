"""The part of JSON Schema 2020-12 that our description uses, small enough to be read; an unknown keyword fails."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, Any] = {
    "string": str, "object": dict, "array": list, "boolean": bool, "null": type(None), "integer": int, "number": (int, float),
}  # fmt: skip
_NOTES = {"title", "description", "default", "discriminator", "contentEncoding"}


class SchemaError(AssertionError):
    """A value that its schema does not describe."""


def validate(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str = "$") -> None:
    """Raise unless ``value`` is what ``schema`` says."""
    for keyword, rule in schema.items():
        if keyword in _NOTES:
            continue
        check = _CHECKS.get(keyword)
        if check is None:
            raise SchemaError(f"unknown keyword {keyword} at {path}")
        check(value, rule, schema, root, path)


def _need(good: bool, path: str, rule: object, value: object) -> None:
    if not good:
        raise SchemaError(f"{path}: expected {rule!r}, got {value!r:.200}")


def _type(value: Any, rule: Any, _: Any, __: Any, path: str) -> None:
    names = rule if isinstance(rule, list) else [rule]
    good = any(
        isinstance(value, _TYPES[name]) and not (isinstance(value, bool) and name in {"integer", "number"})
        for name in names
    )
    _need(good, path, rule, value)


def _ref(value: Any, rule: str, _: Any, root: dict[str, Any], path: str) -> None:
    found: Any = root
    for part in rule.removeprefix("#/").split("/"):
        found = found[part]
    validate(value, found, root, path)


def _all_of(value: Any, rule: Any, _: Any, root: Any, path: str) -> None:
    for item in rule:
        validate(value, item, root, path)


def _any_of(value: Any, rule: Any, _: Any, root: Any, path: str) -> None:
    failures = []
    for item in rule:
        try:
            validate(value, item, root, path)
        except SchemaError as error:
            failures.append(str(error))
        else:
            return
    raise SchemaError(f"{path}: none of {failures}")


def _properties(value: Any, rule: Any, _: Any, root: Any, path: str) -> None:
    for name, item in rule.items():
        if name in value:
            validate(value[name], item, root, f"{path}.{name}")


def _additional(value: Any, rule: Any, schema: Any, root: Any, path: str) -> None:
    for name in set(value) - set(schema.get("properties", ())):
        _need(rule is not False, path, "no further property", name)
        if isinstance(rule, dict):
            validate(value[name], rule, root, f"{path}.{name}")


def _items(value: Any, rule: Any, schema: Any, root: Any, path: str) -> None:
    first = len(schema.get("prefixItems", ()))
    _need(rule is not False or len(value) <= first, path, f"at most {first} items", value)
    if isinstance(rule, dict):
        for place, item in enumerate(value[first:]):
            validate(item, rule, root, f"{path}[{place}]")


def _prefix_items(value: Any, rule: Any, _: Any, root: Any, path: str) -> None:
    for place, (item, schema) in enumerate(zip(value, rule, strict=False)):
        validate(item, schema, root, f"{path}[{place}]")


def _names(value: Any, rule: Any, _: Any, root: Any, path: str) -> None:
    for name in value:
        validate(name, rule, root, f"{path} names")


_CHECKS: dict[str, Any] = {
    "$ref": _ref,
    "type": _type,
    "allOf": _all_of,
    "anyOf": _any_of,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "prefixItems": _prefix_items,
    "enum": lambda v, r, _, __, p: _need(v in r, p, r, v),
    "const": lambda v, r, _, __, p: _need(v == r, p, r, v),
    "required": lambda v, r, _, __, p: _need(set(r) <= set(v), p, r, v),
    "minItems": lambda v, r, _, __, p: _need(len(v) >= r, p, r, v),
    "maxItems": lambda v, r, _, __, p: _need(len(v) <= r, p, r, v),
    "minProperties": lambda v, r, _, __, p: _need(len(v) >= r, p, r, v),
    "maxProperties": lambda v, r, _, __, p: _need(len(v) <= r, p, r, v),
    "minLength": lambda v, r, _, __, p: _need(len(v) >= r, p, r, v),
    "maxLength": lambda v, r, _, __, p: _need(len(v) <= r, p, r, v),
    "pattern": lambda v, r, _, __, p: _need(not isinstance(v, str) or re.search(r, v) is not None, p, r, v),
    "minimum": lambda v, r, _, __, p: _need(v >= r, p, r, v),
    "maximum": lambda v, r, _, __, p: _need(v <= r, p, r, v),
    "exclusiveMinimum": lambda v, r, _, __, p: _need(v > r, p, r, v),
    "exclusiveMaximum": lambda v, r, _, __, p: _need(v < r, p, r, v),
}
