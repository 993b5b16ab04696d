from __future__ import annotations

import subprocess
import sys

from trail.late import RARE

BEFORE = f"import sys; sys.path = {sys.path!r}; "


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-S", "-c", BEFORE + code], check=True, capture_output=True, text=True
    ).stdout


def test_a_module_is_loaded_when_something_of_it_is_used() -> None:
    assert run(
        "from trail.late import load_late\n"
        "load_late(['textwrap'])\n"
        "import textwrap\n"
        "print(hasattr(sys.modules['textwrap'], '__file__') and 'loaded by being asked')\n"
        "print(textwrap.dedent('  a'), sys.modules['textwrap'] is textwrap)\n"
        "import textwrap as again\n"
        "print(again.dedent is textwrap.dedent, sys.modules['textwrap'] is again)\n"
    ).splitlines() == ["loaded by being asked", "a False", "True True"]


def test_an_import_alone_loads_nothing() -> None:
    assert run(
        "from trail.late import load_late\n"
        "load_late(['ast', 'colorsys'])\n"
        "import colorsys, ast\n"
        "print('_ast' in sys.modules, type(colorsys).__name__)\n"
        "from colorsys import rgb_to_hsv\n"
        "print(type(sys.modules['colorsys']).__name__, rgb_to_hsv.__module__)\n"
    ).splitlines() == ["False _Late", "module colorsys"]


def test_what_is_loaded_stays() -> None:
    assert (
        run(
            "import colorsys as one\n"
            "from trail.late import load_late; load_late(['colorsys'])\n"
            "import colorsys; print(colorsys is one)"
        )
        == "True\n"
    )


def test_what_is_not_there_is_an_attribute_error() -> None:
    assert (
        run(
            "from trail.late import load_late\n"
            "load_late(['colorsys']); import colorsys\n"
            "print(hasattr(colorsys, 'nothing'), hasattr(colorsys, 'rgb_to_hsv'))"
        )
        == "False True\n"
    )


def test_threads_that_ask_at_once() -> None:
    assert (
        run(
            "from trail.late import load_late\n"
            "import threading\n"
            "sys.setswitchinterval(1e-6)\n"
            "names = ['ast', 'textwrap', 'ipaddress', 'subprocess', 'tokenize']\n"
            "parts = ['NodeVisitor', 'dedent', 'ip_address', 'run', 'generate_tokens']\n"
            "for name in names:\n"
            "    sys.modules.pop(name, None)\n"
            "load_late(names)\n"
            "modules = [sys.modules[name] for name in names]\n"
            "start, found = threading.Barrier(8), []\n"
            "def ask():\n"
            "    start.wait()\n"
            "    found.append([getattr(*pair) for pair in zip(modules, parts)])\n"
            "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
            "[one.start() for one in threads]; [one.join() for one in threads]\n"
            "print(len(found), all(one == found[0] for one in found))"
        )
        == "8 True\n"
    )


def test_the_rare_ones_are_there() -> None:
    assert set(RARE) <= sys.stdlib_module_names
