"""Run `snakemake --lint` and fail on any finding but that about environments: there is one for all rules."""

import re
import subprocess
import sys

IGNORED = "Specify a conda environment or container for each rule."

done = subprocess.run(["snakemake", "--lint"], capture_output=True, text=True, timeout=120, check=False)
report = done.stdout + done.stderr
findings = re.findall(r"^    \* (.+?):?$", report, flags=re.MULTILINE)
others = sorted(set(findings) - {IGNORED, IGNORED.rstrip(".")})
if others or (done.returncode and not findings):
    sys.exit(report)
sys.stdout.write(f"snakemake --lint: nothing but {len(findings)} times '{IGNORED}'\n")
