"""Names of projects that people misspell, for hints alone: nothing is chosen by this list."""

from __future__ import annotations

from trail.runtime._trail_explain import KNOWN

__all__ = ["IMPORTED_AS", "POPULAR"]

_POPULAR = """
    aiobotocore aiofiles aiohappyeyeballs aiohttp aiosignal alembic annotated-doc
    annotated-types ansible anthropic anyio asgiref asn1crypto asttokens async-timeout asyncpg
    attrs authlib awscli azure-core azure-identity azure-storage-blob babel backoff bcrypt
    beautifulsoup4 black blinker bokeh boto3 botocore build cachetools celery certifi cffi cfgv
    chardet charset-normalizer click cloudpickle colorama contourpy coverage cryptography
    cycler cython dash dask databricks-sdk databricks-sql-connector datasets dbt-core decorator
    defusedxml deprecated dill distlib distro django djangorestframework dnspython docker
    docstring-parser docutils duckdb durationpy editables email-validator et-xmlfile
    exceptiongroup execnet executing fabric fastapi fastjsonschema filelock flake8 flask
    flask-cors fonttools frozenlist fsspec gcsfs gitdb gitpython google-analytics-admin
    google-api-core google-api-python-client google-auth google-auth-httplib2
    google-auth-oauthlib google-cloud-aiplatform google-cloud-batch google-cloud-bigquery
    google-cloud-compute google-cloud-core google-cloud-kms google-cloud-secret-manager
    google-cloud-storage google-crc32c google-genai google-resumable-media
    googleapis-common-protos gradio greenlet grpc-google-iam-v1 grpcio grpcio-status
    grpcio-tools gunicorn h11 h2 hatchling hf-xet hpack html5lib httpcore httplib2 httptools
    httpx httpx-sse huggingface-hub hyperframe hypothesis identify idna importlib-metadata
    iniconfig ipykernel ipython isodate isort itsdangerous jaraco-classes jaraco-context
    jaraco-functools jedi jeepney jinja2 jiter jmespath joblib jsonpatch jsonpointer jsonschema
    jsonschema-specifications jupyter jupyterlab keras keyring kiwisolver kubernetes langchain
    langchain-core librt lightgbm litellm lxml mako markdown-it-py markupsafe marshmallow
    matplotlib matplotlib-inline mcp mdurl mkdocs more-itertools mpmath msal msal-extensions
    msgpack multidict multiprocess mypy mypy-extensions mysqlclient nest-asyncio networkx nltk
    nodeenv notebook nox numba numpy oauthlib openai opencv-python openpyxl opentelemetry-api
    opentelemetry-exporter-otlp opentelemetry-exporter-otlp-proto-common
    opentelemetry-exporter-otlp-proto-grpc opentelemetry-exporter-otlp-proto-http
    opentelemetry-instrumentation opentelemetry-instrumentation-requests opentelemetry-proto
    opentelemetry-sdk opentelemetry-semantic-conventions opentelemetry-util-http orjson
    packaging pandas pandas-stubs paramiko parso pathspec pexpect pillow pip pipenv
    platformdirs playwright plotly pluggy poetry poetry-core polars pre-commit
    prometheus-client prompt-toolkit propcache proto-plus protobuf psutil psycopg psycopg2
    psycopg2-binary ptyprocess pure-eval pyarrow pyasn1 pyasn1-modules pycparser pydantic
    pydantic-ai-slim pydantic-core pydantic-graph pydantic-settings pyee pygame pygments pyjwt
    pylint pymongo pynacl pyopenssl pyparsing pyproject-hooks pyright pyserial pytest
    pytest-asyncio pytest-cov pytest-json-ctrf pytest-xdist python-dateutil python-discovery
    python-dotenv python-json-logger python-multipart pytz pyyaml rapidfuzz redis referencing
    regex requests requests-oauthlib requests-toolbelt rich rpds-py rsa ruamel-yaml ruff s3fs
    s3transfer scikit-image scikit-learn scipy scrapy seaborn secretstorage selenium
    sentence-transformers sentry-sdk setuptools setuptools-scm sglang shellingham six smmap
    sniffio snowflake-connector-python sortedcontainers soupsieve spacy sphinx sqlalchemy
    sqlparse sse-starlette stack-data starlette statsmodels streamlit sympy tabulate tenacity
    tensorflow termcolor textual threadpoolctl tiktoken tokenizers toml tomli tomlkit torch
    torchvision tornado tox tqdm traitlets transformers trove-classifiers typer types-requests
    typing-extensions typing-inspection tzdata tzlocal uritemplate urllib3 uv uvicorn uvloop
    virtualenv watchfiles wcwidth weaviate-client webencodings websocket-client websockets
    werkzeug wheel wrapt xgboost xmltodict xxhash yarl ydb zipp zstandard
"""

POPULAR = tuple(_POPULAR.split())
"""Projects that many others require, and some that people install."""

IMPORTED_AS = {name.lower().replace("_", "-"): found for name, found in KNOWN.items()} | {
    "opencv": "opencv-python",
    "postgres": "psycopg",
    "wx": "wxpython",
}
"""What modules are called, normalised, where the distribution has another name."""
