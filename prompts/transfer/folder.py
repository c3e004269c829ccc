"""Prompts as files for git: one for each, with its newest version and those that a label means.

Git keeps the history, who wrote what and when, so that the files leave it out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from llm.errors import CallerError, InvalidField
from llm.models.bounds import slug_like
from llm.types import JsonObject
from prompts.models import Prompt
from prompts.transfer.export import exported
from prompts.transfer.files import as_yaml, read
from prompts.transfer.importing import Change, Import, imported
from prompts.writing.bundle import bundled, hold_all

ENDING = ".yaml"
TOLD_BY_GIT = ("author", "created_at")
MOST_BYTES = 32 * 2**20


class FolderRefused(Exception):
    """In words, with the file that is meant."""


@dataclass(slots=True, frozen=True)
class Folder:
    path: Path

    def names(self) -> list[str]:
        """Of all prompts that have a file here. Raises FolderRefused."""
        if not self.path.is_dir():
            raise FolderRefused(f"{self.path} is no folder.")
        return sorted(file.name.removesuffix(ENDING) for file in self.path.glob(f"*{ENDING}"))

    def file(self, name: str) -> Path:
        """Raises FolderRefused for a name, or a link, that leads out of the folder."""
        try:
            slug_like(name)
        except ValidationError as error:
            raise FolderRefused(f"{name!r} names no prompt. {error.message}") from None
        file = self.path / f"{name}{ENDING}"
        if file.is_symlink() or file.resolve().parent != self.path.resolve():
            raise FolderRefused(f"{file} leads out of the folder.")
        return file

    def read(self, name: str) -> JsonObject:
        """Raises FolderRefused and CallerError."""
        file = self.file(name)
        try:
            if file.stat().st_size > MOST_BYTES:
                raise FolderRefused(f"{file} is larger than {MOST_BYTES:,} bytes.")
            document = read(file.read_bytes())
        except OSError as error:
            raise FolderRefused(f"{file} cannot be read: {error.strerror}.") from None
        match document.get("prompts"):
            case [{"name": said}] if said == name:
                return document
        raise FolderRefused(f"{file} holds something else than one prompt of the name {name}.")

    def write(self, name: str, document: JsonObject, *, dry_run: bool) -> str | None:
        """What becomes of the file: `new`, `changed`, or None. Raises FolderRefused."""
        file, said = self.file(name), as_yaml(document)
        try:
            before = file.read_bytes() if file.exists() else None
            if before == said:
                return None
            if not dry_run:
                self.path.mkdir(parents=True, exist_ok=True)
                beside = file.with_name(f".{file.name}.new")
                beside.write_bytes(said)
                os.replace(beside, file)
        except OSError as error:
            raise FolderRefused(f"{file} cannot be written: {error.strerror}.") from None
        return "new" if before is None else "changed"


def pull(folder: Folder, prompts: QuerySet[Prompt], *, dry_run: bool) -> Iterator[tuple[str, str]]:
    """The names of the prompts whose files are new or changed, and which of both. Raises FolderRefused."""
    for document in _documents(prompts):
        name = document["prompts"][0]["name"]
        if (what := folder.write(name, document, dry_run=dry_run)) is not None:
            yield name, what


@bundled()
def push(folder: Folder, names: Sequence[str], task: Import) -> list[Change]:
    """All files or none. Raises FolderRefused with the file and the path in it."""
    files = {name: folder.file(name) for name in names}
    hold_all(Prompt.objects.filter(organisation=task.organisation, name__in=files))
    for name, file in files.items():
        try:
            imported(folder.read(name), task)
        except CallerError as error:
            raise _placed(file, error) from None
    if task.dry_run:
        transaction.set_rollback(True)
    return task.changes


def _placed(file: Path, error: CallerError) -> FolderRefused:
    path = error.param or ""
    place = f"{path}: " if path and not error.message.startswith(path) else ""
    hint = f" {error.hint}" if isinstance(error, InvalidField) and error.hint else ""
    return FolderRefused(f"{file}: {place}{error.message}{hint}")


def _documents(prompts: QuerySet[Prompt]) -> Iterator[JsonObject]:
    for pk in prompts.order_by("name").values_list("pk", flat=True):
        document = exported(Prompt.objects.filter(pk=pk))
        yield {**document, "prompts": [reduced(each) for each in document["prompts"]]}


def reduced(prompt: JsonObject) -> JsonObject:
    """Without versions that no label means, but the newest, and without what git or silence says as well."""
    meant = {prompt["versions"][-1]["version"]} if prompt["versions"] else set()
    for label in prompt["labels"].values():
        meant |= {share["version"] for share in label.get("split") or [label]}
    return {**prompt, "versions": [_said(each) for each in prompt["versions"] if each["version"] in meant]}


def _said(version: JsonObject) -> JsonObject:
    return {
        name: value for name, value in version.items() if name not in TOLD_BY_GIT and value not in (None, "", [], {})
    }
