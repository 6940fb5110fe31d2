"""Every place where a TOML tree does not fit the types, with the nearest known key: one run shows all of them.

``msgspec.convert`` stops at the first misfit and hides names of tables (``workloads[...]``); this walk says the rest.
It runs only after a conversion has failed.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import inspect

from console.config.errors import Problem, Where, nearest, shown

_LEAVES: dict[type[inspect.Type], tuple[tuple[type, ...], str]] = {
    inspect.StrType: ((str,), "text in quotes"),
    inspect.BoolType: ((bool,), "true or false"),
    inspect.IntType: ((int,), "a whole number"),
    inspect.FloatType: ((int, float), "a number"),
}


def misfits(tree: object, kind: type) -> Iterator[Problem]:
    """Problems of ``tree`` against the struct type ``kind``, at any depth, in the order of the file."""
    yield from _walk(tree, inspect.type_info(kind), ())


def _walk(value: object, info: inspect.Type, where: Where) -> Iterator[Problem]:
    if isinstance(info, inspect.UnionType):
        yield from _union(value, info, where)
    elif isinstance(info, inspect.StructType):
        yield from _struct(value, info, where)
    elif isinstance(info, inspect.DictType):
        if not isinstance(value, dict):
            yield Problem(where, f"is {shown(value)}, expected tables such as [{where[-1] if where else ''}.NAME]")
            return
        for name, inner in value.items():
            yield from _walk(inner, info.value_type, (*where, name))
    elif isinstance(info, inspect.VarTupleType):
        if not isinstance(value, list):
            yield Problem(where, f"is {shown(value)}, expected an array in [ ]")
            return
        for position, inner in enumerate(value):
            yield from _walk(inner, info.item_type, (*where, position))
    elif not _fits(value, info):
        yield Problem(where, f"is {shown(value)}, expected {_words(info)}{_hint(value, info)}")


def _struct(value: object, info: inspect.StructType, where: Where) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(where, f"is {shown(value)}, expected a table")
        return
    fields = {field.encode_name: field for field in info.fields}
    for name, inner in value.items():
        if name in fields:
            yield from _walk(inner, fields[name].type, (*where, name))
        else:
            yield Problem((*where, name), f"is not a key of this table{nearest(name, fields)}")
    for name, field in fields.items():
        if field.required and name not in value:
            yield Problem(where, f"has no {name}, expected {_words(field.type)}")


def _union(value: object, info: inspect.UnionType, where: Where) -> Iterator[Problem]:
    choices = [choice for choice in info.types if not isinstance(choice, inspect.NoneType)]
    if len(choices) == 1:
        yield from _walk(value, choices[0], where)
    elif not any(_fits(value, choice) for choice in choices):
        yield Problem(where, f"is {shown(value)}, expected {' or '.join(_words(choice) for choice in choices)}")


def _allowed(info: inspect.Type) -> tuple[str, ...]:
    if isinstance(info, inspect.EnumType):
        return tuple(str(member.value) for member in info.cls)
    return tuple(str(value) for value in info.values) if isinstance(info, inspect.LiteralType) else ()


def _fits(value: object, info: inspect.Type) -> bool:
    leaf = _LEAVES.get(type(info))
    if leaf is None:
        return isinstance(value, str) and value in _allowed(info)
    if isinstance(value, bool) and bool not in leaf[0]:
        return False
    return isinstance(value, leaf[0]) and not (isinstance(value, int) and value.bit_length() > 63)


def _words(info: inspect.Type) -> str:
    leaf = _LEAVES.get(type(info))
    if leaf is not None:
        return leaf[1]
    allowed = _allowed(info)
    return f"one of {', '.join(allowed)}" if allowed else "a table"


def _hint(value: object, info: inspect.Type) -> str:
    allowed = _allowed(info)
    if not (isinstance(value, str) and allowed):
        return ""
    said = nearest(value, allowed)
    return said if "mean" in said else ""
