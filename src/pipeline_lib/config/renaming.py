"""Names of a rehearsal: what it makes otherwise than the study lies in data/ under names of its own."""

from typing import Any, Collection, Mapping

Tree = dict[str, Any]  # a study as built-in types

SHARED = {"datasets", "tables", "weights"}  # lie in data/
REFERENCES = {  # the keys of a part that name entries of another
    "datasets": {},
    "tables": {"dataset": "datasets", "images": "datasets"},
    "subsets": {"table": "tables"},
    "weights": {"tables": "tables", "dataset": "datasets", "tower": "weights"},
    "trainings": {"start": "weights", "tower": "weights", "projector": "weights", "adapter": "weights"},
    "runs": {"model": "weights"},
    "benchmarks": {"dataset": "datasets", "gold": "datasets", "images": "datasets"},
}


def renamed(tree: Tree, prefix: str, own: Mapping[str, Collection[str]]) -> Tree:
    """Return the tree with `prefix` before the names in `own`, by their part, wherever they stand."""

    def new(part: str, name: Any) -> Any:
        if isinstance(name, list):
            return [new(part, item) for item in name]
        return f"{prefix}{name}" if name in own[part] else name

    def entry(part: str, found: Tree) -> Tree:
        return {**found, **{key: new(other, found[key]) for key, other in REFERENCES[part].items()}}

    def entries(part: str) -> Tree:
        kept = part not in SHARED
        return {name if kept else new(part, name): entry(part, found) for name, found in tree[part].items()}

    return {**tree, **{part: entries(part) for part in REFERENCES}}
