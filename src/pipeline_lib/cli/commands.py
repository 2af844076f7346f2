"""The commands of `vlmflow`: each is the module of its name."""

from pipeline_lib.cli.command_group import CommandGroup
from pipeline_lib.cli.former import FormerlyPositional

NAMES = (  # in the order of the help
    *("init", "config", "lineage", "dvc", "train", "ask", "score", "compare", "refine", "plan", "show"),
    *("status", "gradcam", "export", "why", "check", "accept", "doctor", "disk", "clean"),
)


class Commands(CommandGroup):
    """The group of all commands."""

    modules = {name: name for name in NAMES}
    classes = dict.fromkeys(("plan", "show"), FormerlyPositional)
