"""What the user compares by the name of a run or of a study; without a study, the runs are those of config.yaml."""

from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_names, study_path
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.side import Side, side_of_results, side_of_run


def named_side(text: str, study: str | None, records: Records) -> Side | None:
    """Return the side of a run of the study, or of another study; None for any other name."""
    name = study or DEFAULT
    content = load_study(study_path(name))
    if text in content.runs:
        return side_of_run(text, records, results_folder(name, content) / "scores" / text)
    if text in study_names():
        return side_of_results(text, records, results_folder(text, load_study(study_path(text))))
    return None


def names_in(study: str | None) -> list[str]:
    """Return the names of the study's runs and of all studies."""
    return [*load_study(study_path(study or DEFAULT)).runs, *study_names()]
