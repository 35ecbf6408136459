"""The picture: its exchange goes through here, so that no address of the service reaches a browser."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

from channels.db import database_sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions_app.agent_api.web_view import OutsideWebView, Part, open_part, part_address
from sessions_app.agent_api.whep import NoPicture, PictureRefused, end_viewing, exchange_offer, find_web_view
from sessions_app.domain.blanking import hiding, keys_of, names_of
from sessions_app.domain.viewings import close_viewing, find_open_web_view, open_viewing
from sessions_app.http import OperatorRequest, find_session
from sessions_app.models import AgentSession, Viewing
from sessions_app.queries import why_no_picture

_LONGEST_OFFER = 64 * 1024
#: Seconds after which a picture that goes on and on is asked again whether it may.
_RECHECK = 5.0
_SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


@require_POST
def whep_offer(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk)
    if request.content_type != "application/sdp" or len(request.body) > _LONGEST_OFFER:
        return _refusal(f"The offer must be application/sdp of at most {_LONGEST_OFFER} bytes.", status=415)
    if why := why_no_picture(session, way="webrtc"):
        return _no_picture(session, why)
    verify = session.connection.verify
    try:
        offer = request.body.decode(errors="replace")
        answer = exchange_offer(session.webrtc_url, offer, verify=verify, layer=_layer(request))
    except NoPicture as error:
        return _not_given(session, error, way="webrtc")
    viewing = open_viewing(session, Viewing.Way.WEBRTC, by=request.user, location=answer.location or "")
    return HttpResponse(
        # The addresses in it are where the picture comes from: without them there is none.
        hiding(keys_of(session))(answer.sdp),
        status=201,
        content_type="application/sdp",
        headers={"Location": reverse("whep-viewing", args=(viewing.pk,)), "Cache-Control": "no-store"},
    )


@require_http_methods(["DELETE"])
def whep_viewing(request: OperatorRequest, pk: str) -> HttpResponse:
    """End a viewing; only its own viewer can, and a second time does no harm."""
    viewings = Viewing.objects.filter(actor=request.user).select_related("session__connection")
    viewing = get_object_or_404(viewings, pk=pk)
    if close_viewing(viewing) and _is_to_be_ended_upstream(viewing):
        end_viewing(viewing.upstream_location, verify=viewing.session.connection.verify)
    return HttpResponse(status=204)


@require_http_methods(["GET", "POST"])
def web_view(request: OperatorRequest, pk: str) -> HttpResponse:
    """Open the service's own page for the picture: for a script (POST) its address, else the page itself."""
    session = find_session(request, pk)
    if why := why_no_picture(session, way="web-view"):
        return _no_picture(session, why)
    try:
        page = find_web_view(session.web_view_url, verify=session.connection.verify)
    except NoPicture as error:
        return _not_given(session, error, way="web-view")
    viewing = open_viewing(session, Viewing.Way.WEB_VIEW, by=request.user, location=page)
    address = reverse("web-view-part", args=(viewing.pk,))
    if request.method == "GET":
        return redirect(address)
    headers = {"Location": reverse("whep-viewing", args=(viewing.pk,))}
    return JsonResponse({"page": address}, status=201, headers=headers)


@login_not_required  # a sandboxed frame sends no cookies: the viewing's unguessable id authorises
@require_safe
async def web_view_part(request: HttpRequest, pk: str, path: str = "") -> HttpResponseBase:
    viewing = await database_sync_to_async(find_open_web_view)(pk)
    if viewing is None:
        raise Http404("This look at the picture has ended.")
    try:
        url = part_address(viewing.upstream_location, path, request.META.get("QUERY_STRING", ""))
    except OutsideWebView as error:
        raise Http404("That is no part of the web view.") from error
    try:
        async with AsyncExitStack() as stack:
            part = await stack.enter_async_context(open_part(url, verify=viewing.session.connection.verify))
            response = await _pass_on(part, viewing, stack)
    except NoPicture as error:
        response = HttpResponse(str(error), status=502, content_type="text/plain; charset=utf-8")
    response.headers["Content-Security-Policy"] = _SANDBOX
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Cache-Control"] = "no-store"
    return response


async def _pass_on(part: Part, viewing: Viewing, stack: AsyncExitStack) -> HttpResponseBase:
    if part.is_text:
        text = hiding(names_of(viewing.session))(await part.read_text())
        return HttpResponse(text.encode(), content_type=f"{part.content_type.partition(';')[0]}; charset=utf-8")
    # What was opened for the part now ends with the response.
    return StreamingHttpResponse(_chunks(part, viewing.pk, stack.pop_all()), content_type=part.content_type)


async def _chunks(part: Part, viewing_id: str, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    """A picture may go on for as long as the session: it ends when its viewer goes, or may no longer see it."""
    with suppress(NoPicture):  # broken off upstream: so it is here
        async with stack:
            checked = time.monotonic()
            async for chunk in part.chunks():
                if time.monotonic() - checked > _RECHECK:
                    checked = time.monotonic()
                    if await database_sync_to_async(find_open_web_view)(viewing_id) is None:
                        return
                yield chunk


def _layer(request: HttpRequest) -> str | None:
    """The layer that a small picture is content with; each one above it doubles the pictures a second."""
    return layer if (layer := request.GET.get("layer")) in {"0", "1"} else None


def _is_to_be_ended_upstream(viewing: Viewing) -> bool:
    return viewing.way == Viewing.Way.WEBRTC and viewing.session.is_live and bool(viewing.upstream_location)


def _not_given(session: AgentSession, error: NoPicture, *, way: str) -> JsonResponse:
    """The service's no; an end of the session meanwhile is why, though it may not be known here yet."""
    session.refresh_from_db(fields=("state", "end_reason"))
    why = why_no_picture(session, way=way)
    if why or (isinstance(error, PictureRefused) and error.is_unknown):
        return _no_picture(session, why or str(error))
    return _refusal(str(error), status=502)


def _no_picture(session: AgentSession, why: str) -> JsonResponse:
    """An answer, not a fault: sessions end while their pictures are asked for, and browsers complain of every fault."""
    return JsonResponse({"message": why, "is_final": not session.is_live})


def _refusal(message: str, *, status: int) -> JsonResponse:
    return JsonResponse({"message": message, "is_final": False}, status=status)
