"""The wrappers: in their places while a recorder is on, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

from lellm_nb.calls.wire import late_import
from lellm_nb.calls.wire.install import install, uninstall
from tests.calls.server import ModelServer
from tests.calls.wire.nodes import NODE, new_tape, recording, run

PLACES: list[tuple[type, str]] = [
    (httpx.Client, "send"),
    (httpx.AsyncClient, "send"),
    (httpx2.Client, "send"),
    (httpx2.AsyncClient, "send"),
    (requests.Session, "send"),
    (aiohttp.ClientSession, "_request"),
    (threading.Thread, "start"),
    (ThreadPoolExecutor, "submit"),
]


def in_place() -> list[Any]:
    return [vars(owner)[name] for owner, name in PLACES]


@pytest.fixture
def off() -> Iterator[None]:
    """Without the recorder that the other tests have, nor those of debuggers that live still."""
    recorders = 0
    while "lellm_nb" in httpx2.Client.send.__code__.co_filename:
        uninstall()
        recorders += 1
    yield
    for _ in range(recorders):
        install(lambda node: node, NODE.get)


@pytest.mark.usefixtures("off")
def test_there_is_no_wrapper_when_nobody_records():
    """With the last recorder all of them go, and come again with the next."""
    bare = in_place()

    with recording():
        wrapped = in_place()
        with recording():
            assert in_place() == wrapped
        assert in_place() == wrapped

    assert not any(one in bare for one in wrapped)
    assert in_place() == bare
    assert not any(isinstance(one, late_import.LateImport) for one in sys.meta_path)


@pytest.mark.usefixtures("off")
def test_a_wrapper_that_somebody_put_over_ours_stays(server: ModelServer):
    """What is not ours any more is not undone; ours below it lets everything pass."""
    bare = httpx2.Client.send
    seen = []
    tape = new_tape()

    with recording():
        ours = httpx2.Client.send

        def theirs(client: Any, request: Any, **options: Any) -> Any:
            seen.append(request.url.path)
            return ours(client, request, **options)

        httpx2.Client.send = theirs  # type: ignore[method-assign]
    try:
        assert httpx2.Client.send is theirs
        run(lambda: httpx2.get(f"{server.url}/off"), tape)
        with recording():
            on = run(lambda: httpx2.get(f"{server.url}/on"))
    finally:
        httpx2.Client.send = bare  # type: ignore[method-assign]

    assert seen == ["/off", "/on"]
    assert tape.calls == []
    assert [one.url for one in on.exchanges] == [f"{server.url}/on"]


@pytest.mark.usefixtures("off")
def test_recorders_come_and_go_on_many_threads():
    """They are counted."""
    bare = in_place()

    def come_and_go() -> None:
        for _ in range(50):
            with recording():
                assert vars(httpx.Client)["send"] not in bare

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert in_place() == bare


def test_calls_outside_of_nodes_are_nobodys(server: ModelServer):
    """K8: they are sent as ever."""
    tape = new_tape()

    httpx2.get(f"{server.url}/before")
    run(lambda: httpx2.get(f"{server.url}/inside"), tape)
    httpx2.get(f"{server.url}/after")

    assert [call.last.url for call in tape.calls] == [f"{server.url}/inside"]
    assert server.count == 3


LATE = """
import sys
from tests.calls.server import ModelServer
from tests.calls.wire.nodes import recording, run

server = ModelServer()
clients = ("httpx", "httpx2", "requests", "aiohttp", "openai")
assert not [name for name in clients if name in sys.modules]

def node():
    import asyncio, aiohttp, httpx, openai, requests
    async def ask():
        async with aiohttp.ClientSession() as session:
            await (await session.get(server.url + "/aiohttp")).read()
    httpx.get(server.url + "/httpx")
    requests.get(server.url + "/requests")
    asyncio.run(ask())
    client = openai.OpenAI(api_key="k", base_url=server.url + "/v1")
    client.embeddings.create(model="m", input="x")

with recording():
    assert not [name for name in clients if name in sys.modules]
    print(" ".join(one.url.removeprefix(server.url) for one in run(node).exchanges))
import httpx
print(httpx.Client.send.__module__, httpx.__loader__.exec_module.__module__)
"""


def test_what_is_imported_inside_of_a_node_is_wrapped(tmp_path: Path):
    """None of the clients is imported by us, and none is missed when a node imports it."""
    done = subprocess.run(
        [sys.executable, "-c", LATE],
        cwd=Path(__file__).resolve().parents[3], capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "/httpx /requests /aiohttp /v1/embeddings",
        "httpx._client _frozen_importlib_external",
    ]


def by_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def by_subclass(work: Callable[[], Any]) -> None:
    class Worker(threading.Thread):
        def run(self) -> None:
            work()

    worker = Worker()
    worker.start()
    worker.join()


def by_timer(work: Callable[[], Any]) -> None:
    timer = threading.Timer(0, work)
    timer.start()
    timer.join()


def by_pool(work: Callable[[], Any]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def by_thread_of_a_thread(work: Callable[[], Any]) -> None:
    by_thread(lambda: by_pool(lambda: by_thread(work)))


@pytest.mark.parametrize(
    "start", [by_thread, by_subclass, by_timer, by_pool, by_thread_of_a_thread]
)
def test_a_thread_that_a_node_starts_belongs_to_it(server: ModelServer, start: Any):
    """For its calls; its other context is none of ours."""
    seen: list[Any] = []

    def work() -> None:
        seen.append(NODE.get())
        httpx2.get(f"{server.url}/tool")

    ran = run(lambda: start(work))

    assert len(ran.exchanges) == 1
    assert seen == [None]


def test_a_thread_of_a_pool_belongs_to_whoever_gives_it_work(server: ModelServer):
    """Not to the node that happened to start it."""
    with ThreadPoolExecutor(1) as pool:
        first = run(lambda: pool.submit(httpx2.get, f"{server.url}/first").result())
        pool.submit(httpx2.get, f"{server.url}/nobody").result()
        second = run(lambda: pool.submit(httpx2.get, f"{server.url}/second").result())

    assert [one.url[-6:] for one in first.exchanges] == ["/first"]
    assert [one.url[-7:] for one in second.exchanges] == ["/second"]
    assert server.count == 3


def test_the_tape_of_a_thread_is_made_at_its_first_call(server: ModelServer):
    """Most nodes make no call: what identifies the node is carried, not its tape."""
    found: list[Any] = []
    tape = new_tape()

    def find(node: Any) -> Any:
        found.append(node)
        return tape

    def node() -> None:
        NODE.set("the node")  # type: ignore[arg-type]
        by_thread(lambda: None)
        assert found == []
        by_thread(lambda: httpx2.get(f"{server.url}/tool"))

    install(find, NODE.get)
    try:
        copy_context().run(node)
    finally:
        uninstall()
        uninstall()
        install(lambda node: node, NODE.get)

    assert found == ["the node"]
    assert len(tape.calls) == 1


def test_a_thread_that_cannot_start_is_as_it_was():
    """What was put on it is taken off."""

    def node() -> None:
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        with pytest.raises(RuntimeError):
            thread.start()
        assert "run" not in vars(thread)

    run(node)
