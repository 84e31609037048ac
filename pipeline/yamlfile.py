"""YAML as plain data with line numbers: no tags, no aliases, no repeated keys, no guessing."""

from __future__ import annotations

import difflib
import math
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.faults import Faults, Place, bad_byte
from pipeline.files import read_file
from pipeline.language import Words, catalogue
from pipeline.limits import DEFAULTS, Limits
from pipeline.project import LIMITS

INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")  # a longer one stays text, and is refused as such
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?")
WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
IN_LANGUAGE = re.compile(r"\w+_(vi|en)")  # a text for readers, which both languages need
KEY = "[key]"  # the last step of the place of a problem with a key, not with what stands under it
QUOTED = ("'", '"', "|", ">")  # a scalar written so is text
PLAIN_TAGS = {
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "value")
}
Model = TypeVar("Model", bound=BaseModel)


@dataclass
class YamlFile:
    """The data of a file and the line on which each key path stands."""

    name: str
    data: Any = None
    lines: dict[tuple[Any, ...], int] = field(default_factory=dict)
    schemes: list[str] | None = None  # of the reference tables, where the file names some

    def place(self, *path: Any) -> Place:
        """Place of a key path, or of its nearest parent that has a line."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return Place(self.name, row=self.lines[path[:end]])
        return Place(self.name)


def read_yaml(
    path: Path, name: str, faults: Faults, limits: Limits = DEFAULTS, root: Path | None = None
) -> YamlFile:
    """Read `path` as plain data. Faults are added, never raised; `data` is then None.

    Only `true`, `false`, `null`, integers and decimals are typed; `NO`, `012`, `1:30` and dates
    stay text, so that the model which wants a number refuses them with their line. With `root`, a
    link that leaves this folder is refused.
    """
    found = YamlFile(name)
    raw = read_file(path, Place(name), "yaml_bytes", limits, faults, root=root)
    if raw is None:
        return found
    try:
        source = raw.decode("utf-8-sig")
        if not _is_flat(source, name, limits, faults):
            return found
        node = yaml.compose(source, Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        row, offset = bad_byte(raw, error)
        faults.add("ENC-03", Place(name, row=row), hex(raw[offset]), offset=offset,
                   declared="UTF-8", likely="?", n=1)  # fmt: skip
        return found
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None)
        faults.add("SCH-18", Place(name, row=mark.line + 1 if mark else None), problem)
        return found
    if node is None or node.tag == "tag:yaml.org,2002:null":
        faults.add("SCH-18", Place(name), Words("empty_file"))
        return found
    found.data = _plain(node, (), found, faults)
    return found


def _is_flat(source: str, name: str, limits: Limits, faults: Faults) -> bool:
    """No alias and no deep nesting, seen before anything is composed: composing recurses."""
    depth = 0
    for event in yaml.parse(source, Loader=yaml.CSafeLoader):
        row = event.start_mark.line + 1 if event.start_mark is not None else None
        if isinstance(event, yaml.AliasEvent):
            faults.add("SEC-13", Place(name, row=row), event.anchor, limit=Words("no_alias"))
            return False
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > limits.yaml_depth:
            limit = f"{limits.quoted('yaml_depth')}, yaml_depth"
            faults.add("SEC-13", Place(name, row=row), depth, limit=limit)
            return False
    return True


def _plain(node: Any, path: tuple[Any, ...], found: YamlFile, faults: Faults) -> Any:
    line = node.start_mark.line + 1
    found.lines.setdefault(path, line)
    if node.tag not in PLAIN_TAGS:
        faults.add("SEC-12", Place(found.name, row=line), node.tag)
        return None
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, path, found, faults)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, i), found, faults) for i, item in enumerate(node.value)]
    return node.value if node.style in QUOTED else _typed(node.value)


def _plain_mapping(node: Any, path: tuple[Any, ...], found: YamlFile, faults: Faults) -> Any:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            faults.add("SCH-18", Place(found.name, row=line), Words("key_is_no_text"))
            continue
        if key in mapping:
            first = found.lines[(*path, key)]
            faults.add("SCH-06", Place(found.name, row=line), key, first=first)
            continue
        found.lines[(*path, key)] = line
        mapping[key] = _plain(value_node, (*path, key), found, faults)
    return mapping


def _typed(value: str) -> Any:
    if value in WORDS:
        return WORDS[value]
    if INTEGER.fullmatch(value):
        return int(value)
    if DECIMAL.fullmatch(value) and math.isfinite(float(value)):
        return float(value)
    return value


def validate(model: type[Model], found: YamlFile, faults: Faults) -> Model | None:
    """The data as `model`, or None with one fault per problem, each on its line."""
    if found.data is None:
        return None  # `read_yaml` said why
    try:
        return model.model_validate(found.data, strict=True, context={"schemes": found.schemes})
    except ValidationError as error:
        together: dict[tuple[Any, ...], list[Any]] = {}
        for problem in error.errors():
            together.setdefault(_path_of(problem, found), []).append(problem)
        for path, problems in together.items():
            _add_problem(problems, path, model, found, faults)
        return None


def _path_of(problem: Any, found: YamlFile) -> tuple[Any, ...]:
    """The key path of a problem: a union adds the name of its member (weight, int), no key."""
    path: tuple[Any, ...] = ()
    for part in problem["loc"]:
        path = (*path, part) if (*path, part) in found.lines else path
    is_apart = problem["type"] == "missing" or problem["loc"][-1:] == (KEY,)
    return (*path, problem["loc"][-1]) if is_apart else path


def load_limits(root: Path, faults: Faults) -> Limits:
    """The limits of a project: the defaults, changed by its `limits.yml` if it has one."""
    if not os.path.lexists(root / LIMITS):
        return DEFAULTS
    file = read_yaml(root / LIMITS, LIMITS, faults, root=root)
    return validate(Limits, file, faults) or DEFAULTS


def validate_each(
    model: type[Model], key: str, found: YamlFile, faults: Faults
) -> dict[str, Model | None] | None:
    """The entries of the one map of a file, each as a `model` that holds it alone.

    Args:
        model: has the one field `key`, a map.
        key: `sources`, `variables`.
        found: the file.
        faults: where one fault per problem goes, each on its line.

    Returns:
        A model per entry, None for one that is refused; None when there is no such map.
    """
    data = found.data
    if not isinstance(data, dict) or set(data) != {key} or not isinstance(data[key], dict):
        validate(model, found, faults)
        return None
    return {name: validate(model, replace(found, data={key: {name: entry}}), faults)
            for name, entry in data[key].items()}  # fmt: skip


def _add_problem(
    problems: list[Any],
    path: tuple[Any, ...],
    model: type[BaseModel],
    found: YamlFile,
    faults: Faults,
) -> None:
    """One fault for all that is wrong at a key path: a union finds something for each member."""
    own = path[:-1] if path[-1:] == (KEY,) else path
    problem, place, key = problems[0], found.place(*path), own[-1] if own else ""
    given = "null" if problem["input"] is None else problem["input"]  # an empty value is shown too
    in_language = IN_LANGUAGE.fullmatch(str(key))
    match problem["type"]:
        case "missing" | "string_pattern_mismatch" if in_language:
            faults.add("SCH-15", place, key, id=_id_of(path, found.data),
                       language=Words(f"language_{in_language[1]}"))  # fmt: skip
        case "extra_forbidden":
            here = list(dict.fromkeys(_keys_at(model, path[:-1])))
            near = ", ".join(difflib.get_close_matches(str(key), here, n=1)) or "–"
            faults.add("SCH-05", place, key, nearest=near, allowed=", ".join(here) or "–")
        case "missing":
            faults.add("SCH-16", place, key)
        case "literal_error" | "enum":
            allowed = problem["ctx"]["expected"].replace(" or ", ", ")
            if f"'{problem['input']}'" in allowed:  # the right word, read as a number or a truth
                said = Words("in_quotes", {"value": problem["input"]})
                faults.add("SCH-07", place, problem["input"], key=key, problem=said)
                return
            faults.add("SCH-13", place, given, key=key, allowed=allowed)
        case "path_outside":
            faults.add("SEC-07", place, problem["input"], key=key)
        case "path_remote":
            faults.add("SEC-22", place, problem["input"], key=key)
        case "path_name":
            faults.add("SEC-21", place, problem["input"], key=key, found=problem["ctx"]["found"])
        case "value_error":
            said = problem["ctx"]["error"].args[0]  # a text, or words of the catalogue
            faults.add("SCH-17", place, key, problem=said)
        case _:
            faults.add("SCH-07", place, given, key=key, problem=_expected(problems, model))


def _expected(problems: list[Any], model: type[BaseModel]) -> Words | str:
    """What should have stood there, in words; pydantic's own where the catalogue has none."""
    kinds = {problem["type"]: problem.get("ctx", {}) for problem in problems}
    first = problems[0]
    for key in ("model_type", "float_type", "int_type", first["type"]):
        values = {**kinds.get(key, {})}
        if key == "model_type" and key in kinds:
            (inner,) = {one for one in _models(model) if one.__name__ == values["class_name"]}
            values = {"keys": ", ".join(inner.model_fields)}
        if key in kinds and f"expected_{key}" in catalogue()["problems"]:
            return Words(f"expected_{key}", values)
    return str(first["msg"])


def _id_of(path: tuple[Any, ...], data: Any) -> str:
    """What the entry that holds a key is called: its own code or edition, else its key."""
    for step in path[:-1]:
        is_there = isinstance(data, dict | list) and step in (
            data if isinstance(data, dict) else range(len(data))
        )
        data = data[step] if is_there else None
    own = [data.get(name) for name in ("code", "edition")] if isinstance(data, dict) else []
    return next((str(name) for name in (*own, *path[-2:-1]) if name is not None), "–")


def _keys_at(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    """The keys of the mapping at a key path; of every mapping that may stand there."""
    here = [model]
    for part in path:
        fields = [one.model_fields[part] for one in here if part in one.model_fields]
        here = [inner for f in fields for inner in _inside(f.annotation)] if fields else here
    return [info.alias or name for one in here for name, info in one.model_fields.items()]


def _inside(annotation: Any) -> list[type[BaseModel]]:
    """The models an annotation names, in a list, a mapping or a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for one in getattr(annotation, "__args__", ()) for found in _inside(one)]


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and the models inside it."""
    waiting, seen = [model], set()
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            for info in current.model_fields.values():
                waiting += _inside(info.annotation)
    return seen
