"""Files that came with results: passed on as downloads, never as pages, and from where nobody sees."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from channels.db import database_sync_to_async
from django.http import HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from sessions_app.agent_api.files import FileBody, FileRefused, Source, open_file
from sessions_app.http import OperatorRequest, find_file, render_page
from sessions_app.models import ResultFile
from sessions_app.views.downloads import as_download


@require_GET
async def result_file(request: OperatorRequest, pk: str) -> HttpResponseBase:
    file = await database_sync_to_async(find_file)(request, pk)
    async with AsyncExitStack() as stack:
        try:
            body = await stack.enter_async_context(open_file(file.address, _source(file)))
        except FileRefused as refusal:
            refused: HttpResponseBase = await database_sync_to_async(_refusal)(request, file, str(refusal))
            return refused
        # What was opened for the file now ends with the response.
        response = StreamingHttpResponse(_chunks(body, stack.pop_all()), content_type="application/octet-stream")
    if body.length is not None:
        response.headers["Content-Length"] = str(body.length)
    return as_download(response, file.name)


async def _chunks(body: FileBody, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    """A file that breaks off must not look whole: the error ends the connection, not the file."""
    async with stack:
        async for chunk in body.chunks():
            yield chunk


def _source(file: ResultFile) -> Source:
    connection = file.session.connection
    return Source(connection.base_url, connection.verify, connection.api_key)


def _refusal(request: OperatorRequest, file: ResultFile, words: str) -> HttpResponseBase:
    return render_page(request, "sessions/file_refused.html", {"file": file, "words": words}, status=502)
