"""The export of a checkpoint that another program loads: the hub's layout, with the model's template for chats.

It stays while a job is resumed.
"""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import PluginName
from pipeline_lib.engines.base import AnswerSettings, EnginePaths, EngineSettings
from pipeline_lib.servers.base import MODEL

CHAT = "chat_template.jinja"


class ExportedSettings(EngineSettings):
    """What a program that loads the export takes of the machine."""

    serves_model: ClassVar[bool] = True

    gpus: int = Field(
        default=1, gt=0, le=1000, exclude=True, description="GPUs that the server gets with `device: cuda`"
    )
    exported_by: SkipJsonSchema[Annotated[str, PluginName("families", members=("export",))] | None] = Field(
        default=None,
        exclude=True,  # set by the workflow: an edit of the export asks again
    )

    def means(self) -> dict[str, Any]:
        """Return what it takes of the machine."""
        return {**super().means(), "gpus": self.gpus}

    def processes_at_once(self) -> int:
        """Return the number of GPUs that it gets."""
        return self.gpus

    def of_family(self, family: str) -> Self:
        """Return the settings for a checkpoint of a family, whose export is loaded."""
        return self.model_copy(update={"exported_by": family})


def exported(model: Path, how: AnswerSettings, paths: EnginePaths) -> Path:
    """Return the folder of a checkpoint's export; an interrupted job has it already.

    Raises PipelineError for a model of another template, and for one whose template is not for chats.
    """
    from pipeline_lib.models.card import expect_kind
    from pipeline_lib.models.family import load_family
    from pipeline_lib.models.layouts import ExportOptions

    card = expect_kind(model, "vlm")
    if card.template != how.template:
        what = f"this model was made for another template than {how.template}"
        raise PipelineError(what, value=card.template, cure="correct `template`, or delete the model's manifest")
    folder = paths.state.resolve() / "export" / MODEL
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        load_family(card.family).export(model, folder, "hub", ExportOptions())
    if not (folder / CHAT).is_file():
        what = "a server turns messages into a prompt by a template for chats, and this model's template has none"
        raise PipelineError(what, value=card.template, cure="ask it with the engine transformers")
    return folder
