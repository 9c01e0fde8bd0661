# docker build -t modelaudit .
# docker run --rm -v "$PWD":/data modelaudit scan /data/model.pkl
# Targets: base, full (with the extra `all`), tensorflow (base reads TensorFlow's files already).
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS wheels
WORKDIR /src
COPY . .
RUN python -m pip wheel --quiet --no-cache-dir --wheel-dir /wheels '.[all]'

FROM python:${PYTHON}-slim AS runtime
# Any user may be chosen with --user, so the cache stands where everybody can write.
ENV MODELAUDIT_CACHE_DIR=/tmp/modelaudit \
    PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --user-group --create-home modelaudit
WORKDIR /data
ENTRYPOINT ["modelaudit"]
CMD ["--help"]

FROM runtime AS base
# The wheels above are the only ones to choose from.
# hadolint ignore=DL3013
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    python -m pip install --quiet --no-cache-dir --no-index --find-links /wheels modelaudit
USER 10001

FROM runtime AS full
# The wheels above are the only ones to choose from.
# hadolint ignore=DL3013
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    python -m pip install --quiet --no-cache-dir --no-index --find-links /wheels 'modelaudit[all]'
USER 10001

FROM runtime AS tensorflow
# The wheels above are the only ones to choose from.
# hadolint ignore=DL3013
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    python -m pip install --quiet --no-cache-dir --no-index --find-links /wheels 'modelaudit[tensorflow]'
USER 10001

FROM base
