from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from tests.helpers.prefixes import facts_of, this_python

from trail.model import Escape, Kind, NormalizedName, TopLevel
from trail.prefix.model import Action, InPlace, Link, Plan, SharedPackage
from trail.prefix.plan import make_plan
from trail.prefix.platform_posix import PosixPlatform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trail.model import Facts

SHAPE = PosixPlatform().shape(this_python())
SITE = SHAPE.site_packages
SOURCE = "lib/python/site-packages"
TAG = SHAPE.cache_tag


@dataclass
class Wheel:
    """A distribution that exists on paper only: paths below site-packages, and below the entry."""

    name: str
    files: Sequence[str]
    data: Sequence[str] = ()
    scripts: dict[str, str] = field(default_factory=dict)
    requires: Sequence[str] = ()
    escapes: Sequence[Escape] = ()

    @property
    def paths(self) -> list[str]:
        dist_info = f"{self.name.replace('-', '_')}-1.0.dist-info"
        inside = [*self.files, f"{dist_info}/METADATA"]
        return [*(f"{SOURCE}/{path}" for path in inside), *self.data]

    @property
    def facts(self) -> Facts:
        return facts_of(self.name, "1.0", self.paths, scripts=self.scripts, escapes=self.escapes)


class Paper:
    """A `Look` at wheels on paper; two files are the same if `same` says so."""

    def __init__(self, wheels: Sequence[Wheel], *, same: bool) -> None:
        self.wheels = wheels
        self.always = same
        self.listed: list[tuple[int, str]] = []
        self.joined: set[tuple[str, Sequence[int]]] = set()

    def listing(self, member: int, folder: str) -> dict[str, bool]:
        self.listed.append((member, folder))
        found: dict[str, bool] = {}
        above = f"{folder}/" if folder else ""
        for path in self.wheels[member].paths:
            if path.startswith(above):
                name, _, rest = path.removeprefix(above).partition("/")
                found[name] = bool(rest)
        return found

    def is_folder(self, member: int, path: str) -> bool:
        return any(known.startswith(f"{path}/") for known in self.wheels[member].paths)

    def same(self, one: tuple[int, str], other: tuple[int, str]) -> bool:
        assert one[0] != other[0]
        return self.always

    def is_joined(self, path: str, members: Sequence[int]) -> bool:
        return (path, members) in self.joined

    def requires(self, member: int) -> frozenset[NormalizedName]:
        return frozenset(NormalizedName(name) for name in self.wheels[member].requires)


def plan(*wheels: Wheel, mode: str = "auto", same: bool = False) -> Plan:
    look = Paper(wheels, same=same)
    return make_plan([wheel.facts for wheel in wheels], look, shape=SHAPE, link_mode=mode)


def links(result: Plan) -> dict[str, Link]:
    """Give the links by path below site-packages, those of dist-info folders left out."""
    return {
        link.path.removeprefix(f"{SITE}/"): link
        for link in result.links
        if ".dist-info/" not in link.path
    }


def paths(result: Plan) -> tuple[str, ...]:
    return tuple(package.path for package in result.joined)


def action(result: Plan, path: str) -> tuple[Action, int]:
    link = links(result)[path]
    return link.action, link.member


def test_a_package_of_one_owner_is_one_link_and_is_not_looked_into() -> None:
    wheel = Wheel("numpy", ["numpy/__init__.py", "numpy/core/x.py", "numpy.libs/libblas.so"])
    look = Paper([wheel], same=False)
    result = make_plan([wheel.facts], look, shape=SHAPE, link_mode="auto")
    assert set(links(result)) == {"numpy", "numpy.libs"}
    assert links(result)["numpy"] == Link(Action.FOLDER_LINK, f"{SITE}/numpy", 0, f"{SOURCE}/numpy")
    assert action(result, "numpy.libs") == (Action.FOLDER_LINK, 0)
    # The dist-info folder and the entry's root, but not `lib`: no wheel has data there.
    assert look.listed == [(0, f"{SOURCE}/numpy-1.0.dist-info"), (0, "")]


def test_a_module_is_a_link_with_its_bytecode() -> None:
    result = plan(Wheel("six", ["six.py"]))
    cached = f"__pycache__/six.{TAG}.pyc"
    assert links(result) == {
        "six.py": Link(Action.FILE_LINK, f"{SITE}/six.py", 0, f"{SOURCE}/six.py"),
        cached: Link(Action.BYTECODE_FILE, f"{SITE}/{cached}", 0, f"{SOURCE}/{cached}"),
    }
    assert f"{SITE}/__pycache__" in result.folders


def test_dist_info_is_a_real_folder_with_hardlinks_at_any_depth() -> None:
    result = plan(Wheel("a", ["a.py", "a-1.0.dist-info/licenses/deep/LICENSE"]))
    paths = {link.path: link.action for link in result.links if ".dist-info" in link.path}
    assert paths == {
        f"{SITE}/a-1.0.dist-info/METADATA": Action.HARDLINK,
        f"{SITE}/a-1.0.dist-info/licenses": Action.HARDLINK_TREE,
    }
    assert f"{SITE}/a-1.0.dist-info" in result.folders


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("auto", {"METADATA": Action.HARDLINK, "licenses": Action.HARDLINK_TREE}),
        ("hardlink", {"METADATA": Action.HARDLINK, "licenses": Action.HARDLINK_TREE}),
        ("copy", {"METADATA": Action.COPY, "licenses": Action.COPY_TREE}),
    ],
)
def test_a_dist_info_that_is_not_placed_is_looked_into(
    mode: str, wanted: dict[str, Action]
) -> None:
    wheel = Wheel("a", ["a.py", "a-1.0.dist-info/licenses/x/y"])
    above = f"{SITE}/a-1.0.dist-info"
    look = Paper([wheel], same=False)
    result = make_plan([noted(wheel)], look, shape=SHAPE, link_mode=mode)
    found = {link.path: link.action for link in result.links if link.path.startswith(above)}
    assert found == {f"{above}/{name}": action for name, action in wanted.items()}
    assert above in result.folders


def test_a_dist_info_that_is_placed_is_not_planned() -> None:
    wheel = Wheel("a", ["a.py", "a-1.0.dist-info/licenses/x/y"])
    look, in_place = Paper([wheel], same=False), InPlace(metadata={0})
    result = make_plan([noted(wheel)], look, shape=SHAPE, link_mode="auto", in_place=in_place)
    assert not [link.path for link in result.links if ".dist-info" in link.path]
    assert not [path for path in result.folders if ".dist-info" in path]
    assert look.listed == [(0, "")] or not look.listed


def test_a_namespace_is_linked_at_the_shallowest_folder_of_one_owner() -> None:
    result = plan(
        Wheel("g-a", ["google/cloud/a/v1/__init__.py"]),
        Wheel("g-b", ["google/cloud/b/__init__.py", "google/cloud/b/sub/__init__.py"]),
        Wheel("g-c", ["google/auth/__init__.py"]),
    )
    assert {path: link.action for path, link in links(result).items()} == {
        "google/auth": Action.FOLDER_LINK,
        "google/cloud/a": Action.FOLDER_LINK,
        "google/cloud/b": Action.FOLDER_LINK,
    }
    assert {f"{SITE}/google", f"{SITE}/google/cloud"} <= set(result.folders)


def test_parents_of_folders_come_first() -> None:
    result = plan(
        Wheel("o-a", ["open/b/c/d/e/f/__init__.py"]), Wheel("o-b", ["open/b/c/d/e/g/__init__.py"])
    )
    seen: set[str] = {""}
    for folder in result.folders:
        assert folder.rpartition("/")[0] in seen
        seen.add(folder)
    assert set(links(result)) == {"open/b/c/d/e/f", "open/b/c/d/e/g"}


def test_files_in_a_shared_namespace_link_their_bytecode() -> None:
    result = plan(Wheel("n-a", ["ns/one.py"]), Wheel("n-b", ["ns/two.py"]))
    assert set(links(result)) == {
        "ns/one.py",
        "ns/two.py",
        f"ns/__pycache__/one.{TAG}.pyc",
        f"ns/__pycache__/two.{TAG}.pyc",
    }


def test_bytecode_of_one_owner_in_a_shared_folder_is_one_link() -> None:
    result = plan(Wheel("n-a", ["ns/one.py"]), Wheel("n-b", ["ns/sub/__init__.py"]))
    assert links(result)["ns/__pycache__"] == Link(
        Action.BYTECODE_FOLDER, f"{SITE}/ns/__pycache__", 0, f"{SOURCE}/ns/__pycache__"
    )


def test_a_shared_regular_package_is_joined_by_hardlinks() -> None:
    result = plan(
        Wheel("pyqt5", ["PyQt5/__init__.py", "PyQt5/uic/__init__.py", "PyQt5/uic/x.ui"]),
        Wheel("pyqt5-qt5", ["PyQt5/Qt5/lib/libQt5Core.so.5"]),
    )
    assert {path: link.action for path, link in links(result).items()} == {
        "PyQt5/__init__.py": Action.HARDLINK,
        "PyQt5/__pycache__": Action.BYTECODE_FOLDER,
        "PyQt5/uic": Action.HARDLINK_TREE,
        "PyQt5/Qt5": Action.HARDLINK_TREE,
    }


def test_a_regular_package_deep_in_a_namespace_is_joined_from_there_on() -> None:
    result = plan(
        Wheel("n-a", ["ns/pkg/__init__.py", "ns/alone/__init__.py"]),
        Wheel("n-b", ["ns/pkg/extra/data.txt"]),
    )
    assert action(result, "ns/alone") == (Action.FOLDER_LINK, 0)
    assert action(result, "ns/pkg/__init__.py") == (Action.HARDLINK, 0)
    assert action(result, "ns/pkg/extra") == (Action.HARDLINK_TREE, 1)


def test_what_is_joined_may_be_shared_unless_it_looks_for_others() -> None:
    lib = Wheel("qt-lib", ["Qt/lib/x.so", "ns/deep/b.py"])
    qt = Wheel("qt", ["Qt/__init__.py", "ns/deep/__init__.py"])
    assert paths(plan(qt, lib)) == (f"{SITE}/Qt", f"{SITE}/ns/deep")
    assert plan(qt, lib, mode="hardlink").joined == ()
    escape = Escape(library="Qt/lib/x.so", runpath="$ORIGIN/../../other", tag="DT_RPATH")
    reaching = replace(lib, escapes=[escape])
    assert plan(Wheel("other", ["other/__init__.py"]), qt, reaching).joined == ()
    assert paths(plan(qt, reaching)) == (f"{SITE}/Qt", f"{SITE}/ns/deep")
    sides = [Wheel(name, ["PySide6/__init__.py"]) for name in ("pyside6", "pyside6-addons")]
    assert plan(*sides, same=True).joined == ()


def test_what_is_joined_in_the_depot_is_not_planned() -> None:
    wheels = [
        Wheel("a", ["a.py"]),
        Wheel("qt", ["Qt/__init__.py", "ns/deep/__init__.py"]),
        Wheel("qt-lib", ["Qt/lib/x.so", "ns/deep/b.py"]),
    ]
    look = Paper(wheels, same=True)
    look.joined.add((f"{SITE}/ns/deep", (1, 2)))
    facts = [wheel.facts for wheel in wheels]
    result = make_plan(facts, look, shape=SHAPE, link_mode="auto")
    assert result.joined == (
        SharedPackage(f"{SITE}/Qt", (1, 2), plain=True, is_there=False),
        SharedPackage(f"{SITE}/ns/deep", (1, 2), plain=True, is_there=True),
    )
    assert {path for path in links(result) if path.startswith(("Qt", "ns"))} == {
        "Qt/__init__.py",
        "Qt/__pycache__",
        "Qt/lib",
    }
    assert f"{SITE}/ns" in result.folders
    assert f"{SITE}/ns/deep" not in result.folders


def test_a_choice_between_files_makes_a_shared_package_depend_on_others() -> None:
    wheels = [
        Wheel("a", ["Qt/__init__.py", "Qt/sub/x.py", "b/__init__.py"]),
        Wheel("b", ["Qt/sub/x.py", "b/y.py"]),
    ]
    for same in (True, False):
        plain = {package.path: package.plain for package in plan(*wheels, same=same).joined}
        assert plain == {f"{SITE}/Qt": False, f"{SITE}/b": True}


def test_an_extension_may_be_the_init_module() -> None:
    result = plan(
        Wheel("a", ["pkg/__init__.cpython-312-x86_64-linux-gnu.so"]), Wheel("b", ["pkg/b.txt"])
    )
    assert action(result, "pkg/b.txt") == (Action.HARDLINK, 1)


def escape(library: str, runpath: str) -> Escape:
    return Escape(library=library, runpath=runpath, tag="DT_RUNPATH")


def test_a_library_that_looks_for_a_sibling_joins_its_package() -> None:
    result = plan(
        Wheel("nvidia-cublas-cu12", ["nvidia/cublas/lib/libcublas.so.12"]),
        Wheel("nvidia-cudnn-cu12", ["nvidia/cudnn/lib/libcudnn.so.9"]),
        Wheel(
            "torch",
            ["torch/__init__.py", "torch/lib/libtorch.so", "functorch/__init__.py"],
            escapes=[escape("torch/lib/libtorch.so", "$ORIGIN/../../nvidia/cublas/lib")],
        ),
    )
    assert action(result, "torch") == (Action.HARDLINK_TREE, 2)
    assert action(result, "functorch") == (Action.FOLDER_LINK, 2)
    assert action(result, "nvidia/cublas") == (Action.FOLDER_LINK, 0)


def test_a_library_in_a_namespace_that_looks_for_a_portion_joins_its_own() -> None:
    result = plan(
        Wheel("nvidia-a", ["nvidia/a/lib/liba.so"]),
        Wheel(
            "nvidia-b",
            ["nvidia/b/lib/libb.so"],
            escapes=[escape("nvidia/b/lib/libb.so", "${ORIGIN}/../../a/lib")],
        ),
    )
    assert action(result, "nvidia/a") == (Action.FOLDER_LINK, 0)
    assert action(result, "nvidia/b") == (Action.HARDLINK_TREE, 1)


@pytest.mark.parametrize(
    "runpath",
    [
        "$ORIGIN/../../nvidia/cublas/lib",  # a sibling that is not here
        "/usr/lib",
        "$ORIGIN/../../../../..",  # data files that nobody brings
        "$ORIGINAL/../../other",
    ],
)
def test_a_library_that_looks_for_what_is_not_there_joins_nothing(runpath: str) -> None:
    result = plan(
        Wheel("other", ["other/__init__.py"]),
        Wheel(
            "torch",
            ["torch/__init__.py", "torch/lib/libtorch.so"],
            escapes=[escape("torch/lib/libtorch.so", runpath)],
        ),
    )
    assert action(result, "torch") == (Action.FOLDER_LINK, 1)


def test_a_library_that_looks_for_data_files_of_others_joins_its_package() -> None:
    result = plan(
        Wheel("blas-data", [], data=["lib/libblas_rt.so.2"]),
        Wheel(
            "blas-service",
            ["blas/__init__.py", "blas/_init.so"],
            escapes=[escape("blas/_init.so", "@loader_path/../../..")],
        ),
    )
    assert action(result, "blas") == (Action.HARDLINK_TREE, 1)
    assert links(result)["lib/libblas_rt.so.2"].action is Action.FILE_LINK


def test_a_library_that_looks_into_site_packages_joins_if_libraries_lie_there() -> None:
    reaching = Wheel(
        "user",
        ["user/__init__.py", "user/x.so"],
        escapes=[escape("user/x.so", "$ORIGIN/..")],
    )
    assert action(plan(Wheel("lone", ["lone.py"]), reaching), "user")[0] is Action.FOLDER_LINK
    joined = plan(Wheel("lone", ["lone.so"]), reaching)
    assert action(joined, "user")[0] is Action.HARDLINK_TREE


def test_folders_of_data_are_merged_at_any_depth() -> None:
    """As the wheels of `nvidia` are, whose folders hold neither Python nor `.so` files."""
    wheels = (
        Wheel("nv-a", ["nvidia/a/lib/liba.so.1", "nvidia/LICENSE"]),
        Wheel("nv-b", ["nvidia/b/lib/libb.so.1"]),
    )
    members = [
        replace(wheel.facts, top_level=(TopLevel(path="nvidia", name="nvidia", kind=Kind.DATA),))
        for wheel in wheels
    ]
    result = make_plan(members, Paper(wheels, same=False), shape=SHAPE, link_mode="auto")
    assert {path: (link.action, link.member) for path, link in links(result).items()} == {
        "nvidia/LICENSE": (Action.FILE_LINK, 0),
        "nvidia/a": (Action.FOLDER_LINK, 0),
        "nvidia/b": (Action.FOLDER_LINK, 1),
    }
    assert result.warnings == ()


def test_known_distributions_are_joined() -> None:
    result = plan(
        Wheel("pyside6", ["PySide6/__init__.py", "PySide6/QtCore.so"]),
        Wheel("shiboken6", ["shiboken6/__init__.py"]),
    )
    assert action(result, "PySide6") == (Action.HARDLINK_TREE, 0)
    assert action(result, "shiboken6") == (Action.HARDLINK_TREE, 1)


@pytest.mark.parametrize("mode", ["hardlink", "copy"])
def test_a_whole_prefix_without_links(mode: str) -> None:
    result = plan(
        Wheel(
            "a",
            ["a/__init__.py", "a/sub/x.txt", "b.py", "a.pth"],
            data=["share/man/a.1", "etc/a.conf"],
        ),
        mode=mode,
    )
    file, tree = {
        "hardlink": (Action.HARDLINK, Action.HARDLINK_TREE),
        "copy": (Action.COPY, Action.COPY_TREE),
    }[mode]
    assert {path: link.action for path, link in links(result).items()} == {
        "share/man/a.1": file,
        "etc/a.conf": file,
        "a": tree,
        "a.pth": file,
        "b.py": file,
        f"__pycache__/b.{TAG}.pyc": Action.BYTECODE_FILE,
    }


def test_start_up_files_are_linked_and_nspkg_files_dropped() -> None:
    result = plan(
        Wheel("a", ["a_helper.pth", "a.start", "Paste-1.0-nspkg.pth", "paste/a.py"]),
    )
    assert set(links(result)) == {"a_helper.pth", "a.start", "paste"}


def test_the_dependent_wins_over_its_dependency() -> None:
    result = plan(
        Wheel("poetry", ["poetry/__init__.py", "poetry/app.py"], requires=["poetry-core"]),
        Wheel("poetry-core", ["poetry/__init__.py", "poetry/core/__init__.py"]),
    )
    assert action(result, "poetry/__init__.py") == (Action.HARDLINK, 0)
    assert result.warnings == (
        (
            f"`poetry-core` and `poetry` both bring `{SITE}/poetry/__init__.py`, with different "
            "contents; those of `poetry` are used"
        ),
    )


def test_the_dependent_wins_through_others() -> None:
    result = plan(
        Wheel("a", ["x/y.txt"], requires=["m"]),
        Wheel("m", ["m.py"], requires=["z", "not-here"]),
        Wheel("z", ["x/y.txt"], requires=["m"]),
    )
    assert action(result, "x/y.txt") == (Action.FILE_LINK, 0)


def test_of_unrelated_or_mutual_dependents_the_later_name_wins() -> None:
    files = ["cv2/__init__.py", "cv2/a.txt", "cv2/b.txt"]
    result = plan(Wheel("opencv", files), Wheel("opencv-headless", files))
    assert action(result, "cv2/a.txt") == (Action.HARDLINK, 1)
    assert result.warnings == (
        (
            f"`opencv` and `opencv-headless` both bring `{SITE}/cv2/__init__.py` and 2 more, with "
            "different contents; those of `opencv-headless` are used"
        ),
    )
    mutual = plan(Wheel("a", ["x.py"], requires=["b"]), Wheel("b", ["x.py"], requires=["a"]))
    assert action(mutual, "x.py") == (Action.FILE_LINK, 1)


def test_equal_files_are_no_conflict() -> None:
    files = ["pkg/__init__.py"]
    assert plan(Wheel("a", files), Wheel("b", files), same=True).warnings == ()


def test_a_file_and_a_folder_of_one_name() -> None:
    result = plan(Wheel("a", ["thing/x.txt"]), Wheel("b", ["thing"]), same=True)
    assert action(result, "thing") == (Action.FILE_LINK, 1)
    assert len(result.warnings) == 1


def test_data_files_are_merged_into_the_prefix() -> None:
    result = plan(
        Wheel("a", ["a.py"], data=["share/jupyter/kernels/a/x.json", "etc/a.conf", "lib64/x.so"]),
        Wheel("b", ["b.py"], data=["share/jupyter/nb/t.tpl", "share/man/man1/b.1", "lib/y.so"]),
    )
    found = {link.path: link.source for link in result.links if not link.path.startswith(SITE)}
    assert found == {
        "etc": "etc",
        "lib/x.so": "lib64/x.so",
        "lib/y.so": "lib/y.so",
        "share/jupyter/kernels": "share/jupyter/kernels",
        "share/jupyter/nb": "share/jupyter/nb",
        "share/man": "share/man",
    }


def test_headers_are_found_where_a_virtual_environment_has_them() -> None:
    result = plan(
        Wheel("greenlet", ["greenlet/__init__.py"], data=["include/greenlet/greenlet.h"]),
        Wheel("other", ["o.py"], data=["include/x.h", f"{SHAPE.headers}/old/old.h"]),
    )
    found = {path: link.source for path, link in links(result).items() if "include" in path}
    assert found == {
        "include/greenlet": "include/greenlet",
        "include/x.h": "include/x.h",
        f"{SHAPE.headers}/greenlet": "include/greenlet",
        f"{SHAPE.headers}/old": f"{SHAPE.headers}/old",
    }


def test_data_files_at_the_root_are_linked_at_the_root() -> None:
    result = plan(
        Wheel("a", ["a.py"], data=["entry.json", "top.txt", "shared.txt"]),
        Wheel("b", ["b.py"], data=["entry.json", "shared.txt"]),
    )
    found = {path: link for path, link in links(result).items() if path.endswith((".txt", ".json"))}
    assert found == {
        "shared.txt": Link(Action.FILE_LINK, "shared.txt", 1, "shared.txt"),
        "top.txt": Link(Action.FILE_LINK, "top.txt", 0, "top.txt"),
    }
    assert result.warnings == (
        "`a` and `b` both bring `shared.txt`, with different contents; those of `b` are used",
    )
    joined = plan(Wheel("a", ["a.py"], data=["top.txt"]), mode="copy")
    assert links(joined)["top.txt"].action is Action.COPY


@pytest.mark.parametrize("name", ["pip.conf", "bin", "lib", "lib64"])
def test_a_data_file_that_a_prefix_has_itself_is_left_out(name: str) -> None:
    result = plan(Wheel("a", [], data=[name]))
    assert links(result) == {}
    assert result.warnings == (f"`{name}` of `a` is left out: a prefix has its own",)


def test_data_that_a_prefix_has_itself_is_left_out() -> None:
    result = plan(Wheel("a", [], data=["pip.conf/x"]))
    assert links(result) == {}
    assert result.warnings == ("`pip.conf` of `a` is left out: a prefix has its own",)


def test_scripts() -> None:
    result = plan(
        Wheel("a", ["a.py"], data=["bin/tool", "bin/shared"], scripts={"a": "a:main"}),
        Wheel("b", ["b.py"], data=["bin/helpers/x"], scripts={"shared": "b:main"}),
    )
    assert [(script.member, script.entry_point.name) for script in result.scripts] == [
        (0, "a"),
        (1, "shared"),
    ]
    assert links(result)["bin/tool"] == Link(Action.SCRIPT, "bin/tool", 0, "bin/tool")
    assert links(result)["bin/helpers"].action is Action.FOLDER_LINK
    assert result.warnings == (
        "`a` and `b` both bring `bin/shared`, with different contents; those of `b` are used",
    )


def test_one_entry_point_of_two_distributions_is_no_conflict() -> None:
    result = plan(
        Wheel("a", [], scripts={"run": "x:main"}), Wheel("b", [], scripts={"run": "x:main"})
    )
    assert result.warnings == ()
    assert len(result.scripts) == 1


def test_an_entry_point_replaces_its_own_wheels_file() -> None:
    result = plan(Wheel("a", ["a.py"], data=["bin/a"], scripts={"a": "a:main"}))
    assert [script.entry_point.name for script in result.scripts] == ["a"]
    assert "bin/a" not in links(result)


SHARED = (
    "ns/a.py",
    "ns/b/__init__.py",
    "Qt/__init__.py",
    "Qt/a/__init__.py",
    "Qt/b.py",
    "six.py",
    "deep/er/x/y.py",
    "deep/er/z.py",
)


def some_wheels(chance: random.Random, names: Sequence[str], shared: Sequence[str]) -> list[Wheel]:
    """Make wheels with paths of their own, and with some that others may have, too."""
    wheels = []
    for name in names:
        own = (
            f"{name}/__init__.py",
            f"{name}/sub/x.py",
            f"{name}.py",
            f"{name}.libs/x.so",
            f"{name}_data/x.txt",
            f"{name}_hook.pth",
            f"{name}.so",
            f"{name}-1.0.dist-info/licenses/LICENSE",
        )
        files = chance.sample(own, chance.randrange(1, len(own)))
        files += chance.sample(shared, chance.randrange(len(shared) // 2)) if shared else []
        wheels.append(Wheel(name, sorted(files), scripts={f"run-{name}": f"{name}:main"}))
    return wheels


def noted(wheel: Wheel) -> Facts:
    """Give the facts with the files of the dist-info folder, as engines note them."""
    facts = wheel.facts
    above = f"{SOURCE}/{facts.dist_info}/"
    metadata = sorted(path.removeprefix(above) for path in wheel.paths if path.startswith(above))
    return replace(facts, metadata=tuple(metadata))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mode", ["auto", "hardlink"])
def test_neighbours_change_nothing_about_what_shares_nothing(mode: str, seed: int) -> None:
    chance = random.Random(seed)
    plain = some_wheels(chance, [f"p{number}" for number in range(8)], ())
    other = some_wheels(chance, [f"{letter}s" for letter in "aqz"], SHARED)
    everyone = sorted((*plain, *other), key=lambda wheel: wheel.name)

    def make(wheels: Sequence[Wheel]) -> Plan:
        look = Paper(wheels, same=True)
        facts = [noted(wheel) for wheel in wheels]
        return make_plan(facts, look, shape=SHAPE, link_mode=mode)

    alone, together = make(plain), make(everyone)
    names = {wheel.name for wheel in plain}
    found = [
        link._replace(member=plain.index(everyone[link.member]))
        for link in together.links
        if everyone[link.member].name in names
    ]
    assert found == list(alone.links)
    assert set(alone.folders) <= set(together.folders)
    scripts = [script.entry_point for script in alone.scripts]
    assert [one.entry_point for one in together.scripts if one.entry_point in scripts] == scripts
    assert alone.warnings == ()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mode", ["auto", "hardlink"])
def test_who_may_have_to_be_joined_and_is_not_is_planned_like_others(mode: str, seed: int) -> None:
    wheels = some_wheels(random.Random(seed), [f"p{number:02}" for number in range(12)], SHARED)
    wheels.append(Wheel("target", ["target/__init__.py"]))
    look = Paper(wheels, same=True)
    facts = [noted(wheel) for wheel in wheels]
    # A library outside of all folders: its wheel is looked at more closely, to no effect.
    escape = Escape(library="none.so", runpath="$ORIGIN/target", tag="DT_RPATH")
    closely = [replace(one, escapes=(escape,)) for one in facts]
    expected = make_plan(closely, look, shape=SHAPE, link_mode=mode)
    found = make_plan(facts, look, shape=SHAPE, link_mode=mode)
    assert replace(found, joined=()) == expected
