"""Refuse an environment that belongs to another checkout of the project: `python tools/environment.py .venv`.

A copied or linked environment runs the other's programs, and installing into it would change the other.
`make setup` asks this before it installs anything, unless `VENV=` names the environment on its command line.
"""

import json
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

PROJECT = "vlmflow"


def foreign_home(environment: Path, checkout: Path) -> Path | None:
    """Return where an environment belongs if that is not this checkout, None if it is this one's or does not exist."""
    if not environment.exists():
        return None
    if not environment.resolve().is_relative_to(checkout.resolve()):
        return environment.resolve()
    for home, own in ((creation_path(environment), environment), (installed_project(environment), checkout)):
        if home is not None and not (home.exists() and home.samefile(own)):
            return home
    return None


def creation_path(environment: Path) -> Path | None:
    """Return the path under which `python -m venv` made an environment, None where it does not say."""
    config = environment / "pyvenv.cfg"
    lines = config.read_text().splitlines() if config.is_file() else []
    for line in lines:
        key, _, command = line.partition(" = ")
        if key == "command" and " /" in command:  # PYTHON -m venv [OPTIONS] PATH
            return Path("/" + command.partition(" -m venv ")[2].partition("/")[2])
    return None


def installed_project(environment: Path) -> Path | None:
    """Return the checkout whose package is installed in an environment, None where none is."""
    for origin in environment.glob(f"lib/python*/site-packages/{PROJECT}-*.dist-info/direct_url.json"):
        return Path(unquote(urlsplit(json.loads(origin.read_text())["url"]).path))
    return None


def main() -> None:
    """End with an error where the environment is another's."""
    environment = Path(sys.argv[1])
    home = foreign_home(environment, Path.cwd())
    if home is not None:
        sys.exit(
            f"error: this environment belongs to another checkout\n  where: {environment.absolute()}\n  value: {home}\n"
            f"  cure:  remove {environment}, and make setup makes one; or name it: make setup VENV={environment}"
        )


if __name__ == "__main__":
    main()
