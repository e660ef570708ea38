# BASE needs Python 3.11 with venv and pip, and a C library that the pinned wheels were made for.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/operator \
 && /opt/operator/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.txt
# The build backend stays in this stage, in an environment of its own; pip is not needed at run time either.
COPY requirements/build.txt requirements/build.txt
RUN python -m venv /opt/build \
 && /opt/build/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN /opt/build/bin/python -m pip wheel --no-cache-dir --disable-pip-version-check --no-build-isolation --no-deps -w /tmp/wheel . \
 && /opt/operator/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps /tmp/wheel/*.whl \
 && /opt/operator/bin/python -m pip uninstall --yes --quiet pip setuptools

FROM ${BASE}
COPY --from=build /opt/operator /opt/operator
ENV PATH=/opt/operator/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["python", "-m", "recording_storage_operator"]
CMD ["run"]
