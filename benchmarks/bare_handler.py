"""The lower bound for a fetch: a Litestar handler that answers as many bytes from memory.

`python -m benchmarks.bare_handler PORT`: one uvicorn process with the product's HTTP protocol, and
nothing that looks at who asks.
"""

from __future__ import annotations

import sys

import uvicorn
from litestar import Litestar, Response, get
from litestar.params import FromPath

BODY = b'{"text":"' + b"x" * 1000 + b'"}'


@get("/api/v1/fetch/{name:path}")
async def fetch(name: FromPath[str]) -> Response[bytes]:
    return Response(BODY, media_type="application/json")


def main() -> None:
    app = Litestar([fetch], openapi_config=None, logging_config=None)
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
