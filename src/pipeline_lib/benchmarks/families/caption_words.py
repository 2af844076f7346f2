"""The words of captions: by the tokenizer that official scores use, where it can run, and by a plain one.

The official one is Stanford's PTBTokenizer, as in salaniz/pycocoevalcap 1.2 (`tokenizer/ptbtokenizer.py`): the files of
that package, and Java.
"""

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

from pipeline_lib.core.errors import PipelineError

LEFT_OUT = frozenset(
    ("''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";")
)
PLAIN = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")  # a word with its apostrophes and hyphens
LIBRARY = "pycocoevalcap"
TOKENIZER = "tokenizer/stanford-corenlp-3.4.1.jar"


def plain_words(text: str) -> str:
    """Return the words of a caption in lower case with single spaces, without punctuation; needs no Java."""
    return " ".join(PLAIN.findall(text.lower()))


def official_folder() -> Path | None:
    """Return the folder of pycocoevalcap, None where it is not installed or there is no Java."""
    return _package() if tokenizer_lacks() is None else None


def tokenizer_lacks() -> str | None:
    """Return what the official tokenizer lacks on this machine, None if it can run."""
    lacking = [] if _package() else ["pycocoevalcap is not installed, which requirements.captions.lock has"]
    if shutil.which("java") is None:
        lacking.append("no `java` is on the path")
    return " and ".join(lacking) or None


def _package() -> Path | None:
    """Return the folder of pycocoevalcap, None where it is not installed or has no tokenizer."""
    spec = find_spec(LIBRARY)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)))
    return folder if (folder / TOKENIZER).is_file() else None


def official_words(folder: Path, texts: list[str]) -> list[str]:
    """Return the words of every caption with single spaces, as PTBTokenizer finds them."""
    lines = [" ".join(text.splitlines()) for text in texts]
    with NamedTemporaryFile("w", encoding="utf-8", suffix=".txt", newline="\n") as file:
        file.write("\n".join(lines))
        file.flush()
        tokenizer = ["edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase"]
        tokenized = java(["-cp", str(folder / TOKENIZER), *tokenizer, file.name]).split("\n")
    words = [" ".join(word for word in line.rstrip().split(" ") if word not in LEFT_OUT) for line in tokenized]
    if len(words) < len(lines) or any(words[len(lines) :]):
        what = "the tokenizer's lines are not those of the captions"
        raise PipelineError(
            what,
            value=f"{len(tokenized)} lines for {len(lines)} captions",
            cure="check Java's output",
        )
    return words[: len(lines)]


def java(arguments: list[str], text: str | None = None) -> str:
    """Return what a Java program prints, with `text` as its input; a failing one raises PipelineError."""
    command = ["java", "-Dfile.encoding=UTF-8", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise PipelineError("a scorer in Java failed", value=done.stderr[-300:], cure="check `java -version`")
    return done.stdout
