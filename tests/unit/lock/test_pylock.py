from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.tags import compatible_tags, cpython_tags

from trail.errors import LockError
from trail.lock.pylock import read_pylock, select
from trail.model import NormalizedName, SourceKind, SourcePackage

if TYPE_CHECKING:
    from trail.model import Selection

PATH = Path("/project/pylock.toml").absolute()
PLATFORMS = ["linux_x86_64", "manylinux_2_36_x86_64", "manylinux_2_17_x86_64"]
TAGS = (*cpython_tags((3, 12), ["cp312"], PLATFORMS), *compatible_tags((3, 12), "cp312", PLATFORMS))
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
TARGET = ("target", "cpython 3.12.1, linux x86_64")
A = "a" * 64
B = "b" * 64
HEAD = 'lock-version = "1.0"\ncreated-by = "test"\n'


def wheel(filename: str, digest: str = A, **more: str) -> str:
    parts = {"url": f"https://files.example/{filename}", **more}
    shown = ", ".join(f'{key} = "{value}"' for key, value in parts.items())
    return f'{{{shown}, hashes = {{sha256 = "{digest}"}}}}'


def only(wheel: str) -> str:
    return f'[[packages]]\nname = "a"\nwheels = [{wheel}]\n'


def package(name: str, version: str = "1.0", *, extra: str = "", tags: str = "") -> str:
    names = [f"{name}-{version}-{tag}.whl" for tag in (tags or "py3-none-any").split()]
    wheels = ", ".join(map(wheel, names))
    return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{extra}\nwheels = [{wheels}]\n'


def selected(text: str, *, head: str = HEAD, **options: Any) -> Selection:
    environment = options.pop("environment", {})
    return select(
        read_pylock((head + text).encode(), PATH),
        PATH,
        environment={**ENVIRONMENT, **environment},
        tags=options.pop("tags", TAGS),
        **options,
    )


def names(selection: Selection) -> list[str]:
    return [one.name for one in selection.wheels]


def refused(text: str, **options: Any) -> LockError:
    with pytest.raises(LockError) as caught:
        selected(text, **options)
    return caught.value


# Reading


@pytest.mark.parametrize("name", ["pylock.toml", "pylock.dev.toml"])
def test_names_of_locks(name: str) -> None:
    assert read_pylock((HEAD + "packages = []").encode(), Path(name)).created_by == "test"


@pytest.mark.parametrize("name", ["lock.toml", "pylock.a.b.toml", "pylock..toml", "pylock.json"])
def test_other_names(name: str) -> None:
    with pytest.raises(LockError) as caught:
        read_pylock((HEAD + "packages = []").encode(), Path(name))
    assert caught.value.message == f"`{name}` is not named as a lock"
    assert caught.value.details == (("expected", "pylock.toml or pylock.NAME.toml"),)


@pytest.mark.parametrize(
    ("data", "message", "details"),
    [
        (
            b"lock-version = '1.0'\npackages = [\n  {name: 1}]\n",
            "is not valid TOML",
            (
                ("place", "line 3, column 8"),
                ("problem", "expected '=' after a key in a key/value pair"),
            ),
        ),
        (
            b"lock-version = '1.0",
            "is not valid TOML",
            (("place", "end of document"), ("problem", 'expected "\'"')),
        ),
        (b"a = 1\n# \xff", "is not UTF-8, so it is not TOML", (("place", "line 2"),)),
        (
            b"created-by = 'x'\npackages = []",
            "is not a valid lock",
            (("place", "lock-version"), ("problem", "missing required value")),
        ),
        (
            b"lock-version = '2.0'",
            "has a lock version that this trail does not know",
            (("expected", "1.0"), ("actual", "2.0")),
        ),
        (
            HEAD.encode() + b"[[packages]]\nname = 'a'\n[[packages.wheels]]\n"
            b"name = 'a-1-py3-none-any.whl'\nurl = 'https://x/'\nsize = 'big'\n",
            "is not a valid lock",
            (
                ("place", "packages[0].wheels[0].size"),
                ("problem", "unexpected type str (expected int)"),
            ),
        ),
    ],
)
def test_what_is_no_lock(data: bytes, message: str, details: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(LockError) as caught:
        read_pylock(data, Path("pylock.toml"))
    assert caught.value.message == f"`pylock.toml` {message}"
    assert [pair for pair in caught.value.details if pair not in details] == []
    assert caught.value.details == details


# Wheels


def test_a_wheel_with_all_its_facts() -> None:
    text = (
        '[[packages]]\nname = "demo-pkg"\nversion = "1.0"\nindex = "https://index.example/simple/"\n'
        'dependencies = [{name = "b"}, {name = "A_c"}, {name = "b", version = "2"}, {index = ""}]\n'
        'wheels = [{url = "https://files.example/Demo_Pkg-1.0%2Blocal-py3-none-any.whl",'
        f' size = 7, hashes = {{sha512 = "{B.upper() * 2}", md5 = "00", SHA256 = "{A}"}}}}]\n'
    )
    (found,) = selected(
        text.replace('version = "1.0"\nindex', 'version = "1.0+local"\nindex')
    ).wheels
    assert found.name == "demo-pkg"
    assert found.version == "1.0+local"
    assert found.filename == "Demo_Pkg-1.0+local-py3-none-any.whl"
    assert found.hashes == (("sha256", A), ("sha512", B * 2))
    assert found.size == 7
    assert found.url == "https://files.example/Demo_Pkg-1.0%2Blocal-py3-none-any.whl"
    assert found.path is None
    assert found.index == "https://index.example/simple/"
    assert found.vouched
    assert found.requires == ("b", "a-c")


def test_a_path_starts_at_the_lock() -> None:
    file = "a-1.0-py3-none-any.whl"
    text = only(wheel(file, path=f"../wheels/{file}"))
    (found,) = selected(text).wheels
    assert found.path == PATH.parent.parent / "wheels" / file
    assert found.url is None  # PEP 751: the path goes first


@pytest.mark.skipif(os.name == "nt", reason="a POSIX path")
def test_a_file_address_is_a_path() -> None:
    file = "a-1.0-py3-none-any.whl"
    text = only(wheel(file, url=f"file:///my%20wheels/{file}"))
    (found,) = selected(text).wheels
    assert found.path == Path("/my wheels", file)
    assert found.url is None


def test_a_name_of_its_own_decides() -> None:
    more = {"url": "https://files.example/download/7", "name": "a-2.0-py3-none-any.whl"}
    (found,) = selected(only(wheel("", **more))).wheels
    assert (found.filename, found.version) == ("a-2.0-py3-none-any.whl", "2.0")


def test_the_best_wheel_is_chosen() -> None:
    tags = "py3-none-any cp312-cp312-manylinux_2_17_x86_64 cp311-cp311-manylinux_2_17_x86_64"
    (found,) = selected(package("a", tags=tags)).wheels
    assert found.filename == "a-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"


def test_the_order_is_the_locks() -> None:
    assert names(selected(package("b") + package("c") + package("a"))) == ["b", "c", "a"]


def test_an_archive_may_be_a_wheel() -> None:
    file = "a-1.0-py3-none-any.whl"
    text = (
        f'[[packages]]\nname = "a"\n[packages.archive]\nurl = "https://x.example/{file}"\n'
        f'hashes = {{sha256 = "{A}"}}\n'
    )
    (found,) = selected(text).wheels
    assert (found.name, found.version, found.filename) == ("a", "1.0", file)


def test_an_archive_of_another_package() -> None:
    text = (
        '[[packages]]\nname = "b"\n[packages.archive]\nurl = "https://x.example/a-1.0-py3-none-any.whl"\n'
        f'hashes = {{sha256 = "{A}"}}\n'
    )
    error = refused(text)
    assert error.message == f"`a-1.0-py3-none-any.whl` in `{PATH}` is another package"
    assert error.details == (("expected", "b"), ("actual", "a"))


def test_an_address_that_cannot_be_used() -> None:
    file = "a-1.0-py3-none-any.whl"
    error = refused(only(wheel(file, url=f"ftp://x.example/{file}")))
    assert error.message == f"`{file}` in `{PATH}` has an address that cannot be used"
    assert error.details == (
        ("expected", "http://, https:// or file://"),
        ("actual", f"ftp://x.example/{file}"),
    )


@pytest.mark.parametrize(
    ("hashes", "message", "details"),
    [
        (
            'md5 = "00", sha1 = "11"',
            "has no hash that is as strong as sha256",
            (("hashes", "md5, sha1"),),
        ),
        (
            'sha256 = "abc"',
            "has a broken sha256 hash",
            (("expected", "64 hexadecimal digits"), ("actual", "abc")),
        ),
    ],
)
def test_hashes(hashes: str, message: str, details: tuple[tuple[str, str], ...]) -> None:
    error = refused(package("a").replace(f'sha256 = "{A}"', hashes))
    assert error.message == f"`a-1.0-py3-none-any.whl` in `{PATH}` {message}"
    assert error.details == details


def test_a_negative_size() -> None:
    error = refused(package("a").replace("{url", "{size = -1, url"))
    assert error.message == f"`a-1.0-py3-none-any.whl` in `{PATH}` has a negative size"


# Targets


def test_markers_are_the_targets() -> None:
    text = package("a", extra="marker = \"sys_platform == 'win32'\"") + package(
        "b", extra="marker = \"python_full_version < '3.13' and platform_machine == 'x86_64'\""
    )
    assert names(selected(text)) == ["b"]
    windows = {"sys_platform": "win32", "python_full_version": "3.13.0"}
    assert names(selected(text, environment=windows)) == ["a"]


def test_one_package_in_two_versions_by_marker() -> None:
    text = package("a", "1.0", extra="marker = \"python_version < '3.12'\"") + package(
        "a", "2.0", extra="marker = \"python_version >= '3.12'\""
    )
    (found,) = selected(text).wheels
    assert found.version == "2.0"


def test_a_package_twice() -> None:
    error = refused(package("a") + package("b") + package("a", "2.0"))
    assert error.message == f"`{PATH}` names `a` twice for this target"
    assert error.details == (("places", "packages[0] and packages[2]"), TARGET)


def test_requires_python_of_the_lock() -> None:
    error = refused(package("a"), head=HEAD + 'requires-python = ">=3.13"\n')
    assert error.message == f"`{PATH}` is not for this Python"
    assert error.details == (("requires", ">=3.13"), TARGET)
    assert error.hint == "choose a Python that fits: `trail run -p '>=3.13' …`"


def test_requires_python_of_a_package() -> None:
    error = refused(package("b") + package("a", extra='requires-python = "<3.12"'))
    assert error.message == f"`{PATH}` names a package that is not for this Python"
    assert error.details == (("package", "a 1.0 at packages[1]"), ("requires", "<3.12"), TARGET)


@pytest.mark.parametrize("version", ["3.13.0rc1", "3.13.0+"])
def test_unreleased_pythons(version: str) -> None:
    head = HEAD + 'requires-python = ">=3.12"\n'
    text = package("a", extra='requires-python = ">=3.12"')
    assert names(selected(text, head=head, environment={"python_full_version": version})) == ["a"]


def test_environments() -> None:
    head = HEAD + "environments = [\"sys_platform == 'darwin'\", \"os_name == 'nt'\"]\n"
    error = refused(package("a"), head=head)
    assert error.message == f"`{PATH}` does not cover this target"
    assert error.details == (
        TARGET,
        ("covers", 'sys_platform == "darwin"'),
        ("covers", 'os_name == "nt"'),
    )
    assert names(selected(package("a"), head=head, environment={"os_name": "nt"})) == ["a"]


def test_wheels_that_do_not_fit() -> None:
    text = (
        package("a", tags="cp311-cp311-win_amd64 cp311-cp311-manylinux_2_17_x86_64")
        + package("b")
        + package("c", "2", tags="cp312-cp312-musllinux_1_2_x86_64")
    )
    error = refused(text)
    assert error.message == f"`{PATH}` has no wheel that fits this target for `a 1.0`, `c 2`"
    assert error.details == (
        ("a 1.0", "cp311-cp311-manylinux_2_17_x86_64, cp311-cp311-win_amd64"),
        ("c 2", "cp312-cp312-musllinux_1_2_x86_64"),
        TARGET,
        ("accepts", f"cp312-cp312-manylinux_2_36_x86_64, py30-none-any and {len(TAGS) - 2} others"),
    )


def test_what_is_not_a_wheel_is_to_be_built() -> None:
    sdist = f'sdist = {{url = "https://x.example/NAME-1.0.tar.gz", hashes = {{sha256 = "{A}"}}}}\n'
    commit = "0123456789" * 4
    text = (
        package("a")
        + f'[[packages]]\nname = "b"\nversion = "1.0"\n{sdist.replace("NAME", "b")}'
        + package("c", tags="cp311-cp311-win_amd64", extra=sdist.replace("NAME", "c"))
        + '[[packages]]\nname = "d"\nvcs = {type = "git", url = "https://x/d", '
        + f'subdirectory = "p", commit-id = "{commit}"}}\n'
        + '[[packages]]\nname = "e"\ndirectory = {path = "../e", editable = true}\n'
        + f'[[packages]]\nname = "f"\narchive = {{path = "f.zip", hashes = {{sha256 = "{A}"}}}}\n'
    )
    selection = selected(text)
    assert names(selection) == ["a"]
    hashes = (("sha256", A),)
    b, c, d, e, f = selection.sources
    assert b == SourcePackage(
        name=NormalizedName("b"),
        kind=SourceKind.SDIST,
        version="1.0",
        filename="b-1.0.tar.gz",
        hashes=hashes,
        url="https://x.example/b-1.0.tar.gz",
    )
    assert (c.label, c.kind) == ("c 1.0", SourceKind.SDIST)
    assert (d.kind, d.url, d.commit, d.subdirectory) == ("checkout", "https://x/d", commit, "p")
    assert (e.kind, e.path, e.editable) == ("folder", PATH.parent.parent / "e", True)
    assert (f.kind, f.path, f.hashes) == ("source archive", PATH.parent / "f.zip", hashes)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            'vcs = {type = "git", url = "https://x", commit-id = "main"}',
            f"`{PATH}` does not say which commit `a` is",
        ),
        (
            'vcs = {type = "hg", url = "https://x", commit-id = "1"}',
            f"`{PATH}` names a repository that trail cannot check out",
        ),
        (
            'directory = {path = ".", subdirectory = "../x"}',
            f"`{PATH}` names a subdirectory outside of its source",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(source: str, message: str) -> None:
    assert refused(f'[[packages]]\nname = "a"\n{source}\n').message == message


# Extras and groups

PARTS = """
extras = ["plot", "web-ui"]
dependency-groups = ["dev", "Docs_All"]
default-groups = ["dev"]
"""
PARTED = (
    package("a")
    + package("b", extra="marker = \"'plot' in extras\"")
    + package("c", extra="marker = \"'web-ui' in extras\"")
    + package("d", extra="marker = \"'dev' in dependency_groups\"")
    + package("e", extra="marker = \"'docs-all' in dependency_groups\"")
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "ad"),
        ({"extras": ["plot"]}, "abd"),
        ({"extras": ["Web_UI", "plot"]}, "abcd"),
        ({"groups": []}, "a"),
        ({"groups": ["docs.all"]}, "ae"),
        ({"groups": ["dev", "Docs_All"], "extras": ["plot"]}, "abde"),
    ],
)
def test_extras_and_groups(options: dict[str, list[str]], expected: str) -> None:
    assert names(selected(PARTED, head=HEAD + PARTS, **options)) == list(expected)


def test_an_unknown_extra() -> None:
    error = refused(PARTED, head=HEAD + PARTS, extras=["web"])
    assert error.message == f"`{PATH}` has no extra `web`"
    assert error.details == (("known", "plot, web-ui"),)


def test_an_unknown_group() -> None:
    error = refused(PARTED, head=HEAD + PARTS, groups=["test"])
    assert error.message == f"`{PATH}` has no dependency group `test`"
    assert error.details == (("known", "dev, Docs_All"),)
    assert refused(package("a"), groups=["test"]).details == (("known", "none"),)
