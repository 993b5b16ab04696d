from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from distlib.index import DEFAULT_INDEX  # type: ignore[import-untyped]

from trail.addresses import redact
from trail.errors import SettingsError
from trail.pip_settings import config_files, read_pip
from trail.settings import EVERY_GROUP, Overrides, Settings, default_index, read_settings
from trail.wheel.engine import DEFAULT_MAX_UNPACKED

CWD = Path("/start").absolute()


def read(
    environ: dict[str, str] | None = None,
    *,
    pip: Path | None = None,
    project: dict[str, Any] | None = None,
    uv: dict[str, Any] | None = None,
    **overrides: Any,
) -> Settings:
    return read_settings(
        {"TRAIL_DEPOT": "/depot", "HOME": "/nobody", **(environ or {})},
        cwd=CWD,
        overrides=Overrides(**overrides),
        project=project,
        uv=uv,
        project_file=Path("/project/pyproject.toml"),
        pip_files=() if pip is None else (pip,),
    )


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_is_set() -> None:
    settings = read()
    assert settings.engine == "auto"
    assert settings.offline is False
    assert settings.threads >= 1
    assert settings.max_unpacked == DEFAULT_MAX_UNPACKED
    assert settings.link_mode == "auto"
    assert settings.python is None
    assert settings.allow_record_mismatch == frozenset()
    index = settings.index
    assert (index.connect_timeout, index.read_timeout, index.retries) == (10.0, 30.0, 4)
    assert (index.proxy, index.cert, index.netrc, index.keyring) == (None, None, None, False)
    assert index.indexes() == (default_index(),)


def test_the_default_index_is_read_without_importing_the_library_that_has_it() -> None:
    code = "import sys, trail.settings as s; s.default_index(); print('distlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_default_index_is_the_constant_of_the_library() -> None:
    assert urlsplit(default_index()).netloc == urlsplit(DEFAULT_INDEX).netloc


def test_default_index_is_the_simple_api() -> None:
    scheme, _, rest = default_index().partition("://")
    assert scheme == "https"
    assert rest.endswith("/simple/")
    assert rest.count("/") == 2


def test_default_depot_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    (depot,) = read({"TRAIL_DEPOT": ""}).depots
    assert depot.is_absolute()
    assert "trail" in depot.parts


def test_depots_are_a_path_list() -> None:
    found = read({"TRAIL_DEPOT": os.pathsep.join(["own", "", "~/shared", "/far/../near"])}).depots
    assert found == (CWD / "own", Path("/nobody/shared"), Path("/near"))


def test_each_place_goes_before_the_next(tmp_path: Path) -> None:
    pip = write(tmp_path / "pip.conf", "[global]\nindex-url = https://pip.example/\n")
    environ = {"TRAIL_INDEX_URL": "https://environ.example/"}
    project = {"index-url": "https://project.example/"}
    assert read(pip=pip).index.index_url == "https://pip.example/"
    assert read(pip=pip, project=project).index.index_url == "https://project.example/"
    assert read(environ, pip=pip, project=project).index.index_url == "https://environ.example/"
    found = read(environ, pip=pip, project=project, index_url="https://line.example/")
    assert found.index.index_url == "https://line.example/"


def test_empty_variables_count_as_not_given() -> None:
    assert read({"TRAIL_INDEX_URL": "", "PIP_INDEX_URL": "", "TRAIL_OFFLINE": ""}) == read()


def test_extra_indexes_are_asked_first() -> None:
    environ = {
        "PIP_EXTRA_INDEX_URL": "https://one.example/ https://two.example/",
        "PIP_INDEX_URL": "https://last.example/",
    }
    assert read(environ).index.indexes() == (
        "https://one.example/",
        "https://two.example/",
        "https://last.example/",
    )
    assert read({**environ, "PIP_NO_INDEX": "1"}).index.indexes() == ()


def test_all_that_pip_has_is_read() -> None:
    index = read(
        {
            "PIP_FIND_LINKS": "/links https://links.example/all.html near",
            "PIP_CERT": "ca.pem",
            "PIP_CLIENT_CERT": "/client.pem",
            "PIP_PROXY": "proxy.example:3128",
            "PIP_TRUSTED_HOST": "one.example two.example:8443",
            "PIP_TIMEOUT": "60",
            "PIP_RETRIES": "0",
        }
    ).index
    assert index.find_links == ("/links", "https://links.example/all.html", str(CWD / "near"))
    assert index.cert == CWD / "ca.pem"
    assert index.client_cert == Path("/client.pem")
    assert index.proxy == "http://proxy.example:3128"
    assert index.trusted_hosts == ("one.example", "two.example:8443")
    assert index.read_timeout == 60.0
    assert index.retries == 0


def test_pips_timeout_has_two_names() -> None:
    assert read({"PIP_DEFAULT_TIMEOUT": "180"}).index.read_timeout == 180.0
    assert read({"PIP_DEFAULT_TIMEOUT": "180", "PIP_TIMEOUT": "7"}).index.read_timeout == 7.0


def test_the_project_decides_what_is_its_own() -> None:
    settings = read(
        project={
            "allow-record-mismatch": ["Foo.Bar==1.0.0", "x == 2"],
            "code-archives": True,
            "find-links": ["wheels"],
            "extra-index-url": ["https://extra.example/"],
            "link-mode": "copy",
            "max-unpacked": "20 GiB",
            "platforms": ["linux-x86_64"],
            "python": "3.12",
            "strict": True,
        }
    )
    assert settings.allow_record_mismatch == {("foo-bar", "1.0.0"), ("x", "2")}
    assert settings.index.find_links == (os.path.normpath("/project/wheels"),)
    assert settings.index.extra_index_urls == ("https://extra.example/",)
    assert settings.code_archives is True
    assert settings.link_mode == "copy"
    assert settings.max_unpacked == 20 * 2**30
    assert settings.platforms == ("linux-x86_64",)
    assert settings.python == "3.12"
    assert settings.strict is True


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        read(project={"index_url": "https://x.example/"})
    assert (
        str(caught.value)
        == "`[tool.trail] index_url` in `/project/pyproject.toml` is not a setting"
    )
    ((label, known),) = caught.value.details
    assert label == "known"
    assert "index-url" in known.split(", ")
    assert "trusted-host" not in known.split(", ")


@pytest.mark.parametrize("key", ["trusted-host", "proxy", "cert", "keyring", "depot", "offline"])
def test_a_project_cannot_decide_about_the_machine(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(project={key: "x"})
    assert str(caught.value) == (
        f"`[tool.trail] {key}` in `/project/pyproject.toml` is not for a project to decide"
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("TRAIL_ENGINE", "rust", "`TRAIL_ENGINE` is `rust`, expected auto, native or python"),
        ("TRAIL_OFFLINE", "maybe", "`TRAIL_OFFLINE` is `maybe`, expected true or false"),
        ("TRAIL_THREADS", "0", "`TRAIL_THREADS` is `0`, expected a whole number from 1 up"),
        ("TRAIL_RETRIES", "-1", "`TRAIL_RETRIES` is `-1`, expected a whole number from 0 up"),
        (
            "TRAIL_MAX_UNPACKED",
            "16 apples",
            (
                "`TRAIL_MAX_UNPACKED` is `16 apples`, expected a number of bytes, such as 500 MiB"
                " or 16 GiB"
            ),
        ),
        ("PIP_TIMEOUT", "0", "`PIP_TIMEOUT` is `0`, expected a number of seconds above 0"),
        ("PIP_TIMEOUT", "nan", "`PIP_TIMEOUT` is `nan`, expected a number of seconds above 0"),
        (
            "PIP_INDEX_URL",
            "ftp://user:secret@mirror.example/",
            (
                "`PIP_INDEX_URL` is `ftp://***@mirror.example/`, expected an address with http,"
                " https or file"
            ),
        ),
        (
            "TRAIL_INDEX_URL",
            "https://mirror.example:port/",
            (
                "`TRAIL_INDEX_URL` is `https://mirror.example:port/`, expected an address with"
                " http, https or file"
            ),
        ),
    ],
)
def test_a_bad_value_names_its_variable(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read({name: value})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("link-mode", "symlink", "is `symlink`, expected auto, hardlink or copy"),
        ("strict", 1, "is `1`, expected true or false"),
        ("platforms", [1], "is `[1]`, expected a list of texts"),
        ("max-unpacked", True, "is `True`, expected a number of bytes, such as 500 MiB or 16 GiB"),
        ("allow-record-mismatch", ["a>=1"], "is `['a>=1']`, expected a list of `name==version`"),
        ("python", "", "is ``, expected a text"),
    ],
)
def test_a_bad_value_names_its_file_and_key(key: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(project={key: value})
    assert str(caught.value) == f"`[tool.trail] {key}` in `/project/pyproject.toml` {message}"


def test_a_bad_value_in_pips_file_names_file_section_and_key(tmp_path: Path) -> None:
    pip = write(tmp_path / "pip.conf", "[install]\nretries = often\n")
    with pytest.raises(SettingsError) as caught:
        read(pip=pip)
    assert str(caught.value) == (
        f"`[install] retries` in `{pip}` is `often`, expected a whole number from 0 up"
    )


def test_an_unreadable_pip_file_is_named(tmp_path: Path) -> None:
    pip = write(tmp_path / "pip.conf", "index-url = x\n")
    with pytest.raises(SettingsError) as caught:
        read(pip=pip)
    assert str(caught.value) == f"pip's configuration file `{pip}` cannot be read"
    assert caught.value.details == (("reason", "File contains no section headers."),)


def test_pips_sections_and_files_in_its_order(tmp_path: Path) -> None:
    system = write(
        tmp_path / "system.conf",
        "[global]\nindex_url = https://a.example/\nretries = 1\n"
        "[install]\ncert = /system.pem\n[freeze]\nproxy = x\n",
    )
    user = write(
        tmp_path / "user.conf",
        "[global]\nindex-url = https://b.example/\ncert = /user.pem\nretries =\n",
    )
    found = read_pip({"PIP_PROXY": "p"}, (system, tmp_path / "missing.conf", user))
    assert {option: value for option, (value, _) in found.items()} == {
        "index-url": "https://b.example/",
        "cert": "/system.pem",  # [install] goes before [global], whichever file
        "proxy": "p",
    }
    assert found["cert"][1] == f"`[install] cert` in `{system}`"


def test_pips_files_on_linux(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": f"/x/one{os.pathsep}/x/two"}
    assert config_files(environ, platform="linux", prefix="/python") == (
        Path("/x/one/pip/pip.conf"),
        Path("/x/two/pip/pip.conf"),
        Path("/etc/pip.conf"),
        tmp_path / ".pip" / "pip.conf",
        tmp_path / ".config" / "pip" / "pip.conf",
        Path("/python/pip.conf"),
    )


def test_pips_files_on_macos(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    assert config_files(environ, platform="darwin", prefix="/python") == (
        Path("/Library/Application Support/pip/pip.conf"),
        tmp_path / ".pip" / "pip.conf",
        tmp_path / ".config" / "pip" / "pip.conf",
        Path("/python/pip.conf"),
    )
    native = tmp_path / "Library" / "Application Support" / "pip"
    native.mkdir(parents=True)
    assert native / "pip.conf" in config_files(environ, platform="darwin", prefix="/python")


def test_pips_files_on_windows(tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "USERPROFILE": str(tmp_path),
        "APPDATA": "/roaming",
        "PROGRAMDATA": "/programs",
    }
    assert config_files(environ, platform="win32", prefix="/python") == (
        Path("/programs/pip/pip.ini"),
        tmp_path / "pip" / "pip.ini",
        Path("/roaming/pip/pip.ini"),
        Path("/python/pip.ini"),
    )


def test_pip_config_file_takes_the_place_of_the_users(tmp_path: Path) -> None:
    named = write(tmp_path / "named.conf", "[global]\n")
    files = config_files({"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(named)})
    assert files[-1] == named
    assert tmp_path / ".pip" / "pip.conf" not in files
    assert config_files({"PIP_CONFIG_FILE": os.devnull}) == ()


def test_certificates_of_the_system_can_be_named(tmp_path: Path) -> None:
    bundle = write(tmp_path / "ca.pem", "")
    assert read({"SSL_CERT_FILE": str(bundle)}).index.cert == bundle
    assert read({"SSL_CERT_FILE": str(tmp_path / "missing")}).index.cert is None
    assert read({"SSL_CERT_DIR": str(tmp_path)}).index.cert == tmp_path
    assert read({"SSL_CERT_FILE": str(bundle), "PIP_CERT": "/c"}).index.cert == Path("/c")


def test_netrc_is_in_the_home_folder_or_named(tmp_path: Path) -> None:
    name = "_netrc" if os.name == "nt" else ".netrc"
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    assert read(home).index.netrc is None
    write(tmp_path / name, "")
    assert read(home).index.netrc == tmp_path / name
    assert read({**home, "NETRC": "/other"}).index.netrc == Path("/other")


def test_the_repr_holds_no_credentials() -> None:
    environ = {
        "PIP_INDEX_URL": "https://u:secret@a.example/",
        "PIP_EXTRA_INDEX_URL": "https://u:secret@b.example/",
        "PIP_FIND_LINKS": "https://u:secret@c.example/",
        "PIP_PROXY": "http://u:secret@d.example/",
    }
    assert "secret" not in repr(read(environ))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://host.example/a?b", "https://host.example/a?***"),
        ("https://u:p@host.example/a#c", "https://***@host.example/a#c"),
        ("https://u:p@ss@host.example/", "https://***@host.example/"),
        ("https://host.example/pkg@1.0/", "https://host.example/pkg@1.0/"),
        ("/a/path", "/a/path"),
    ],
)
def test_redacted_addresses(address: str, shown: str) -> None:
    assert redact(address) == shown


# --- indexes that a project describes, and settings of uv's projects


def index(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "url": f"https://{name}.example/simple", **more}


def test_described_indexes_are_asked_but_explicit_ones() -> None:
    tables = [index("one"), index("two", explicit=True), index("three", default=True)]
    for settings in (read(project={"index": tables}), read(uv={"index": tables})):
        assert settings.index.indexes() == (
            "https://one.example/simple",
            "https://three.example/simple",
        )
        assert [(one.name, one.explicit) for one in settings.index.named] == [
            ("one", False),
            ("two", True),
            ("three", False),
        ]


def test_other_places_and_described_indexes(tmp_path: Path) -> None:
    pip = write(tmp_path / "pip.conf", "[global]\nindex-url = https://pip.example/simple\n")
    default = {"index": [index("one", default=True)]}
    assert read(pip=pip, project=default).index.indexes() == ("https://one.example/simple",)
    assert read(pip=pip, project={"index": [index("one")]}).index.indexes() == (
        "https://one.example/simple",
        "https://pip.example/simple",
    )
    said = read(project=default, index_url="https://said.example/simple")
    assert said.index.indexes() == ("https://said.example/simple",)
    both = read(
        project={"index": [index("one")]}, uv={"index": [index("one", default=True), index("two")]}
    )
    assert [(one.name, one.default) for one in both.index.named] == [("one", False), ("two", False)]


def test_described_pages_of_links_and_paths() -> None:
    tables = [
        {"name": "here", "url": "wheels", "format": "flat"},
        {"name": "mirror", "url": "./mirror"},
    ]
    settings = read(project={"index": tables}).index
    assert settings.find_links == (Path("/project/wheels").absolute().as_uri(),)
    assert settings.extra_index_urls == (Path("/project/mirror").absolute().as_uri(),)
    assert "secret" not in repr(read(project={"index": [{"url": "https://me:secret@x.example/"}]}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", "a list of tables with name and url"),
        ([{"name": "a"}], "tables with url and name, both texts"),
        ([{"url": "ftp://x.example"}], "an address with http, https or file"),
        (
            [{"url": "https://x.example", "explicit": True}],
            "a name for each index that is explicit",
        ),
        ([index("a"), index("a")], "a list of tables with different names"),
        ([index("a", default="yes")], "tables with explicit, default and last, all true or false"),
    ],
)
def test_wrong_descriptions_of_indexes(value: Any, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(project={"index": value})
    assert caught.value.message.endswith(f"expected {expected}")
    assert caught.value.message.startswith("`[tool.trail] index` in `/project/pyproject.toml` is")


def test_settings_of_uvs_projects() -> None:
    settings = read(
        uv={
            "constraint-dependencies": ["a<2"],
            "override-dependencies": ["b==1; python_version < '3.13'"],
            "exclude-dependencies": ["C_d"],
            "environments": ["sys_platform == 'linux'"],
            "resolution": "lowest",
            "prerelease": "if-necessary-or-explicit",
            "exclude-newer": "7 days",
            "exclude-newer-package": {"Q_r": False, "s": "2026-01-31"},
            "no-build-package": ["e"],
            "extra-build-dependencies": {"f": ["g", {"requirement": "h", "match-runtime": True}]},
            "cache-keys": [{"file": "x"}],
            "python-preference": "system",
        }
    )
    assert settings.constraints == ("a<2",)
    assert settings.overrides == ('b==1; python_version < "3.13"',)
    assert settings.exclusions == {"c-d"}
    assert settings.environments == ("sys_platform == 'linux'",)
    assert (settings.resolution, settings.prerelease) == ("lowest", "if-necessary")
    assert settings.exclude_newer == "7d"
    assert settings.exclude_newer_package == {"q-r": "", "s": "2026-01-31T00:00:00+00:00"}
    assert "e" in settings.wheels_only
    assert settings.extra_build_dependencies == {"f": ("g", "h")}
    assert settings.default_groups == ("dev",)
    own = read(project={"resolution": "highest", "default-groups": []}, uv={"resolution": "lowest"})
    assert (own.resolution, own.default_groups) == ("highest", ())
    assert read(uv={"default-groups": "all"}).default_groups == (EVERY_GROUP,)
    assert read().default_groups is None
    assert read(project={"resolution": "lowest"}, resolution="highest").resolution == "highest"
    with pytest.raises(SettingsError) as caught:
        read(uv={"environments": 3})
    assert caught.value.message.startswith("`[tool.uv] environments` in `/project/pyproject.toml`")


def test_cutoffs_of_packages_are_dates_ages_or_false() -> None:
    wrongs: tuple[object, ...] = (True, "soon", 3, {})
    for wrong in wrongs:
        with pytest.raises(SettingsError) as caught:
            read(project={"exclude-newer-package": {"a": wrong}})
        expected = "expected a date, an age or false for each package"
        assert caught.value.message.endswith(expected)


def test_keys_that_other_parts_read_are_known() -> None:
    read(project={"workspace": {}, "sources": {}, "package": {"a": "src"}})
