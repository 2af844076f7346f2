"""The base model of all settings: unknown keys and wrong types are errors."""

from pydantic import BaseModel, ConfigDict

from pipeline_lib.core.text import canonical_json


class Settings(BaseModel):
    """Settings of one stage or plug-in; immutable, strict about types, no unknown keys, finite numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    def canonical(self) -> str:
        """Return all values, defaults included, as one canonical JSON string."""
        return canonical_json(self.model_dump(mode="json"))
