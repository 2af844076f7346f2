"""Print the lineage of a file as a tree."""

from collections import Counter
from pathlib import Path

from rich.markup import escape
from rich.tree import Tree

from pipeline_lib.core.text import canonical_json
from pipeline_lib.job.manifest import SUFFIX, read_entries
from pipeline_lib.lineage.records import Made, Records

FIRST_FILES = 3
FIRST_INPUTS = 6  # of a stage
SHORT = 12  # hexadecimal digits shown of a digest


def render(records: Records, path: Path, all_files: bool) -> Tree:
    """Return the tree of a file: its job, then the tree of each input; repeated inputs are not expanded again."""
    made = records.made(path)
    tree = Tree(_title(made))
    _grow(tree, made, records, all_files, {made.path})
    return tree


def _grow(tree: Tree, made: Made, records: Records, all_files: bool, seen: set[str]) -> None:
    for line in _facts(made):
        tree.add(f"[dim]{escape(line)}[/dim]")
    inputs = made.record.inputs
    if not inputs:
        _add_files(tree, Path(made.path), all_files)
    visible = inputs if all_files else _fewer(inputs, records)
    for name, digest in visible.items():
        if records.find(name) is None:
            tree.add(
                f"[bold]{escape(name)}[/bold]  {digest[:SHORT]}  [red]no record any more: its job failed since[/red]"
            )
            continue
        source = records.made(Path(name))
        now = source.record.outputs[source.path]
        changed = "" if now == digest else "  [red]re-made since with other bytes[/red]"
        if source.path in seen:
            tree.add(f"{escape(source.path)}  {digest[:SHORT]}  [dim](above)[/dim]{changed}")
            continue
        seen.add(source.path)
        _grow(tree.add(_title(source) + changed), source, records, all_files, seen)
    if len(visible) < len(inputs):
        tree.add(f"[dim]and {len(inputs) - len(visible)} more inputs, unchanged since (--all)[/dim]")


def _fewer(inputs: dict[str, str], records: Records) -> dict[str, str]:
    """Return the first inputs of each stage where it has many, such as shards, and all that changed since."""
    counts: Counter[str] = Counter()
    fewer = {}
    for name, digest in inputs.items():
        record = records.find(name)
        changed = record is None or record.outputs[name] != digest
        stage = "" if record is None else record.stage
        counts[stage] += 1
        if changed or counts[stage] <= FIRST_INPUTS:
            fewer[name] = digest
    return fewer


def _title(made: Made) -> str:
    mark = f"  [red]{made.altered}[/red]" if made.altered else ""
    return f"[bold]{escape(made.path)}[/bold]  {made.record.outputs[made.path][:SHORT]}{mark}"


def _facts(made: Made) -> list[str]:
    record = made.record
    making = record.making
    machine, repository = making["machine"], making["repository"]
    node = machine.get("node", "(unknown)")
    commit = (repository["commit"] or "no commit")[:SHORT] + (
        " with uncommitted changes" if repository["dirty"] else ""
    )
    libraries = ", ".join(f"{name} {version}" for name, version in record.libraries.items())
    torch = machine["torch"]
    computing = f", {torch['threads']} threads, {torch['capability']}, GPUs {torch['gpus'] or 'none'}" if torch else ""
    return [
        f"stage {record.stage}, code {record.code}, {commit}, lock {(repository['lock'] or 'none')[:SHORT]}",
        f"settings {canonical_json(record.settings)}",
        f"libraries {libraries or 'none that matter'}, Python {machine['python']}",
        f"on machine {node}, {machine['processor']}{computing}; {making['started']}, {making['seconds']} s",
        *(
            f"accepted {change['at']} because {change['because']}: {'; '.join(change['changes'])}"
            for change in record.accepted
        ),
        *([f"linked back {record.started}: an equal job had made it"] if record.reused else []),
    ]


def _add_files(tree: Tree, path: Path, all_files: bool) -> None:
    """Add the raw files of a manifest with their digests, the first few or all."""
    if not path.name.endswith(SUFFIX) or not path.is_file():
        return
    entries = read_entries(path)
    listing = entries if all_files else entries[:FIRST_FILES]
    for entry in listing:
        tree.add(f"{escape(entry.path)}  {entry.size} bytes  sha256 {entry.sha256}")
    if len(listing) < len(entries):
        tree.add(f"[dim]and {len(entries) - len(listing)} more (--all)[/dim]")
