"""Settings of what may ask a server: how the server is reached decides no byte, and is no part of a job's settings."""

from typing import Self

from pipeline_lib.core.settings import Settings

NONE = "{}"


class Accessed(Settings):
    """Settings whose `access`, if they have one, a job gets beside them: a change of it makes nothing stale."""

    def access_text(self) -> str:
        """Return the access as JSON, an empty object where there is none."""
        return NONE

    def without_access(self) -> Self:
        """Return the settings that decide the job's bytes."""
        return self

    def with_access(self, text: str) -> Self:
        """Return these settings with the access that `access_text` returned."""
        return self
