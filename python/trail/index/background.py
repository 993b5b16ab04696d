"""HTTP/2 for blocking callers: an event loop in a thread of its own does the work.

httpcore's blocking HTTP/2 is not for several threads: between taking the number of a stream
and sending on it nothing is locked, so two requests can get one stream, and one the other's
answer (encode/httpx#3072 shows what it looks like). In an event loop there is one thread.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import ssl
import threading
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BackgroundClient"]

_GRACE = 0.5  # seconds


class BackgroundClient:
    """Sends requests, many at once over few connections; any number of threads may use it.

    Args:
        client: an open client, for nobody else.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="http2", daemon=True)
        self._thread.start()

    def build_request(self, url: str, headers: httpx.Headers) -> httpx.Request:
        """Make a GET request."""
        return self._client.build_request("GET", url, headers=headers)

    def send(
        self, request: httpx.Request, wanted: Callable[[httpx.Response], bool]
    ) -> httpx.Response:
        """Send a request and wait for its answer.

        Args:
            request: made by `build_request`.
            wanted: tells by its head whether an answer is to be read.

        Returns:
            The answer, closed; redirections are not followed.

        Raises:
            httpx.HTTPError: there is none.
            concurrent.futures.CancelledError: the client was closed.
        """
        work = self._send(request, wanted)
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the loop is closed
            work.close()
            raise concurrent.futures.CancelledError from None
        return future.result()

    def close(self) -> None:
        """Close all connections; requests that are under way end with CancelledError."""
        with contextlib.suppress(RuntimeError, concurrent.futures.TimeoutError):
            work = self._shut()
            try:
                asyncio.run_coroutine_threadsafe(work, self._loop).result(_GRACE)
            except RuntimeError:  # closed before
                work.close()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_GRACE)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    async def _send(
        self, request: httpx.Request, wanted: Callable[[httpx.Response], bool]
    ) -> httpx.Response:
        try:
            response = await self._client.send(request, stream=True)
            try:
                if wanted(response):
                    await response.aread()
            finally:
                await response.aclose()
        except ssl.SSLError as error:  # an alert in the middle; httpcore lets it through
            raise httpx.ReadError(str(error), request=request) from error
        response.stream = httpx.ByteStream(b"")  # what is left of it may be closed anywhere
        return response

    async def _shut(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()
