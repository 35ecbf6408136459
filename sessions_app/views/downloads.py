from typing import TypeVar

from django.http import HttpResponseBase
from django.utils.http import content_disposition_header

ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)


def as_download(response: ResponseT, name: str) -> ResponseT:
    """Have it kept as a file: what agents and pages wrote is never a page of ours."""
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
