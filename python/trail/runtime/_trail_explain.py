"""Say which distribution has a module that is missing, and how to get it.

Loaded when the error of a failed import is shown, and never before. What is said comes from
what is on this machine now: the lock of the project that the process runs for, and the facts
of the depot's entries. Nothing is guessed from a name alone: that of a package that somebody
mistyped may belong to an attacker.
"""

# Runs inside any program from Python 3.8 on; files are read as simply as possible.
# ruff: noqa: PTH100, PTH109, PTH112, PTH113, PTH118, PTH119, PTH120, PTH123, PTH208

import json
import os
import re
import sys

__all__ = ["KNOWN", "explain"]

KNOWN = {
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dns": "dnspython",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "gitpython",
    "github": "pygithub",
    "googleapiclient": "google-api-python-client",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "multipart": "python-multipart",
    "nacl": "pynacl",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "socks": "pysocks",
    "telegram": "python-telegram-bot",
    "umap": "umap-learn",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""Distributions whose modules have another name; a test compares this with their wheels."""

_SHOWN = 3  # distributions that have the same module
_CHOICE = re.compile(r"""["']([^"']+)["']\s+in\s+(extras|dependency_groups)""")
# How the lock of a workspace names the parts of its members.
_MEMBER = re.compile(r"member-(.+?)(?:-(extra|group)-(.+))?")
_TABLE = re.compile(r"\[.*\]\s*(?:#.*)?")
_TEXT = re.compile(r"""(name|marker)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(?:#.*)?""")


def explain(module: str, site: str) -> "str | None":
    """Make the note for a module that is missing in a prefix.

    Args:
        module: its name, with dots.
        site: the site-packages folder of the prefix.

    Returns:
        What is known and what helps, in a line each; None where nothing is known.

    Raises:
        Exception: of any kind, where files are not as trail writes them.
    """
    prefix = _prefix(site)
    with open(os.path.join(prefix, "trail.json"), encoding="utf-8") as file:
        content = json.load(file)
    depots = [os.path.normpath(os.path.join(prefix, depot)) for depot in content["depots"]]
    selected = {entry.partition("/")[0] for entry in content["entries"]}
    # A notebook, or whatever else called trail.activate().
    inside = os.path.realpath(sys.prefix) != prefix
    project, lock = _project(prefix, depots)
    locked = _read_lock(lock) if lock else {}
    left = sorted(locked.keys() - selected)
    names = [name for name in left if _has(depots, name, module)]
    names = names or [name for name in left if name in _likely(module)]
    if names:
        return _choose(module, names[0], locked[names[0]], inside)
    names = _likely(module)[:1] if _is_known(module) else []
    others = (name for name in _installed(depots) if name not in selected | set(names))
    names += [name for name in others if _has(depots, name, module)]
    return _add(module, names, project, inside) if names else None


def _prefix(site: str) -> str:
    folder = os.path.realpath(site)
    while not os.path.isfile(os.path.join(folder, "trail.json")):
        if folder == os.path.dirname(folder):
            raise LookupError(site)
        folder = os.path.dirname(folder)
    return folder


# The project


def _project(prefix: str, depots: "list[str]") -> "tuple[str, str]":
    """Find the project that this process runs for: its folder, and its pylock.toml or ''.

    Several projects may share a prefix. The one that is meant has the main program or the
    current folder in it; or it is the only one.
    """
    found = {}
    for depot in depots:
        folder = os.path.join(depot, "roots")
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            root = _read_root(os.path.join(folder, name))
            if os.path.basename(root.get("prefix", "")) == os.path.basename(prefix):
                found[os.path.normcase(root["project"])] = root["lock"]
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    places = [os.path.dirname(os.path.abspath(main))] if isinstance(main, str) else []
    places.append(os.getcwd())
    for place in places:
        folder = os.path.normcase(os.path.realpath(place))
        while folder not in found and folder != os.path.dirname(folder):
            folder = os.path.dirname(folder)
        if folder in found:
            return folder, found[folder]
    return next(iter(found.items())) if len(found) == 1 else ("", "")


def _read_root(path: str) -> "dict[str, str]":
    """Read what is needed of a root (docs/layout.md, section 9)."""
    root = {"lock": ""}
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            key, _, value = line.rstrip("\n").partition("\t")
            if key == "input" and os.path.basename(value) == "pylock.toml":
                size, _, _, place = value.split(" ", 3)
                root["lock"] = place if size != "-1" else root["lock"]
            root[key] = value
    return root


def _read_lock(path: str) -> "dict[str, list[str]]":
    """Read the markers of a pylock.toml's packages by name, '' where there is none.

    Not every Python has a TOML parser; what is needed stands on lines of its own.
    """
    found: dict[str, list[str]] = {}
    package: dict[str, str] = {}
    inside = False
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    for line in [*lines, "[end]"]:
        value = _TEXT.fullmatch(line) if inside else None
        if value is not None:
            text = value.group(2)
            plain = value.group(3) if text is None else re.sub(r"\\(.)", r"\1", text)
            package[value.group(1)] = plain
        elif _TABLE.fullmatch(line):
            if "name" in package:
                found.setdefault(package["name"], []).append(package.get("marker", ""))
            package = {}
            inside = line.startswith("[[packages]]")
    return found


# The depot


def _installed(depots: "list[str]") -> "list[str]":
    names: set[str] = set()
    for depot in depots:
        folder = os.path.join(depot, "installed")
        names.update(os.listdir(folder) if os.path.isdir(folder) else ())
    return sorted(names)


def _has(depots: "list[str]", name: str, module: str) -> bool:
    """Whether an entry of a distribution has a module."""
    return any(_entry_has(entry, module) for entry in _entries(depots, name))


def _entries(depots: "list[str]", name: str) -> "list[str]":
    found = [os.path.join(depot, "installed", name) for depot in depots]
    for _ in range(2):  # version, tags
        found = [
            os.path.join(folder, item)
            for folder in found
            if os.path.isdir(folder)
            for item in os.listdir(folder)
        ]
    return found


def _entry_has(entry: str, module: str) -> bool:
    top, *rest = module.split(".")
    try:
        with open(os.path.join(entry, "entry.json"), encoding="utf-8") as file:
            text = file.read()
        # Nearly all of them: they need not be parsed.
        if f'"{top}"' not in text:
            return False
        tops = json.loads(text)["facts"]["top_level"]
    except (OSError, ValueError, LookupError, TypeError):
        return False
    if not any(item["name"] == top and item["kind"] != "data" for item in tops):
        return False
    site = "Lib/site-packages" if os.name == "nt" else "lib/python/site-packages"
    path = os.path.join(entry, site, top, *rest)
    return not rest or os.path.isdir(path) or os.path.isfile(path + ".py")


# What is said


def _is_known(module: str) -> bool:
    return module.partition(".")[0] in KNOWN


def _likely(module: str) -> "list[str]":
    """The distributions that would have a module, by its name."""
    top = module.partition(".")[0]
    normalized = [re.sub(r"[-_.]+", "-", name).lower() for name in (module, top)]
    return [KNOWN[top], *normalized] if top in KNOWN else normalized


def _choose(module: str, name: str, markers: "list[str]", inside: bool) -> str:
    """Say why a locked distribution is not there."""
    locked = _part(module, [name]) + " locked"
    for marker in markers:
        choice = _CHOICE.search(marker)
        if choice is not None:
            wanted, kind = choice.groups()
            word, owner, package = "extra" if kind == "extras" else "group", "", ""
            member = _MEMBER.fullmatch(wanted) if word == "group" else None
            if member is not None:
                owner = f" of the member `{member.group(1)}`"
                package = f"--package {member.group(1)} "
                if not member.group(2):
                    # What one member requires another one does not have.
                    hint = f'trail.interactive("{name}")' if inside else f"trail add {name}"
                    return f"{locked} as a requirement{owner}\nhint: {hint}"
                word, wanted = member.group(2), member.group(3)
            hint = (
                f'trail.activate({word}s=["{wanted}"])'
                if inside
                else f"trail run {package}--{word} {wanted} COMMAND"
            )
            return f"{locked} for the {word} `{wanted}`{owner}\nhint: {hint}"
    if "" in markers:
        again = "trail.activate()" if inside else "trail run COMMAND"
        return f"{locked}, but not in the prefix that this process runs in\nhint: {again}"
    return f"{locked}, but not for this platform and Python: {' or '.join(markers)}"


def _add(module: str, names: "list[str]", project: str, inside: bool) -> str:
    """Say which distributions have a module, and how to get the first of them."""
    where = "in the lock" if project else "in the prefix that this process runs in"
    if inside:
        hint = f'trail.interactive("{names[0]}")'
    elif project and os.path.isfile(os.path.join(project, "pyproject.toml")):
        hint = f"trail add {names[0]}"
    else:
        hint = f"trail run --with {names[0]} COMMAND"
    return f"{_part(module, names)} not {where}\nhint: {hint}"


def _part(module: str, names: "list[str]") -> str:
    """Begin to say something of a module's distributions."""
    if names == [module]:
        return f"`{module}` is"
    shown = " or ".join(f"`{name}`" for name in names[:_SHOWN])
    return f"`{module}` is part of {shown}, which is"
