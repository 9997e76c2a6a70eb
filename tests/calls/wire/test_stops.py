"""A stop inside of a call: it leaves the node once what is in flight has ended (K2, K13)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import aiohttp
import httpx2
import openai
import pytest
import requests

from lellm_nb.calls import flight
from lellm_nb.calls.call import Call
from lellm_nb.calls.call_stop import CallStop
from lellm_nb.calls.tape import Tape
from tests.calls.server import ModelServer
from tests.calls.wire.nodes import KEY, new_tape, on_thread, run, stop_after, stop_before

STREAM: dict[str, Any] = {"model": "m", "stream": True, "messages": [{"role": "user"}]}


def asked(model: str = "m", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hello"}], **more}


def chat(server: ModelServer) -> str:
    return f"{server.url}/v1/chat/completions"


def test_a_stop_before_a_call_sends_nothing(server: ModelServer):
    """K2: it is raised in the place of the answer, and the call is not filed."""

    def node() -> None:
        httpx2.post(chat(server), json=asked("one"))
        httpx2.post(chat(server), json=asked("two"))

    ran = run(node, before=stop_before(1))

    assert isinstance(ran.stop, CallStop)
    assert [call.number for call in ran.tape.calls] == [0]
    assert server.count == 1


@pytest.mark.parametrize("client", ["httpx2", "requests", "aiohttp", "openai"])
def test_a_stop_leaves_every_client(server: ModelServer, client: str):
    """K2: it is no `Exception`, so that no client tries again."""

    async def by_aiohttp() -> None:
        async with aiohttp.ClientSession() as session:
            await (await session.post(chat(server), json=asked())).read()

    def node() -> None:
        if client == "httpx2":
            httpx2.post(chat(server), json=asked())
        elif client == "requests":
            requests.post(chat(server), json=asked(), timeout=30)
        elif client == "aiohttp":
            asyncio.run(by_aiohttp())
        else:
            model = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1")
            model.chat.completions.create(**asked())

    assert isinstance(run(node, before=stop_before(0)).stop, CallStop)
    assert server.count == 0
    assert isinstance(run(node, after=stop_after(0)).stop, CallStop)
    assert server.count == 1


def test_a_node_that_takes_every_exception_is_stopped_at_its_next_call(server: ModelServer):
    """K2: the tape says so, whatever the node returned, and nothing more is sent."""

    def node() -> str:
        for _ in range(5):
            with suppress(BaseException):
                httpx2.post(chat(server), json=asked())
        return "done"

    ran = run(node, before=stop_before(1))

    assert ran.value == "done"
    assert ran.tape.stopped is not None
    assert server.count == 1


def test_what_is_in_flight_ends_before_a_task_group_is_left(server: ModelServer):
    """K13: a group cancels its other tasks at a stop; none of them has a paid call then."""
    tape: Tape = new_tape(before=stop_before(3))

    async def node() -> None:
        async with httpx2.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(client.post(chat(server), json=asked("held", user=f"{number}")))
            await asyncio.to_thread(server.wait_for, 3)
            on_thread(lambda: (until_stopped(tape), server.release.set()))
            await client.post(chat(server), json=asked("one more"))

    ran = run(node, tape)

    assert ran.stop is not None
    assert [one.status for one in ran.exchanges] == [200, 200, 200]
    assert not any(one.cut for one in ran.exchanges)
    assert server.count == 3


def until_stopped(tape: Tape) -> None:
    stopped = Event()
    while tape.stopped is None:
        stopped.wait(0.001)


def test_what_other_threads_have_in_flight_ends_before_a_stop_is_raised(server: ModelServer):
    """K2: in a pool, and when the node is plain."""
    tape = new_tape(before=stop_before(2))

    def node() -> None:
        with ThreadPoolExecutor(2) as pool:
            for number in range(2):
                pool.submit(httpx2.post, chat(server), json=asked("held", user=f"{number}"))
            server.wait_for(2)
            on_thread(lambda: (until_stopped(tape), server.release.set()))
            httpx2.post(chat(server), json=asked("one more"))

    ran = run(node, tape)

    assert ran.stop is not None
    assert [one.status for one in ran.exchanges] == [200, 200]


def test_a_stream_that_another_task_reads_is_waited_for(server: ModelServer):
    """K2: while somebody reads it, for as long as it takes."""
    tape = new_tape(before=stop_before(1))
    begun = asyncio.Event()
    lines: list[str] = []

    async def read(client: httpx2.AsyncClient) -> None:
        async with client.stream("POST", chat(server), json={**STREAM, "model": "held"}) as answer:
            async for line in answer.aiter_lines():
                lines.append(line)
                begun.set()

    async def node() -> None:
        async with httpx2.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:
            group.create_task(read(client))
            await begun.wait()
            on_thread(lambda: (until_stopped(tape), server.release.set()))
            await client.post(chat(server), json=asked())

    ran = run(node, tape)

    assert ran.stop is not None
    assert lines[-2] == "data: [DONE]"
    assert not ran.exchanges[0].cut


def test_a_stream_of_ones_own_that_is_open_is_not_waited_for(server: ModelServer):
    """K2: whoever would read on waits for the stop; it is kept as far as it was read."""

    def node() -> None:
        with httpx2.stream("POST", chat(server), json=STREAM) as answer:
            next(answer.iter_raw())
            httpx2.post(chat(server), json=asked())

    async def async_node() -> None:
        async with (
            httpx2.AsyncClient() as client,
            client.stream("POST", chat(server), json=STREAM) as answer,
        ):
            await anext(answer.aiter_raw())
            await client.post(chat(server), json=asked())

    for one in (node, async_node):
        ran = run(one, before=stop_before(1))

        assert ran.stop is not None
        assert ran.exchanges[0].cut
        assert ran.exchanges[0].chunks


def test_a_stream_that_nobody_reads_holds_a_stop_for_a_moment_only(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
):
    """K2: another task has left it open and does something else."""
    monkeypatch.setattr("lellm_nb.calls.wire.httpx_streams.IDLE", 0.01)
    monkeypatch.setattr("lellm_nb.calls.tape.IDLE", 0.01)
    opened, never = asyncio.Event(), asyncio.Event()

    async def hold(client: httpx2.AsyncClient) -> None:
        async with client.stream("POST", chat(server), json=STREAM) as answer:
            await anext(answer.aiter_raw())
            opened.set()
            await never.wait()

    async def node() -> None:
        async with httpx2.AsyncClient() as client, asyncio.TaskGroup() as group:
            group.create_task(hold(client))
            await opened.wait()
            await client.post(chat(server), json=asked())

    ran = run(node, before=stop_before(1))

    assert ran.stop is not None
    assert flight.IDLE <= 1


def test_a_plain_client_on_an_event_loop_stops_at_once(server: ModelServer):
    """K2: while it blocks the loop, the other tasks' calls cannot end."""

    async def node() -> None:
        async with httpx2.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:
            group.create_task(client.post(chat(server), json=asked("held")))
            await asyncio.to_thread(server.wait_for, 1)
            httpx2.post(chat(server), json=asked())

    ran = run(node, before=stop_before(1))

    assert ran.stop is not None
    assert ran.exchanges[0].cut


def test_siblings_of_a_gather_are_kept_when_one_of_them_is_stopped(server: ModelServer):
    """K2: and none of those that come after is sent."""

    async def node() -> None:
        async with httpx2.AsyncClient(timeout=30) as client:
            await asyncio.gather(
                *(client.post(chat(server), json=asked(user=f"{n}")) for n in range(6))
            )

    ran = run(node, before=stop_before(3))

    assert ran.stop is not None
    assert [one.status for one in ran.exchanges] == [200, 200, 200]
    assert server.count == 3


def ends(tape: Tape, _call: Call) -> CallStop | None:
    return CallStop("breakpoint", "after", tape.calls[0], after=True)


def by_openai(server: ModelServer, said: list[Any]) -> None:
    client = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1")
    said.extend(client.chat.completions.create(**asked(stream=True)))


async def by_async_openai(server: ModelServer, said: list[Any]) -> None:
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{server.url}/v1") as client:
        async for piece in await client.chat.completions.create(**asked(stream=True)):
            said.append(piece)


def by_httpx2(server: ModelServer, said: list[Any]) -> None:
    with httpx2.stream("POST", chat(server), json=STREAM) as answer:
        said.extend(answer.iter_lines())


def by_requests(server: ModelServer, said: list[Any]) -> None:
    said.extend(requests.post(chat(server), json=STREAM, stream=True).iter_lines())


async def by_aiohttp(server: ModelServer, said: list[Any]) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(chat(server), json=STREAM) as answer,
    ):
        async for line in answer.content:
            said.append(line)


READERS = [by_openai, by_async_openai, by_httpx2, by_requests, by_aiohttp]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_a_stop_after_a_stream_is_raised_when_it_was_read_to_its_end(
    server: ModelServer, read: Callable[..., Any]
):
    """K2: what it says has been seen, and what comes after it has not begun."""
    said: list[Any] = []
    went_on: list[bool] = []

    def node() -> None:
        reading = read(server, said)
        if reading is not None:
            asyncio.run(reading)
        went_on.append(True)

    ran = run(node, after=ends)

    assert isinstance(ran.stop, CallStop)
    assert said
    assert not went_on
    assert not ran.exchanges[0].cut


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_stop_is_not_raised_where_a_stream_is_being_left(server: ModelServer):
    """K2: what `break` leaves is closed when it is collected, where nobody can take a stop."""

    def first() -> str:
        client = openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1")
        for piece in client.chat.completions.create(**asked(stream=True)):
            return piece.id
        return ""

    def node() -> str:
        said = first()
        gc.collect()
        return said

    ran = run(node, after=ends)

    assert ran.value == "chatcmpl-1"
    assert ran.tape.stopped is not None


def test_a_thread_that_is_stopped_ends_without_a_word(
    server: ModelServer, capsys: pytest.CaptureFixture[str]
):
    """K2: whoever runs the node asks its tape."""

    def node() -> None:
        thread = Thread(target=httpx2.post, args=(chat(server),), kwargs={"json": asked()})
        thread.start()
        thread.join()

    ran = run(node, before=stop_before(0))

    assert ran.tape.stopped is not None
    assert capsys.readouterr().err == ""
    assert server.count == 0
