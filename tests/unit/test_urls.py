"""URLs with a secret in them are written nowhere: refused in studies and lists, shown without their query elsewhere."""

import json
import logging
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.urls import secret_in, without_queries
from pipeline_lib.job.log import configure
from pipeline_lib.sources import archive, google_drive, hub, urls

SECRETS = [
    *("X-Amz-Signature=S3CRET", "AWSAccessKeyId=S3CRET&Expires=1", "X-Goog-Credential=S3CRET", "GoogleAccessId=S3CRET"),
    *("sv=1&se=2&sp=r&sig=S3CRET", "se=S3CRET", "Policy=S3CRET", "Key-Pair-Id=S3CRET", "OSSAccessKeyId=S3CRET"),
    *("token=S3CRET", "access_token=S3CRET", "api_key=S3CRET", "apikey=S3CRET", "key=S3CRET", "rlkey=S3CRET&dl=1"),
    *(
        "sign=S3CRET",
        "password=S3CRET",
        "x=1;sig=S3CRET",
        "url=https%3A%2F%2Fother%2Fx%3Fsig%3DS3CRET",
        "SIGNATURE=S3CRET",
    ),
]


@pytest.mark.parametrize("query", SECRETS)
def test_a_secret_is_known_by_the_name_of_its_parameter(query: str) -> None:
    for url in (f"https://host/x.zip?{query}", f"https://host/x.zip?v=2&{query}", f"HTTPS://host/x.zip#{query}"):
        assert secret_in(url)
        with pytest.raises(ValidationError, match=r"`manual`"):
            archive.Settings(kind="archive", url=url)


@pytest.mark.parametrize(
    "url", ["https://host/x.zip", "https://host/x?download=true&v=2", "https://host/f?id=3&monkey=1", "data/key=1.zip"]
)
def test_other_queries_and_paths_are_none(url: str) -> None:
    assert secret_in(url) is None
    assert archive.Settings(kind="archive", url=url).url == url


@pytest.mark.parametrize("url", ["https://me:S3CRET@host/x", "https://host/hf_" + "a" * 30, "s3://a:S3CRET@bucket/x"])
def test_a_user_a_password_and_a_token_are_secrets_anywhere(url: str) -> None:
    for refused in (
        lambda: archive.Settings(kind="archive", url=url),
        lambda: urls.Settings(kind="urls", list=url),
        lambda: hub.Settings(kind="hub", repository="a/b", revision="main", endpoint=url),
        lambda: google_drive.Settings(kind="google_drive", id="a", endpoint=url),
    ):
        with pytest.raises(ValidationError, match="hf auth login"):
            refused()


@pytest.mark.parametrize("url", ["http://[::1/a.jpg", "http://<<: *a[127.0.0.1/a.jpg", "https://me:S3CRET@h]/a.jpg"])
def test_what_cannot_be_a_url_is_refused_in_studies_and_in_lists(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValidationError, match="not a URL"):
        archive.Settings(kind="archive", url=url)
    Path("list.json").write_text(json.dumps({"a": {"imageURL": url}}))
    with pytest.raises(PipelineError, match=r"not a URL(.|\n)*entry 0") as caught:
        urls.list_names(urls.Settings(kind="urls", list="list.json"), 0)
    assert "S3CRET" not in str(caught.value)


def test_a_link_with_a_secret_in_a_list_is_refused_by_its_place_without_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    links = {"a": {"imageURL": "http://h/a.jpg"}, "b": {"imageURL": "http://h/b.jpg?Signature=S3CRET"}}
    Path("list.json").write_text(json.dumps(links))
    with pytest.raises(PipelineError, match=r"'Signature'(.|\n)*entry 1") as caught:
        urls.list_names(urls.Settings(kind="urls", list="list.json"), 0)
    assert "S3CRET" not in str(caught.value)


def test_an_error_and_a_log_show_urls_without_their_secrets(tmp_path: Path) -> None:
    signed = "https://me:S3CRET@cdn.host/x.bin?X-Amz-Signature=S3CRET"
    assert str(PipelineError("no", value=[signed])) == "no\n  value: ['https://cdn.host/x.bin?…']"
    assert "v=2" in str(PipelineError("no", where="http://host/x?v=2"))
    before = logging.root.handlers[:]
    try:
        configure(tmp_path / "log", "label")
        logging.getLogger("a.library").info('HTTP Request: GET %s "HTTP/1.1 302"', f"{signed}&unknown=S3CRET")
    finally:
        logging.root.handlers = before
    assert "GET https://cdn.host/x.bin?…" in (tmp_path / "log").read_text()
    assert "S3CRET" not in (tmp_path / "log").read_text()


def test_what_stands_around_a_url_stays() -> None:
    assert without_queries("see http://a/b?c=1, and (https://d/e#f)") == "see http://a/b?… and (https://d/e?…"
