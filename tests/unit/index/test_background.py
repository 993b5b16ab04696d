from __future__ import annotations

import socket
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.helpers.index import serve_index

from trail.index.background import BackgroundClient

if TYPE_CHECKING:
    from pathlib import Path


def everything(_: httpx.Response) -> bool:
    return True


def test_many_threads_get_their_own_answers(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"file{number}").write_bytes(b"%d" % number * 1000)
    client = BackgroundClient(httpx.AsyncClient(trust_env=False))
    with serve_index(tmp_path) as server, ThreadPoolExecutor(16) as pool:

        def fetch(number: int) -> bytes:
            url = server.file_url(f"file{number}")
            return client.send(client.build_request(url, httpx.Headers()), everything).content

        assert list(pool.map(fetch, range(60))) == [b"%d" % number * 1000 for number in range(60)]
        client.close()


def test_what_is_not_wanted_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    client = BackgroundClient(httpx.AsyncClient(trust_env=False))
    with serve_index(tmp_path) as server:
        request = client.build_request(server.file_url("file"), httpx.Headers({"X-Y": "z"}))
        response = client.send(request, lambda answer: answer.status_code == 206)
        assert response.status_code == 200
        assert server.requests[0].headers["x-y"] == "z"
        with pytest.raises(httpx.ResponseNotRead):
            _ = response.content
        response.close()
        client.close()


def test_closing_ends_what_is_under_way() -> None:
    client = BackgroundClient(httpx.AsyncClient(trust_env=False))
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as pool:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        waiting = pool.submit(client.send, client.build_request(url, httpx.Headers()), everything)
        connection, _ = silent.accept()
        with connection:
            connection.recv(1000)
            client.close()
            with pytest.raises(CancelledError):
                waiting.result(10)
        with pytest.raises(CancelledError):
            client.send(client.build_request(url, httpx.Headers()), everything)
        client.close()
    assert "http2" not in {thread.name for thread in threading.enumerate()}
