"""Settings of a model behind a server with OpenAI's chat interface: what is sent to it, and how it is reached."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from pipeline_lib.core.means import WithMeans
from pipeline_lib.core.secrets import SECRET, holds_secret
from pipeline_lib.core.urls import is_readable, secret_in
from pipeline_lib.endpoints.access import NEVER, Access, without_keys

Sent = Literal["temperature", "top_p", "stop", "seed"]

WRITTEN = frozenset(
    ("model", "messages", "n", "stream", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "seed")
)
Parameter = str | bool | int | float


class Sending(WithMeans):
    """What is sent to a model; models differ in the parameters that they take."""

    maximum: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens", description="the parameter that limits the length of a reply"
    )
    max_tokens: int | None = Field(
        default=None,
        gt=0,
        le=1_000_000,
        description="longest reply of this model, its reasoning included; none: as long as the benchmark asks for",
    )
    sends: list[Sent] = Field(
        default=["temperature", "top_p", "stop", "seed"],
        description="the parameters of decoding that the model takes: `temperature`, `top_p`, `stop`, `seed`",
    )
    parameters: dict[str, Parameter] = Field(
        default={}, description="further parameters of every request, such as `reasoning_effort: low`"
    )
    reasoning: str | None = Field(
        default="think",
        pattern=r"^[A-Za-z_]+$",
        description="the tag of reasoning to remove from replies: `<think>…</think>`; null: nothing to remove",
    )
    access: Access = Field(
        default=Access(), exclude=True, description="key, pace and budget; a change of them asks nothing again"
    )

    @model_validator(mode="before")
    @classmethod
    def _holds_no_key(cls, settings: object) -> object:
        return without_keys(settings)

    @field_validator("parameters", mode="before")
    @classmethod
    def _no_key(cls, parameters: object) -> object:
        return without_keys(parameters)

    @field_validator("parameters")
    @classmethod
    def _further(cls, parameters: dict[str, Parameter]) -> dict[str, Parameter]:
        for name in parameters:
            if name in WRITTEN:
                raise ValueError(f"`{name}` is written by this workflow: use the keys of its own for it")
        if any(holds_secret(value) for value in parameters.values() if isinstance(value, str)):
            raise PydanticCustomError(SECRET, f"a parameter has a key as its value; {NEVER}")
        return parameters

    def means(self) -> dict[str, Any]:
        """Return how the server is reached."""
        return {"access": self.access.model_dump(mode="json")}

    def decoding(self, longest: int | None, **decoding: float | int | list[str] | None) -> dict[str, object]:
        """Return the parameters of a request: the longest reply, and of `decoding` what is set and the model takes."""
        most = self.max_tokens or longest
        limit: dict[str, object] = {} if most is None else {self.maximum: most}
        requested = {name: value for name, value in decoding.items() if value is not None and value != []}
        return {**limit, **{name: value for name, value in requested.items() if name in self.sends}, **self.parameters}


class EndpointSettings(Sending):
    """Which server is asked, and what is sent to its model."""

    url: str = Field(description="address of the server up to the version, such as https://api.openai.com/v1")

    @field_validator("url")
    @classmethod
    def _without_secret(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")) or not is_readable(url):
            raise ValueError("the address of a server begins with http:// or https://")
        if secret_in(url) is not None:
            raise PydanticCustomError(SECRET, "this address holds a credential: name it by `access.key`")
        return url.rstrip("/")
