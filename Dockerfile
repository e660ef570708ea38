# BASE needs Python 3.11 with venv and pip, and a C library that the pinned wheels were made for.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/operator \
 && /opt/operator/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
# The build backend lives in pip's own temporary environment and stays in this stage; pip itself is not needed at run time.
RUN /opt/operator/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps . \
 && /opt/operator/bin/python -m pip uninstall --yes --quiet pip setuptools

FROM ${BASE}
COPY --from=build /opt/operator /opt/operator
ENV PATH=/opt/operator/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["python", "-m", "recording_storage_operator"]
CMD ["run"]
