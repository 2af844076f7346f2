"""The base of everything a person can set: unknown keys and wrong types are errors."""

from pydantic import BaseModel, ConfigDict

from pipeline_lib.core.text import canonical_json


class Settings(BaseModel):
    """Settings of one stage or plug-in; immutable, strict about types, no unknown keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def canonical(self) -> str:
        """Return all values, defaults included, as one canonical JSON string."""
        return canonical_json(self.model_dump(mode="json"))
