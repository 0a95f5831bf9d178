# The server as an image: docker build -t promptroom . ; docker run -p 8000:8000 -v data:/var/lib/promptroom promptroom
# With PostgreSQL, Redis, a proxy and alarms around it: docker-compose.yml.

FROM python:3.11.13-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/
# Wheels only: nothing is compiled, so there is no compiler to leave behind.
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary=:all: \
        -r /tmp/requirements.lock \
    && /opt/venv/bin/pip uninstall --yes pip setuptools

FROM python:3.11.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin promptroom \
    && install --directory --owner promptroom --mode 0700 /var/lib/promptroom
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/promptroom
COPY app app
COPY static static
COPY templates templates
# Compiled here, as the root file system is to be read-only when it runs.
RUN python -m compileall -q app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PROMPTROOM_DATA_DIR=/var/lib/promptroom \
    PROMPTROOM_HOST=0.0.0.0 \
    PROMPTROOM_LOG_FORMAT=json
USER 10001:10001
VOLUME /var/lib/promptroom
EXPOSE 8000
# Alive, not ready: who restarts what is unhealthy would restart every server when the database is away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
