"""Run the loop of haotian-liu/LLaVA c121f04 on the processor, in an interpreter with its libraries; for inference.py.

    python timings/original_loop.py CHECKOUT FOLDER SHAPE

Its script `llava/eval/model_vqa_loader.py` runs as it is, but for: cuda becomes cpu, float16 float32, and models load
without the library accelerate. Prints a line of JSON with the answers, the loop's seconds and the peak memory in MB.
"""

import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

EDITS = {
    "eval/model_vqa_loader.py": {
        "device='cuda'": "device='cpu'",
        "torch.float16": "torch.float32",
        "    data_loader = create_data_loader(": "    begin()\n    data_loader = create_data_loader(",
        "    ans_file.close()": "    ans_file.close()\n    end()",
    },
    "model/builder.py": {
        "torch.float16": "torch.float32",
        "low_cpu_mem_usage=True,": "",
        'kwargs = {"device_map": device_map, **kwargs}': "device_map = None",
        "kwargs['device_map'] = {\"\": device}": "pass",
    },
}


def main(checkout: Path, folder: Path, shape: str) -> None:
    """Copy the package with the edits, run the script, and print what it took."""
    import torch

    torch.set_num_threads(1)
    times = {}

    def begin() -> None:
        times.update(wall=time.perf_counter(), cpu=cpu())

    def end() -> None:
        times.update(wall=time.perf_counter() - times["wall"], cpu=cpu() - times["cpu"])

    with tempfile.TemporaryDirectory() as name:
        package = Path(name) / "llava"
        shutil.copytree(checkout / "llava", package)
        for file, edits in EDITS.items():
            (package / file).write_text(edited((package / file).read_text(), edits, file))
        sys.path.insert(0, name)
        script, answers = package / "eval/model_vqa_loader.py", Path(name) / "answers/answers.jsonl"
        files = ["--question-file", f"{folder}/{shape}.jsonl", "--image-folder", f"{folder}/images"]
        how = ["--temperature", "0", "--conv-mode", "vicuna_v1", "--max_new_tokens", "8"]
        sys.argv = [
            str(script),
            "--model-path",
            f"{folder}/llava-original",
            *files,
            "--answers-file",
            str(answers),
            *how,
        ]
        exec(compile(script.read_text(), str(script), "exec"), {"__name__": "__main__", "begin": begin, "end": end})
        rows = [json.loads(line) for line in answers.read_text().splitlines()]
    print(json.dumps({**times, "memory": peak(), "texts": {str(row["question_id"]): row["text"] for row in rows}}))


def edited(text: str, edits: dict[str, str], file: str) -> str:
    """Return a file's text with the edits; a checkout without the edited text is another version."""
    for old, new in edits.items():
        if old not in text:
            raise SystemExit(f"{file} has no {old!r}: check out c121f04")
        text = text.replace(old, new)
    return text


def peak() -> float:
    """Return the peak memory of this process in MB."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1000


def cpu() -> float:
    """Return the CPU seconds of this process and of its image workers that ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
