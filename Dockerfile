FROM python:3.11-slim AS build
WORKDIR /app
COPY .ci/environment .ci/environment
COPY requirements.lock requirements-dev.lock ./
# The dev lock lends uv alone; it leaves again, with pip, once the product is installed.
RUN UV_COMPILE_BYTECODE=1 .ci/environment python3 requirements.lock \
    && .venv/bin/python -m pip uninstall --quiet --yes uv pip

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /app gatehouse \
    && install -d -o gatehouse -g gatehouse -m 0700 /var/lib/gatehouse /var/lib/gatehouse/journal
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY . .
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GATEHOUSE_VAR=/var/lib/gatehouse \
    JOURNAL_DIR=/var/lib/gatehouse/journal \
    PROMETHEUS_MULTIPROC_DIR=/tmp/metrics \
    STATIC_ROOT=/app/static-built
# The secrets of this one step are thrown away with its folder: an image holds none.
RUN GATEHOUSE_VAR=/tmp/build PROMETHEUS_MULTIPROC_DIR=/tmp/build/metrics JOURNAL_DIR=/tmp/build/journal \
    python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build \
    && python -m compileall -q analytics config conversations llm prompts webhooks

USER gatehouse
VOLUME /var/lib/gatehouse/journal
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]
