"""Signs visitors in and out. Any e-mail address will do; the password is printed on the page."""

import re
import secrets

from aiohttp import web

from agent_service.shop.rendering import SHOP, page, see_other
from agent_service.shop.views.forms import read_form

PASSWORD = "demo"  # noqa: S105  printed on the sign-in page: nothing here is worth protecting
AFTER_SIGN_IN = frozenset({"front", "checkout", "account", "cart"})
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


async def sign_in(request: web.Request) -> web.Response:
    return page(request, "sign_in.html", errors={}, email="", next=next_page(request.query.get("next")))


async def submit_sign_in(request: web.Request) -> web.Response:
    form = await read_form(request)
    email, destination = str(form.get("email", "")).strip(), next_page(form.get("next"))
    errors = sign_in_errors(email, str(form.get("password", "")))
    if errors:
        return page(request, "sign_in.html", status=422, errors=errors, email=email, next=destination)
    visitor = request.app[SHOP].visitors.find(request)
    visitor.email = email
    visitor.notice = f"Signed in as {email}"
    return see_other(request, visitor, destination)


async def sign_out(request: web.Request) -> web.Response:
    visitor = request.app[SHOP].visitors.find(request)
    visitor.email = ""
    visitor.notice = "You are signed out"
    return see_other(request, visitor, "front")


async def account(request: web.Request) -> web.Response:
    visitor = request.app[SHOP].visitors.find(request)
    if not visitor.email:
        return see_other(request, visitor, "signin", {"next": "account"})
    return page(request, "account.html", orders=visitor.orders)


def sign_in_errors(email: str, password: str) -> dict[str, str]:
    errors = {}
    if not EMAIL.fullmatch(email):
        errors["email"] = "Enter an e-mail address such as name@example.com."
    if not secrets.compare_digest(password.encode(), PASSWORD.encode()):
        errors["password"] = "That password is not right."  # noqa: S105
    return errors


def next_page(name: object) -> str:
    """Accept only our own pages, by name: a sign-in must not redirect people elsewhere."""
    return str(name) if name in AFTER_SIGN_IN else "front"
