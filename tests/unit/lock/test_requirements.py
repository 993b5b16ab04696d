from __future__ import annotations

import codecs
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.tags import compatible_tags

from trail.errors import LockError
from trail.lock.requirements import Requirements, read_requirements, select

if TYPE_CHECKING:
    from trail.model import Selection

PATH = Path("/project/requirements.txt").absolute()
A = "a" * 64
B = "b" * 64
WHEEL = "demo-1.0-py3-none-any.whl"
ENVIRONMENT = {
    "implementation_name": "cpython",
    "implementation_version": "3.12.1",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6.1",
    "platform_system": "Linux",
    "platform_version": "#1",
    "python_full_version": "3.12.1",
    "python_version": "3.12",
    "sys_platform": "linux",
}


def read(text: str | bytes, files: dict[str, str] | None = None, **variables: str) -> Requirements:
    def included(path: Path) -> bytes:
        name = path.relative_to(PATH.parent).as_posix()
        if name not in (files or {}):
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return (files or {})[name].encode()

    data = text if isinstance(text, bytes) else text.encode()
    return read_requirements(data, PATH, read=included, variables=variables)


def selected(text: str, files: dict[str, str] | None = None, **options: Any) -> Selection:
    return select(read(text, files), environment=ENVIRONMENT, **options)


def pins(text: str | bytes, files: dict[str, str] | None = None, **variables: str) -> list[str]:
    return [f"{pin.name} {pin.version}" for pin in read(text, files, **variables).pins]


def refused(text: str | bytes, files: dict[str, str] | None = None) -> LockError:
    with pytest.raises(LockError) as caught:
        read(text, files)
    return caught.value


# Lines


def test_pins() -> None:
    text = "Foo.Bar==1.0\n\n# comment\n  baz == 2.0rc1  # why\nqux[a,b]===3; python_version > '3'\n"
    assert pins(text) == ["foo-bar 1.0", "baz 2.0rc1", "qux 3"]


def test_places_are_those_of_the_first_line() -> None:
    found = read(
        f"\na==1 \\\n  --hash=sha256:{A} \\\n  --hash=sha256:{B}\nb==2 --hash sha256:{A}\n"
    )
    assert [(pin.place, pin.hashes) for pin in found.pins] == [
        (f"{PATH}:2", (("sha256", A), ("sha256", B))),
        (f"{PATH}:5", (("sha256", A),)),
    ]
    assert found.require_hashes


def test_a_comment_ends_a_continued_line() -> None:
    assert pins("a==1 \\\n# comment \\\nb==2\n") == ["a 1", "b 2"]
    assert pins("a==1 \\") == ["a 1"]


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + "a==1  # ä\n".encode(),
        "a==1  # ä\n".encode("utf-16"),
        b"a==1\r\n",
    ],
)
def test_encodings(data: bytes) -> None:
    assert pins(data) == ["a 1"]


def test_bytes_that_are_no_text() -> None:
    error = refused(b"a==1\nb==2 # \xe4\n")
    assert error.message == f"`{PATH}` is not text in UTF-8"
    assert error.details == (("place", "line 2"),)


def test_variables() -> None:
    assert pins("a==${VERSION}\n", VERSION="1.5") == ["a 1.5"]
    found = read("--index-url https://${USER}:${GONE}@x.example/${lower}\n", USER="me", lower="x")
    assert found.index_url == "https://me:${GONE}@x.example/${lower}"


def test_options_of_the_file() -> None:
    found = read(
        "-i https://one.example/simple\n"
        "--index-url=https://two.example/simple\n"
        "--extra-index-url https://three.example/simple\n"
        "--find-links wheels\n-f https://links.example/\n"
        "--no-index --pre\n--require-hashes\n--prefer-binary\n"
        "--only-binary=:all:\n--no-binary a,b\n--trusted-host x.example\n"
    )
    assert found.index_url == "https://two.example/simple"
    assert found.extra_index_urls == ("https://three.example/simple",)
    assert found.find_links == (str(PATH.parent / "wheels"), "https://links.example/")
    assert (found.no_index, found.pre, found.require_hashes) == (True, True, True)
    assert found.only_binary == (":all:",)
    assert found.no_binary == ("a", "b")
    assert found.trusted_hosts == ("x.example",)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("--unknown x", "unrecognized arguments: --unknown x"),
        ("--index-url", "argument -i/--index-url/--pypi-url: expected one argument"),
        ("a==1 --unknown", "unrecognized arguments: --unknown"),
        ("a==1 --hash=abc", "`--hash=abc` is not ALGORITHM:DIGEST"),
        ("a=1", "Expected semicolon (after name with no version specifier) or end"),
        ("-r 'x", "No closing quotation"),
        ("-r https://x.example/r.txt", "a file to include must be a local one"),
        ("demo-1.0.whl", "`demo-1.0.whl` is not the name of a wheel"),
        (f"other @ https://x.example/{WHEEL}", "the wheel is of `demo`, not of `other`"),
    ],
)
def test_lines_that_cannot_be_read(line: str, problem: str) -> None:
    error = refused(f"ok==1\n{line}\n")
    assert error.message == f"cannot read `{PATH}:2`"
    assert error.details == (("line", line), ("problem", problem))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("md5:00", "has no hash that is as strong as sha256"),
        ("sha256:00", "has a broken sha256 hash"),
    ],
)
def test_weak_and_broken_hashes(value: str, message: str) -> None:
    assert refused(f"a==1 --hash={value}").message == f"`{PATH}:1` {message}"


# Included files


def test_included_files() -> None:
    files = {"more/base.txt": "b==2\n-r ../last.txt\n", "last.txt": "c==3\n"}
    assert pins("-r more/base.txt\n--requirement=last.txt\na==1\n", files) == [
        "b 2",
        "c 3",
        "c 3",
        "a 1",
    ]


def test_a_file_that_includes_itself() -> None:
    error = refused("-r a.txt\n", {"a.txt": "b==1\n-r requirements.txt\n"})
    assert error.message == f"cannot read `{PATH.parent / 'a.txt'}:2`"
    assert error.details[1] == ("problem", f"`{PATH}` includes itself")


def test_a_file_that_is_not_there() -> None:
    error = refused("-r gone.txt\n")
    assert error.message == f"cannot read `{PATH}:1`"
    problem = f"cannot read `{PATH.parent / 'gone.txt'}`: no such file or directory"
    assert error.details[1] == ("problem", problem)


# What is not pinned, and what is not a wheel


def test_unpinned_requirements_are_named_all_at_once() -> None:
    error = refused("a\nb>=1\nc==1.*\nd==1,<2\ne~=1.0\nf==1\n")
    assert error.message == f"`{PATH}` does not pin every requirement"
    assert error.details == (
        (f"{PATH}:1", "a"),
        (f"{PATH}:2", "b>=1"),
        (f"{PATH}:3", "c==1.*"),
        (f"{PATH}:4", "d==1,<2"),
        (f"{PATH}:5", "e~=1.0"),
    )
    assert error.hint == (
        "pin each one as `name==version`, or let trail lock them: "
        "trail init && trail add -r requirements.txt"
    )


def test_sources_are_to_be_built() -> None:
    commit = "0123456789" * 4
    lines = [
        "-e .",
        "./folder",
        f"git+https://x.example/repo@{commit}#egg=Re_po&subdirectory=a/b",
        f"b @ git+https://x.example/b@{commit}",
        f"https://x.example/c-1.0.tar.gz#sha256={A}",
        "d @ https://x.example/v1.zip",
        "dist/e-1.0.tar.gz ; python_version < '3'",
    ]
    own, folder, repo, b, c, d = selected("\n".join(lines)).sources
    assert (own.kind, own.path, own.editable) == ("folder", PATH.parent, True)
    assert (folder.path, folder.editable) == (PATH.parent / "folder", False)
    assert (repo.name, repo.url, repo.commit) == ("re-po", "https://x.example/repo", commit)
    assert repo.subdirectory == "a/b"
    assert (b.name, b.kind) == ("b", "checkout")
    assert (c.name, c.filename, c.hashes) == ("", "c-1.0.tar.gz", (("sha256", A),))
    assert (d.name, d.kind, d.url) == ("d", "source archive", "https://x.example/v1.zip")


@pytest.mark.parametrize(
    "line",
    ["git+https://x.example/repo@main", "a @ git+https://x.example/a", "https://x.example/a"],
)
def test_source_that_may_change_is_not_pinned(line: str) -> None:
    error = refused(f"b==1\n{line}\n")
    assert error.message == f"`{PATH}` does not pin every requirement"
    assert error.details == ((f"{PATH}:2", line),)


def test_source_without_a_hash_beside_hashes_is_refused() -> None:
    with pytest.raises(LockError) as caught:
        selected(f"a==1 --hash=sha256:{A}\n./folder\n")
    assert caught.value.details == ((f"{PATH}:2", str(PATH.parent / "folder")),)


# Wheels by address and path


@pytest.mark.parametrize(
    "line",
    [
        f"demo @ https://x.example/{WHEEL}#sha256={A}",
        f"demo[extra]@https://x.example/{WHEEL}#egg=demo&sha256={A}",
        f"https://x.example/{WHEEL}#sha256={A}",
        f"https://x.example/{WHEEL} --hash=sha256:{A}",
        f"https://x.example/{WHEEL}#sha256={A} ; python_version > '3'",
    ],
)
def test_addresses(line: str) -> None:
    (found,) = selected(line).wheels
    assert found.name == "demo"
    assert found.version == "1.0"
    assert found.filename == WHEEL
    assert found.url == f"https://x.example/{WHEEL}"
    assert found.path is None
    assert found.hashes == (("sha256", A),)
    assert found.vouched


@pytest.mark.parametrize(
    "line",
    [
        f"./wheels/{WHEEL}",
        f"wheels/{WHEEL}[extra]; sys_platform == 'linux'",
        f"demo @ ./wheels/{WHEEL}",
        PATH.parent.joinpath("wheels", WHEEL).as_uri(),
        f"demo @ {PATH.parent.joinpath('wheels', WHEEL).as_uri()}",
    ],
)
def test_local_wheels(line: str) -> None:
    (found,) = selected(line).wheels
    assert found.path == PATH.parent / "wheels" / WHEEL
    assert found.url is None
    assert found.hashes == ()
    assert not found.vouched


def test_a_local_wheel_beside_the_file() -> None:
    (found,) = selected(f"{WHEEL} --hash=sha256:{A}").wheels
    assert found.path == PATH.parent / WHEEL
    assert found.vouched


def test_several_hashes_for_one_wheel() -> None:
    with pytest.raises(LockError) as caught:
        selected(f"./{WHEEL} --hash=sha256:{A} --hash=sha256:{B}")
    assert caught.value.message == f"`{PATH}:1` has several hashes for one file"


def test_a_wheel_that_does_not_fit() -> None:
    tags = list(compatible_tags((3, 12), "cp312", ["linux_x86_64"]))
    assert selected(f"./{WHEEL}", tags=tags).wheels
    with pytest.raises(LockError) as caught:
        selected("./demo-1.0-cp311-cp311-win_amd64.whl", tags=tags)
    assert caught.value.message == f"`{PATH}` names wheels that do not fit this target"
    assert caught.value.details[:2] == (
        ("wheel", "demo-1.0-cp311-cp311-win_amd64.whl"),
        ("target", "cpython 3.12.1, linux x86_64"),
    )


# Choosing


def test_pinned_ones_keep_all_hashes_and_the_order() -> None:
    found = selected(f"b==2 --hash=sha256:{B} --hash=sha256:{A}\na==1.0.0 --hash=sha512:{A * 2}\n")
    assert [(pin.name, pin.version, pin.hashes) for pin in found.pinned] == [
        ("b", "2", (("sha256", A), ("sha256", B))),
        ("a", "1.0.0", (("sha512", A * 2),)),
    ]
    assert found.wheels == ()


def test_markers() -> None:
    text = (
        "a==1; python_version < '3.12'\na==2; python_version >= '3.12'\n"
        "b==1; sys_platform == 'win32'\nc==1; extra == 'x'\n"
    )
    assert [(pin.name, pin.version) for pin in selected(text).pinned] == [("a", "2")]


def test_hashes_for_some_only() -> None:
    text = f"a==1 --hash=sha256:{A}\nb==2\nc==3; sys_platform == 'win32'\n./{WHEEL}\n"
    with pytest.raises(LockError) as caught:
        selected(text)
    assert caught.value.message == f"`{PATH}` has hashes, but not for every requirement"
    assert caught.value.details == ((f"{PATH}:2", "b 2"), (f"{PATH}:4", "demo 1.0"))


def test_hashes_that_are_asked_for() -> None:
    with pytest.raises(LockError, match="has hashes, but not for every requirement"):
        selected("--require-hashes\na==1\n")


def test_requirements_that_agree() -> None:
    found = selected(f"a==1 --hash=sha256:{A}\nA==1\n")
    assert [(pin.name, pin.hashes) for pin in found.pinned] == [("a", (("sha256", A),))]


@pytest.mark.parametrize(
    ("second", "shown"),
    [
        ("a==2", "a==2"),
        (f"a==1 --hash=sha256:{B}", "a==1 with 1 hashes"),
        ("./a-1-py3-none-any.whl", str(PATH.parent / "a-1-py3-none-any.whl")),
    ],
)
def test_requirements_that_disagree(second: str, shown: str) -> None:
    with pytest.raises(LockError) as caught:
        selected(f"a==1 --hash=sha256:{A}\n{second}\n")
    assert caught.value.message == "two requirements for `a` disagree"
    assert caught.value.details == ((f"{PATH}:1", "a==1 with 1 hashes"), (f"{PATH}:2", shown))


# Constraints


def test_constraints_add_nothing() -> None:
    files = {"c.txt": f"a<2\nb==9\nc==1 --hash=sha256:{A}\nd<1; sys_platform == 'win32'\n"}
    found = selected("-c c.txt\nc==1\n", files)
    assert [(pin.name, pin.hashes) for pin in found.pinned] == [("c", (("sha256", A),))]
    found = selected("-c c.txt\na==1.5\nd==2\n", files)
    assert [pin.name for pin in found.pinned] == ["a", "d"]


def test_constraints_forbid() -> None:
    with pytest.raises(LockError) as caught:
        selected("-c c.txt\na==2\n", {"c.txt": "\na<2\n"})
    assert caught.value.message == "a constraint forbids `a 2`"
    place = f"{PATH.parent / 'c.txt'}:2"
    assert caught.value.details == ((f"{PATH}:2", "a==2"), (place, "a<2"))


def test_a_constraint_by_address() -> None:
    error = refused("-c c.txt\n", {"c.txt": f"demo @ https://x.example/{WHEEL}\n"})
    assert error.details[1] == ("problem", "a constraint cannot be an address")
