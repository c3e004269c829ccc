"""One answer on its way over a socket."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from llm.call import Call, new_id, public_id
from llm.dialects import native
from llm.errors import GatewayError
from llm.surfaces.auth import identify
from llm.surfaces.line import Line
from llm.surfaces.opening import open_call
from llm.types import Completion, JsonObject
from llm.wiring import gateway, metrics

logger = logging.getLogger(__name__)


class Generation:
    """Its chunks, then one of `done` and `error`. `name` is the id that the client chose; `task` is what runs it."""

    __slots__ = ("_call", "_line", "name", "task")

    task: asyncio.Task[None]

    def __init__(self, name: str, line: Line) -> None:
        self.name = name
        self._line = line
        self._call: Call | None = None

    @property
    def is_over(self) -> bool:
        """Its end is in the books: nothing is left to cancel, and what it came to is being told."""
        return self._call is not None and self._call.record.http_status is not None

    async def run(self, body: JsonObject, key: str) -> GatewayError | None:
        """Whatever happens the client is told; the error is returned as well."""
        try:
            self._call = await open_call({**body, "stream": True}, identify(key), "websocket")
            await self._stream(self._call)
        except GatewayError as error:
            await self.fail(error)
            return error
        except Exception as error:  # the client is owed an end, whatever bug of ours this is
            logger.exception("A call broke off")
            await self.fail(GatewayError(f"Internal error ({type(error).__name__})."))
        return None

    async def fail(self, error: GatewayError) -> None:
        if self._call is None:
            metrics().rejected(error.code)
        await self._line.complain(error, self._call.public_id if self._call else public_id(new_id()), self.name)

    async def say_cancelled(self) -> None:
        await self._line.say({"type": "cancelled", "id": self.name, "generation_id": self._generation_id})

    @property
    def _generation_id(self) -> str | None:
        return self._call.public_id if self._call else None

    async def _stream(self, call: Call) -> None:
        renderer = native.StreamRenderer(call.request, call.record)
        about = {"type": "chunk", "id": self.name, "generation_id": call.public_id}
        async with aclosing(gateway().stream(call)) as batches:
            async for events in batches:
                for chunk in renderer.render_chunks(events):
                    await self._line.say({**chunk, **about})
        whole = native.render_completion(call.request, call.record, call.completion or Completion())
        await self._line.say({**about, "type": "done", "response": whole})
