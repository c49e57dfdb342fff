# One image for every part of Hive; the command says which part it is: web, worker ROLE, beat, host, flower …
# It needs no BuildKit. Where pip or apt need another address or a certificate: --build-arg, or the base image's own
# environment. Nothing secret may be passed: build arguments stay in the image's history.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS installer
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
COPY requirements/build.txt /tmp/build.txt
RUN python3 -m venv /opt/build \
 && /opt/build/bin/pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes -r /tmp/build.txt

# A layer that changes only with the pinned requirements. UV_NATIVE_TLS: the image's own certificates count, as for pip.
FROM installer AS parts
ARG UV_DEFAULT_INDEX
ENV UV_NATIVE_TLS=1 UV_NO_CACHE=1 UV_LINK_MODE=copy
COPY requirements/hive.txt /tmp/hive.txt
RUN python3 -m venv /opt/venv \
 && /opt/build/bin/uv pip install --quiet --python /opt/venv/bin/python --require-hashes -r /tmp/hive.txt \
 && /opt/venv/bin/python -m compileall -q -j 0 /opt/venv/lib \
 && /opt/build/bin/uv pip check --quiet --python /opt/venv/bin/python

FROM ${PYTHON_IMAGE}
# git keeps projects, bubblewrap isolates jobs, tini reaps what jobs leave behind.
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends git bubblewrap tini >/dev/null \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin hive \
 && install -d -o hive -g hive -m 0711 /var/lib/hive \
 && install -d -o hive -g hive -m 0755 /secrets /secrets/valkey /secrets/store \
 && install -d -o hive -g hive -m 0700 /secrets/hive /secrets/postgres /secrets/flower
COPY --from=parts /opt/venv /opt/venv
COPY . /opt/hive
# Byte code is made now: nothing can be written later.
RUN /opt/venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-cache-dir -e /opt/hive \
 && /opt/venv/bin/python -m compileall -q /opt/hive/hive /opt/hive/apps /opt/hive/workers

ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Hive" \
      org.opencontainers.image.description="From a spec to a built, tested, deployed and watched application" \
      org.opencontainers.image.version="${VERSION}"
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HIVE_HOME=/var/lib/hive HIVE_BIND=0.0.0.0 HIVE_ALIVE_FILE=/tmp/hive.alive
WORKDIR /var/lib/hive
USER hive
EXPOSE 8000
# Each part is looked at as what it is: docker-compose.yml names the part.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python", "-P", "-m", "hive.cli.health", "web"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "hive"]
CMD ["web"]
