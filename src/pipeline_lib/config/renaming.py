"""Names of a rehearsal: artefacts in data/ that differ from the full study's get a prefix."""

from typing import Any, Collection, Mapping

Tree = dict[str, Any]  # a study as built-in types

SHARED = {"datasets", "tables", "weights"}  # are in data/
REFERENCES = {  # the keys of a part that name entries of another
    "datasets": {},
    "tables": {"dataset": "datasets", "images": "datasets"},
    "subsets": {"table": "tables"},
    "weights": {"tables": "tables", "dataset": "datasets", "tower": "weights"},
    "trainings": {"start": "weights", "tower": "weights", "projector": "weights", "adapter": "weights"},
    "runs": {"model": "weights"},
    "benchmarks": {"dataset": "datasets", "gold": "datasets", "images": "datasets"},
}


def renamed(tree: Tree, prefix: str, prefixed: Mapping[str, Collection[str]]) -> Tree:
    """Return the tree with `prefix` before the names in `prefixed`, by part, where they are defined and referred to."""

    def new(part: str, name: Any) -> Any:
        if isinstance(name, list):
            return [new(part, item) for item in name]
        return f"{prefix}{name}" if name in prefixed[part] else name

    def entry(part: str, content: Tree) -> Tree:
        return {**content, **{key: new(other, content[key]) for key, other in REFERENCES[part].items()}}

    def entries(part: str) -> Tree:
        shared = part in SHARED
        return {new(part, name) if shared else name: entry(part, content) for name, content in tree[part].items()}

    return {**tree, **{part: entries(part) for part in REFERENCES}}
