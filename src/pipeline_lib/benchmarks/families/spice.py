"""SPICE of captions, by the program in salaniz/pycocoevalcap 1.2 (`spice/spice.py`), where its models lie beside it.

The program keeps no cache of parsed captions here: its cache is a database in the folder of the package.
"""

import json
import re
import subprocess
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from pipeline_lib.benchmarks.families.caption_words import java

PROGRAM = "spice/spice-1.0.jar"
MODELS = ("spice/lib/stanford-corenlp-3.6.0.jar", "spice/lib/stanford-corenlp-3.6.0-models.jar")
DOWNLOAD = "`python -m pycocoevalcap.spice.get_stanford_models` downloads the models"
LAST_JAVA = 14  # with a JavaScript engine, by which the program writes its results
VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def spice_lacks(folder: Path) -> str | None:
    """Return what SPICE lacks in the folder of pycocoevalcap or of this machine's Java, None if it can run."""
    missing = [name for name in (PROGRAM, *MODELS) if not (folder / name).is_file()]
    if missing:
        return f"pycocoevalcap has no {', '.join(missing)}; {DOWNLOAD}"
    version = _java_version()
    if version is None or version > LAST_JAVA:
        return f"its program needs Java 8 to {LAST_JAVA}; this one is {version or 'of no known version'}"
    return None


def spice(folder: Path, captions: list[str], references: list[list[str]]) -> float:
    """Return the mean SPICE of captions, words with single spaces; a failing program raises PipelineError."""
    rows = [
        {"image_id": number, "test": caption, "refs": others}
        for number, (caption, others) in enumerate(zip(captions, references, strict=True))
    ]
    with TemporaryDirectory() as work:
        texts, results = Path(work, "captions.json"), Path(work, "results.json")
        texts.write_text(json.dumps(rows), encoding="utf-8")
        java(["-Xmx8G", "-jar", str(folder / PROGRAM), str(texts), "-out", str(results), "-silent"])
        return mean_spice(json.loads(results.read_text(encoding="utf-8")))


def mean_spice(results: list[dict[str, Any]]) -> float:
    """Return the mean over images of the F-score of all tuples in the program's results."""
    return fmean(float(each["scores"]["All"]["f"]) for each in results)


def _java_version() -> int | None:
    done = subprocess.run(["java", "-version"], capture_output=True, encoding="utf-8", check=False)
    match = VERSION.search(done.stderr)
    return int(match[1]) if match else None
