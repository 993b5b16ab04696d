from __future__ import annotations

from typing import Any

import pytest
from packaging.tags import Tag

from trail.errors import DigestError, FetchError
from trail.index.choose import choose_wheel
from trail.index.page import IndexFile, ProjectPage, group_files
from trail.model import NormalizedName, Pinned, WheelFile
from trail.report import Reporter

FOO = NormalizedName("foo")
TAGS = (
    Tag("cp312", "cp312", "manylinux_2_28_x86_64"),
    Tag("cp312", "cp312", "manylinux_2_17_x86_64"),
    Tag("cp312", "abi3", "manylinux_2_17_x86_64"),
    Tag("py3", "none", "any"),
)
A, B = "a" * 64, "b" * 64


class Warnings(Reporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def warn(self, message: str) -> None:
        self.lines.append(message)


def file(rest: str, version: str = "1.0", **more: Any) -> IndexFile:
    filename = f"foo-{version}{rest}"
    known = {"url": f"https://host.example/{filename}", "index": "https://host.example/simple/"}
    return IndexFile(name=FOO, version=version, filename=filename, **{**known, **more})


def choose(*files: IndexFile, reporter: Reporter | None = None, **more: Any) -> WheelFile:
    python = more.pop("python", None)
    page = ProjectPage(name=FOO, releases=group_files(files), index="https://host.example/simple/")
    pinned = Pinned(name=FOO, version="1.0", **more)
    return choose_wheel(page, pinned, TAGS, python=python, reporter=reporter or Reporter())


def test_the_best_tag_wins() -> None:
    any_file = file("-py3-none-any.whl")
    abi3 = file("-cp39.cp312-abi3-manylinux_2_17_x86_64.whl")
    old = file("-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
    new = file("-cp312-cp312-manylinux_2_28_x86_64.whl")
    source = file(".tar.gz")
    assert choose(source, any_file, abi3, old, new).filename == new.filename
    assert choose(source, any_file, old, abi3).filename == old.filename
    assert choose(abi3, any_file).filename == abi3.filename
    assert choose(any_file, file("-cp311-cp311-win_amd64.whl")).filename == any_file.filename


def test_then_the_highest_build_number() -> None:
    plain, two, ten, ten_b = (
        file(f"{build}-py3-none-any.whl") for build in ("", "-2", "-10", "-10b")
    )
    assert choose(plain, two, ten).filename == ten.filename
    assert choose(ten_b, two, ten).filename == ten_b.filename


def test_yanked_files_only_where_there_is_no_other() -> None:
    yanked = file("-cp312-cp312-manylinux_2_28_x86_64.whl", yanked="breaks on Tuesdays")
    fine = file("-py3-none-any.whl")
    warnings = Warnings()
    assert choose(yanked, fine, reporter=warnings).filename == fine.filename
    assert warnings.lines == []
    assert choose(yanked, reporter=warnings).filename == yanked.filename
    choose(yanked._replace(yanked=""), reporter=warnings)
    assert warnings.lines == [
        "`foo` 1.0 was yanked by its authors: breaks on Tuesdays",
        "`foo` 1.0 was yanked by its authors",
    ]


def test_what_is_known_of_the_wheel() -> None:
    found = choose(
        file("-py3-none-any.whl", hashes=(("md5", "1"), ("sha256", A)), size=7),
        requires=(NormalizedName("bar"),),
    )
    assert found == WheelFile(
        name=FOO,
        version="1.0",
        filename="foo-1.0-py3-none-any.whl",
        hashes=(("sha256", A),),
        size=7,
        url="https://host.example/foo-1.0-py3-none-any.whl",
        index="https://host.example/simple/",
        vouched=True,
        requires=(NormalizedName("bar"),),
    )


def test_a_file_of_this_machine_has_a_path() -> None:
    found = choose(file("-py3-none-any.whl", url="file:///links/a%20b.whl"))
    assert (found.url, str(found.path)) == (None, "/links/a b.whl")
    assert (found.hashes, found.vouched) == ((), False)


def test_hashes_of_the_lock_choose_among_files() -> None:
    best = file("-cp312-cp312-manylinux_2_28_x86_64.whl", hashes=(("sha256", A),))
    other = file("-py3-none-any.whl", hashes=(("sha256", B),))
    found = choose(best, other, hashes=(("sha256", B), ("sha256", "c" * 64)))
    assert (found.filename, found.hashes) == (other.filename, (("sha256", B),))


def test_hashes_of_the_lock_are_kept_where_the_page_has_none() -> None:
    pins = (("sha256", A), ("sha256", B))
    assert choose(file("-py3-none-any.whl"), hashes=pins).hashes == pins
    weak = file("-py3-none-any.whl", hashes=(("md5", "1"),))
    assert choose(weak, hashes=pins).hashes == pins
    assert choose(weak).hashes == (("md5", "1"),)
    other = file("-py3-none-any.whl", hashes=(("sha512", "d"),))
    assert choose(other, hashes=pins).hashes == (*pins, ("sha512", "d"))


def test_no_file_with_a_pinned_hash() -> None:
    with pytest.raises(DigestError) as caught:
        choose(file("-py3-none-any.whl", hashes=(("sha256", A),)), hashes=(("sha256", B),))
    assert str(caught.value) == (
        "refused `foo` 1.0: no wheel for this interpreter has a hash that the lock names;"
        " nothing of it was installed"
    )
    assert caught.value.details == (
        ("expected", f"sha256={B}"),
        ("actual", f"sha256={A} (foo-1.0-py3-none-any.whl)"),
        ("index", "https://host.example/simple/"),
    )


def test_a_version_that_is_not_there() -> None:
    files = [file(".tar.gz", version=version) for version in ("1.9", "1.10", "2.0rc1")]
    with pytest.raises(FetchError) as caught:
        choose(*files)
    assert str(caught.value) == "there is no `foo` 1.0"
    assert caught.value.details == (
        ("versions", "2.0rc1, 1.10, 1.9"),
        ("index", "https://host.example/simple/"),
    )


def test_many_versions_are_not_all_shown() -> None:
    files = [file(".tar.gz", version=f"2.{minor}") for minor in range(15)]
    with pytest.raises(FetchError) as caught:
        choose(*files)
    assert caught.value.details[0] == (
        "versions",
        "2.14, 2.13, 2.12, 2.11, 2.10, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3 and 3 more",
    )


def test_a_quarantined_project_says_so() -> None:
    page = ProjectPage(name=FOO, status="quarantined", reason="malware", index="I")
    with pytest.raises(FetchError) as caught:
        choose_wheel(page, Pinned(name=FOO, version="1.0"), TAGS, reporter=Reporter())
    assert caught.value.details == (
        ("versions", "none"),
        ("status", "quarantined: malware"),
        ("index", "I"),
    )


def test_only_a_source_distribution() -> None:
    with pytest.raises(FetchError) as caught:
        choose(file(".tar.gz"))
    assert str(caught.value) == "`foo` 1.0 has no wheel, only a source distribution"
    assert caught.value.details == (
        ("file", "foo-1.0.tar.gz"),
        ("index", "https://host.example/simple/"),
    )


def test_no_wheel_for_this_interpreter() -> None:
    with pytest.raises(FetchError) as caught:
        choose(
            file("-cp311-cp311-win_amd64.whl"),
            file("-1-cp39-abi3-macosx_11_0_arm64.whl"),
            file(".tar.gz"),
        )
    assert str(caught.value) == "`foo` 1.0 has no wheel for this interpreter"
    assert caught.value.details == (
        ("wheels for", "cp311-cp311-win_amd64, cp39-abi3-macosx_11_0_arm64"),
        ("this is", "cp312-cp312-manylinux_2_28_x86_64"),
        ("source", "foo-1.0.tar.gz"),
        ("index", "https://host.example/simple/"),
    )


def test_requires_python() -> None:
    wheel = file("-py3-none-any.whl", requires_python=">=3.13")
    with pytest.raises(FetchError) as caught:
        choose(wheel, python="3.12.1")
    assert str(caught.value) == "`foo` 1.0 does not run on Python 3.12.1"
    assert caught.value.details == (
        ("requires", ">=3.13"),
        ("index", "https://host.example/simple/"),
    )
    assert choose(wheel, python="3.13.0rc2").filename == wheel.filename
    assert choose(wheel).filename == wheel.filename
    odd = file("-py3-none-any.whl", requires_python="three")
    assert choose(odd, python="3.12.1").filename == odd.filename


def test_one_file_is_meant() -> None:
    best = file("-cp312-cp312-manylinux_2_28_x86_64.whl")
    other = file("-py3-none-any.whl")
    assert choose(best, other, filename=other.filename).filename == other.filename
    with pytest.raises(FetchError) as caught:
        choose(best, filename=other.filename)
    assert str(caught.value) == "there is no `foo-1.0-py3-none-any.whl` any more"
