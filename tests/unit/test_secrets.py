"""Keys and tokens in a study: refused where one may stand, and shown in no error."""

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.secrets import holds_secret, may_be_secret, names_secret, without_tokens
from pipeline_lib.endpoints.access import Access
from pipeline_lib.endpoints.settings import EndpointSettings
from pipeline_lib.servers import command, transformers, vllm

KEYS = [
    *("sk-proj-" + "Ab3_" * 10, "gsk_" + "A1b2" * 8, "AIza" + "Sy0_" * 9, "hf_" + "Ab3" * 10, "nvapi-" + "x-1_" * 8),
    *("xai-" + "A1b2" * 8, "ghp_" + "A1b2" * 9, "AKIA" + "ABCD1234" * 2, "eyJ" + "a1B2" * 4 + "." + "c3D4" * 4 + ".e"),
]
DRAWN = ["a3f9c8e7d6b5a4938271605f4e3d2c1b", "A3F9C8E7D6B5A4938271605F", "kQ7vX2mN9pL4rT8wY1zB"]
NAMES = ["OPENAI_API_KEY", "KEY_2", "my_key", "PROVIDER_3_KEY_OF_OUR_GROUP_2026", "AZURE_OPENAI_API_KEY"]
PORTED = ["serve", "--port", "{port}"]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_a_known_form_is_shown_in_no_error(key: str) -> None:
    assert holds_secret(f"the key {key}, or so") and key not in without_tokens(f"'{key}'")
    assert key not in str(PipelineError(f"no {key}", where=key, value={"key": key}, cure=f"remove {key}"))


@pytest.mark.parametrize("text", ["sk-learn-is-the-name-of-a-package", "task-12345678901234567890", "hf_model", "AKIA"])
def test_other_words_are_no_keys(text: str) -> None:
    assert not holds_secret(text) and without_tokens(text) == text


@pytest.mark.parametrize("name", ["api_key", "api-key", "apikey", "token", "hf_token", "Authorization", "x-api-key"])
def test_a_setting_is_known_by_its_name(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name", ["max_tokens", "tokenizer", "skip_special_tokens", "ssl-keyfile", "min_tokens", "user"]
)
def test_settings_about_tokens_of_texts_are_none(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize("key", [*KEYS, *DRAWN])
def test_a_key_in_the_place_of_its_name_is_refused_and_not_shown(key: str) -> None:
    assert may_be_secret(key)
    for settings in ({"key": key}, {"key_file": key}, {"key_file": f"~/{key}"}, {"api_key": key}, {"token": key}):
        with pytest.raises(ValidationError) as raised:
            Access.model_validate(settings)
        assert {fault["type"] for fault in raised.value.errors()} == {"secret"}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_variables_and_files_are_accepted(name: str) -> None:
    assert Access(key=name).key == name
    assert Access(key_file=f"site:keys/{name}").key_file is not None


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("place", ["api_key", "parameters", "value"])
def test_what_is_sent_to_a_server_holds_no_key(key: str, place: str) -> None:
    further: dict[str, Any] = {
        "api_key": {"api_key": key},
        "parameters": {"parameters": {"token": key}},
        "value": {"parameters": {"user": key}},
    }[place]
    with pytest.raises(ValidationError) as raised:
        EndpointSettings.model_validate({"url": "http://127.0.0.1/v1", **further})
    assert {fault["type"] for fault in raised.value.errors()} == {"secret"}


@pytest.mark.parametrize("arguments", [["--api-key", "x"], ["--api_key=x"], ["--hf-token", "x"], [f"--user={KEYS[0]}"]])
def test_a_server_is_started_without_a_key(arguments: list[str]) -> None:
    for refused in (
        lambda: vllm.Settings(name="vllm", options=arguments),
        lambda: transformers.Settings(name="transformers", options=arguments),
        lambda: command.Settings(name="command", command=[*PORTED, *arguments]),
    ):
        with pytest.raises(ValidationError, match="would hold a key"):
            refused()
    assert vllm.Settings(name="vllm", options=["--max-num-batched-tokens", "64", "--tokenizer", "x"])
