"""Images, audio and documents as parts of a Gemini request: inside of it, or where the vendor may fetch them."""

from __future__ import annotations

from mimetypes import MimeTypes
from urllib.parse import urlsplit

from llm.errors import ProviderUnsupported
from llm.types import Audio, File, Image, JsonObject

SUFFIXES = MimeTypes()
"""Of a table of its own: what this machine calls a file must not change what a vendor is sent."""
UNTYPED = "text/plain"
"""What a `data:` URL without a media type holds."""


def render_image(image: Image, path: str) -> JsonObject:
    return _at(image.url, path)


def render_audio(audio: Audio) -> JsonObject:
    kind = audio.format if "/" in audio.format else f"audio/{audio.format}"
    return {"inlineData": {"mimeType": kind, "data": audio.data}}


def render_file(file: File, path: str) -> JsonObject:
    """An id means something where it is the address of a file at Google; those of other vendors are refused."""
    return _at(file.url or file.file_id or "", path, name=file.name)


def _at(url: str, path: str, *, name: str | None = None) -> JsonObject:
    if url[:5].lower() == "data:":
        head, _, data = url.partition(",")
        return {"inlineData": {"mimeType": head[5:].partition(";")[0] or _guess(name or "") or UNTYPED, "data": data}}
    if not url.lower().startswith(("https://", "gs://")):
        raise ProviderUnsupported(f"{path}: Gemini takes a data: URL or an https:// address.", param=path)
    kind = _guess(urlsplit(url).path) or _guess(name or "")
    typed = {"mimeType": kind} if kind else {}
    return {"fileData": {**typed, "fileUri": url}}


def _guess(name: str) -> str | None:
    return SUFFIXES.guess_type(name, strict=False)[0]
