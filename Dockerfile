# The service, without the embedded engine's data: point it at Neo4j or Memgraph, or mount a volume at /data.
# It listens beyond loopback, and nobody is told apart: so it starts only with LOOPGRAPH_ALLOW_UNAUTHENTICATED=true, published on
# loopback, as in `docker run -p 127.0.0.1:8053:8053 -e LOOPGRAPH_ALLOW_UNAUTHENTICATED=true …`.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY app app
COPY cypher cypher
COPY graphql graphql
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --constraint constraints.txt ".[kafka,oidc]"

FROM python:3.12-slim
COPY --from=build /venv /venv
RUN useradd --system --uid 10001 --home-dir /data loopgraph && install -d -o loopgraph -m 0700 /data
USER loopgraph
VOLUME /data
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 LOOPGRAPH_HOST=0.0.0.0 LOOPGRAPH_PORT=8053 LOOPGRAPH_GRAPH_URL=embedded:/data/graph
EXPOSE 8053
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8053/readyz', timeout=4)"]
CMD ["loopgraph", "serve"]
