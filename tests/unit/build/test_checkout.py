"""Git repositories by `file://`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.helpers.sources import git, make_repository, make_source

from trail.build.checkout import Git, Reference, is_commit, parse_reference
from trail.depot.store import open_depots
from trail.errors import BuildError, FetchError

if TYPE_CHECKING:
    from pathlib import Path

ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def tool(tmp_path: Path, *, offline: bool = False) -> Git:
    depot = open_depots([tmp_path / "depot"], boot="").receiver
    return Git(depot, {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **ALONE}, offline=offline)


def empty(tmp_path: Path, name: str = "tree") -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("git+https://h/a/b.git", Reference(url="https://h/a/b.git")),
        ("git+https://h/a/b@v1.0", Reference(url="https://h/a/b", revision="v1.0")),
        (
            "git+ssh://git@h/a/b@main#subdirectory=x/y&egg=z",
            Reference(url="ssh://git@h/a/b", revision="main", subdirectory="x/y"),
        ),
        ("git+file:///a/b@c/d", Reference(url="file:///a/b", revision="c/d")),
    ],
)
def test_addresses_of_repositories(url: str, expected: Reference) -> None:
    assert parse_reference(url) == expected


@pytest.mark.parametrize(
    "url", ["git+ext::sh -c id", "https://h/a", "git+git@h:a/b", "hg+https://h/a"]
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(BuildError, match="is not the address of a repository that trail can use"):
        parse_reference(url)


def test_commit_ids() -> None:
    assert is_commit("0123456789abcdef0123456789abcdef01234567")
    assert not is_commit("0123456")
    assert not is_commit(None)


def test_revisions_become_commits(tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    first = make_repository(source)
    git(source, "tag", "--annotate", "--message=x", "v1")
    git(source, "commit", "--allow-empty", "--message=two")
    second = git(source, "rev-parse", "HEAD")
    url = source.as_uri()
    found = tool(tmp_path)
    assert found.commit_of(url, None) == second
    assert found.commit_of(url, "main") == second
    assert found.commit_of(url, "v1") == first
    assert found.commit_of(url, first[:9]) == first
    with pytest.raises(FetchError) as caught:
        found.commit_of(url, "nothing")
    assert str(caught.value) == f"`{url}` has no revision `nothing`"


def test_check_out_is_shallow_and_kept(tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    first = make_repository(source)
    git(source, "commit", "--allow-empty", "--message=two")
    second = git(source, "rev-parse", "HEAD")
    found = tool(tmp_path)
    tree = empty(tmp_path)
    found.check_out(source.as_uri(), second, tree)
    assert (tree / "facts.json").is_file()
    assert git(tree, "rev-list", "--count", "HEAD") == "1"
    # An older commit, which has no name any more but is in the repository.
    found.check_out(source.as_uri(), first, empty(tmp_path, "older"))
    source.rename(tmp_path / "gone")
    again = empty(tmp_path, "again")
    tool(tmp_path, offline=True).check_out(source.as_uri(), second, again)
    assert (again / "facts.json").is_file()


def test_project_that_asks_git_for_its_version_gets_history_and_tags(tmp_path: Path) -> None:
    source = make_source(tmp_path / "source", build_requires=("setuptools_scm",))
    make_repository(source)
    git(source, "tag", "v1.5")
    git(source, "commit", "--allow-empty", "--message=two")
    tree = empty(tmp_path)
    tool(tmp_path).check_out(source.as_uri(), git(source, "rev-parse", "HEAD"), tree)
    assert git(tree, "describe", "--tags").startswith("v1.5-1-g")


def test_submodules_are_there(tmp_path: Path) -> None:
    inner = make_source(tmp_path / "inner")
    make_repository(inner)
    source = make_source(tmp_path / "source")
    make_repository(source)
    git(source, "-c", "protocol.file.allow=always", "submodule", "add", inner.as_uri(), "deps/in")
    git(source, "commit", "--message=sub")
    tree = empty(tmp_path)
    tool(tmp_path).check_out(source.as_uri(), git(source, "rev-parse", "HEAD"), tree)
    assert (tree / "deps" / "in" / "facts.json").is_file()


def test_submodules_may_be_relative_and_nested(tmp_path: Path) -> None:
    allow = ("-c", "protocol.file.allow=always", "submodule", "add")
    inner = make_source(tmp_path / "inner")
    make_repository(inner)
    middle = make_source(tmp_path / "middle")
    make_repository(middle)
    git(middle, *allow, inner.as_uri(), "deps/in")
    git(middle, "commit", "--message=sub")
    source = make_source(tmp_path / "source")
    make_repository(source)
    git(source, *allow, middle.as_uri(), "deps/mid")
    # As hosts of many repositories have it: beside this one, wherever that is.
    git(source, "config", "--file=.gitmodules", "submodule.deps/mid.url", "../middle")
    git(source, "commit", "--all", "--message=sub")
    tree = empty(tmp_path)
    tool(tmp_path).check_out(source.as_uri(), git(source, "rev-parse", "HEAD"), tree)
    assert (tree / "deps" / "mid" / "deps" / "in" / "facts.json").is_file()


def test_any_reference_of_a_repository_may_be_named(tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    first = make_repository(source)
    git(source, "commit", "--allow-empty", "--message=two")
    second = git(source, "rev-parse", "HEAD")
    git(source, "update-ref", "refs/pull/7/head", first)
    git(source, "branch", "feature/x", first)
    git(source, "tag", "both", first)
    git(source, "branch", "both", second)
    found = tool(tmp_path)
    url = source.as_uri()
    assert found.commit_of(url, "refs/pull/7/head") == first
    assert found.commit_of(url, "feature/x") == first
    assert found.commit_of(url, "both") == first  # the tag, as git itself decides
    # What only such a reference keeps can be had as well.
    git(source, "checkout", "--quiet", "--orphan", "lonely")
    git(source, "commit", "--message=three")
    third = git(source, "rev-parse", "HEAD")
    git(source, "update-ref", "refs/pull/8/head", third)
    git(source, "checkout", "--quiet", "main")
    git(source, "branch", "--delete", "--force", "lonely")
    found.check_out(url, third, empty(tmp_path))


def test_repository_is_fetched_once_for_all_that_is_built_from_it(tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    commit = make_repository(source)
    found = tool(tmp_path)
    found.check_out(source.as_uri(), commit, empty(tmp_path, "one"))
    (repository,) = (tmp_path / "depot" / "sources").iterdir()
    packs = sorted(path.name for path in (repository / "objects").rglob("*"))
    source.rename(tmp_path / "away")
    found.check_out(source.as_uri(), commit, empty(tmp_path, "two"))
    assert sorted(path.name for path in (repository / "objects").rglob("*")) == packs
    assert git(repository, "rev-list", "--all", "--count") == "1"


def test_commit_that_is_not_there_is_named(tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    make_repository(source)
    commit = "0123456789" * 4
    with pytest.raises(FetchError) as caught:
        tool(tmp_path).check_out(source.as_uri(), commit, empty(tmp_path))
    assert str(caught.value) == f"`{source.as_uri()}` has no commit `{commit}`"


def test_repository_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = (tmp_path / "nothing").as_uri()
    with pytest.raises(FetchError) as caught:
        tool(tmp_path).commit_of(url, "main")
    assert str(caught.value) == f"git failed for `{url}`"
    assert any("nothing" in value for _, value in caught.value.details)


def test_offline_leaves_the_network_alone(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        tool(tmp_path, offline=True).commit_of("https://host.invalid/a", "main")
    assert str(caught.value) == "`https://host.invalid/a` is needed, but trail is offline"


def test_git_settings_of_the_caller_do_not_lead_elsewhere(tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    commit = make_repository(source)
    depot = open_depots([tmp_path / "depot"], boot="").receiver
    environ = {"PATH": os.environ["PATH"], "GIT_DIR": str(tmp_path / "other"), **ALONE}
    Git(depot, environ, offline=False).check_out(source.as_uri(), commit, empty(tmp_path))
    assert not (tmp_path / "other").exists()


def test_option_in_place_of_a_revision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError):
        tool(tmp_path).commit_of("https://host.invalid/a", "--upload-pack=touch x")
