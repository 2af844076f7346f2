"""Settings with means: fields that say how a job gets its result and decide no byte of it, such as a server's key.

They have `exclude=True`, so that no digest covers them, and a job gets them beside its settings.
"""

from typing import Any

from pipeline_lib.core.settings import Settings


class WithMeans(Settings):
    """Settings of which some fields may be means."""

    def means(self) -> dict[str, Any]:
        """Return the means by name."""
        return {}
