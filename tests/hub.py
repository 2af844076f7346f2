"""The part of the Hugging Face hub that a download asks for, for a repository in memory; shapes as the real one's."""

import hashlib
import json
from urllib.parse import unquote

from tests.server import Answer, Request, Server, file_of

BIG = 1000  # bytes from which a file is stored as LFS, with a digest of its own


def serve_dataset(server: Server, name: str, revisions: dict[str, str], commits: dict[str, dict[str, bytes]]) -> None:
    """Serve a dataset: branches by name, and the files of each commit."""

    def commit_of(revision: str) -> str | None:
        found = revisions.get(revision, revision)
        return found if found in commits else None

    def api(request: Request) -> Answer:
        rest = request.path.removeprefix(f"/api/datasets/{name}").strip("/").split("/")
        revision = unquote(rest[1]) if len(rest) > 1 else "main"
        commit = commit_of(revision)
        if commit is None:
            return Answer(404, b"{}", {"X-Error-Code": "RevisionNotFound", "Content-Type": "application/json"})
        files = commits[commit]
        if rest[0] == "tree":
            body: object = [_entry(path, content) for path, content in sorted(files.items())]
        else:
            body = {"id": name, "sha": commit, "siblings": [{"rfilename": path} for path in files]}
        return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def resolve(request: Request) -> Answer:
        revision, _, path = request.path.removeprefix(f"/datasets/{name}/resolve/").partition("/")
        commit = commit_of(revision)
        if commit is None or unquote(path) not in commits[commit]:
            return Answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        content = commits[commit][unquote(path)]
        answer = file_of(content)(request)
        tag = hashlib.sha256(content).hexdigest() if len(content) >= BIG else _git(content)
        return Answer(answer.code, answer.body, {**answer.headers, "X-Repo-Commit": commit, "ETag": f'"{tag}"'})

    server.routes[f"/api/datasets/{name}"] = api
    server.routes[f"/datasets/{name}/resolve"] = resolve
    missing = {"X-Error-Code": "RepoNotFound", "Content-Type": "application/json"}
    server.routes["/api/datasets"] = lambda request: Answer(404, b"{}", missing)


def _entry(path: str, content: bytes) -> dict[str, object]:
    entry = {"type": "file", "oid": _git(content), "size": len(content), "path": path}
    if len(content) >= BIG:
        entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
    return entry


def _git(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
