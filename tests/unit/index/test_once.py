from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from trail.index.once import Once


def test_many_threads_do_it_once() -> None:
    done: list[int] = []
    gate = threading.Event()

    def work() -> str:
        gate.wait(10)
        done.append(1)
        return "x"

    once = Once(work)
    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(once.result) for _ in range(8)]
        assert not once.done
        gate.set()
        assert [result.result() for result in results] == ["x"] * 8
    assert done == [1]
    assert once.done


def test_who_needs_it_does_not_wait_for_the_queue() -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(gate.wait, 10)
        once = Once(threading.get_ident)
        pool.submit(once.run)
        assert once.result() == threading.get_ident()
        gate.set()


def test_a_failure_is_everybodys() -> None:
    def fail() -> None:
        raise ValueError(1)

    once = Once(fail)
    once.run()
    assert once.done
    for _ in range(2):
        with pytest.raises(ValueError, match="1"):
            once.result()
