"""The bytes of a model call: made here and nowhere else, so that what is made again later is the same.

What they say stands in `domain/request_body.py`.
"""

from dataclasses import replace

import orjson

from servers.chat.domain.model import ModelRequest
from servers.chat.domain.request_body import request_body


def body_of(request: ModelRequest) -> bytes:
    """The body as it is sent, or as it is handed to what translates it for its provider."""
    return request.body or orjson.dumps(request_body(request))


def sealed(request: ModelRequest) -> ModelRequest:
    """The call with its bytes: it is not changed any more."""
    return request if request.body else replace(request, body=body_of(request))
