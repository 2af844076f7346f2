"""How commands name a study: `--study NAME` of vlmflow, `--config study=NAME` of Snakemake."""

from pipeline_lib.config.load import DEFAULT


def study_option(study: str) -> str:
    """Return the option that selects a study in vlmflow's commands, after a space; empty for config.yaml."""
    return "" if study == DEFAULT else f" --study {study}"


def config_option(study: str) -> str:
    """Return the option that selects a study on Snakemake's command line, after a space; empty for config.yaml."""
    return "" if study == DEFAULT else f" --config study={study}"
