"""Choose the real wheels that both engines are held against, and write them into wheels.toml.

    python tests/parity/pin_wheels.py FOLDER

pip downloads the newest versions into FOLDER (what is there is not fetched again).
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from packaging.utils import parse_wheel_filename

TABLE = Path(__file__).with_name("wheels.toml")

# A wheel is here because many use it, or because it is built in an odd way: other schemes,
# namespaces, native libraries, a RECORD that is wrong, odd names, other build backends.
WANTED = """
    aiohttp aiosignal alembic annotated-types anyio apache-airflow-providers-common-sql
    argcomplete==2.0.0 argon2-cffi-bindings arrow asgiref asttokens attrs azure-core
    azure-identity babel backports.tarfile bcrypt beautifulsoup4 black bleach boto3 botocore
    cachetools certifi cffi charset-normalizer click cloudpickle contourpy coverage cryptography
    cycler cython debugpy decorator defusedxml dill distlib django dnspython docutils editables
    fastapi filelock flask flit-core fonttools frozenlist fsspec google-api-core google-auth
    google-cloud-bigquery google-cloud-core google-cloud-pubsub google-cloud-storage
    google-crc32c googleapis-common-protos greenlet grpcio h5py hatchling httpcore httptools
    httpx idna importlib-metadata ipykernel ipython isodate itsdangerous jaraco.classes
    jaraco.functools jedi jinja2 jmespath joblib jsonpointer jsonschema jupyter-client
    jupyter-core jupyter-lsp jupyter-server jupyterlab jupyterlab-pygments jupyterlab-widgets
    keyring kiwisolver lxml mako markdown markupsafe matplotlib maturin mpmath msgpack multidict
    mypy mypy-extensions nbconvert networkx notebook-shim numpy nvidia-cuda-nvrtc-cu12==12.1.105
    nvidia-nvtx-cu12 openpyxl opentelemetry-api opentelemetry-sdk orjson packaging pandas
    pathspec pbr pillow pip platformdirs plotly pluggy poetry-core protobuf psutil
    psycopg2-binary pyasn1 pycparser pydantic pydantic-core pygments pyproj PyQt5 PyQt5-sip
    pytest python-dateutil pytz pywavelets pyyaml pyzmq regex requests rich rpds-py ruamel.yaml
    ruamel.yaml.clib ruff s3transfer scikit-learn scipy sentry-cli==3.8.0 setuptools shapely
    shiboken6 six sphinx sphinxcontrib-jsmath sqlalchemy sympy tbb tcmlib tomlkit tornado tqdm
    traitlets typing-extensions tzdata urllib3 uvloop virtualenv watchfiles wcwidth websockets
    wheel widgetsnbextension wrapt yarl zipp zope.event zope.interface zope.proxy zope.security
    zstandard
"""

PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (34, 31, 28, 27, 26, 24, 17, 12, 5)]
PLATFORMS += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]


def pip_download(folder: Path, *arguments: str) -> None:
    """Let pip download wheels for CPython 3.11 on Linux, without what they depend on."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(folder)]
    command += ["--python-version=3.11", "--implementation=cp"]
    command += [f"--abi={abi}" for abi in ("cp311", "abi3", "none")]
    command += [f"--platform={platform}" for platform in PLATFORMS]
    subprocess.run([*command, *arguments], check=True)  # our own arguments


def main() -> None:
    """Write the table anew."""
    folder = Path(sys.argv[1])
    pip_download(folder, *WANTED.split())
    lines = []
    for wheel in sorted(folder.glob("*.whl")):
        name, version, *_ = parse_wheel_filename(wheel.name)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines += [f'\n[[wheel]]\nname = "{name}"\nversion = "{version}"']
        lines += [f'filename = "{wheel.name}"\nsha256 = "{digest}"']
    TABLE.write_text("# Written by pin_wheels.py.\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
