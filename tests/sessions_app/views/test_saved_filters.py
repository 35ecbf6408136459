"""What the desk is narrowed to is kept under a name, opened in one press, and deleted."""

import threading
from uuid import uuid4

import pytest
from django.db import connection

from sessions_app.domain.saved_filters import MOST_FILTERS, save_filter
from sessions_app.models import SavedFilter

QUERY = "q=parcel&state=needs&owner=me"
LINKS = "ul[@aria-label='Saved filters']/li/a"


def save(client, name, query=QUERY, htmx=False, **fields):
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(f"/filters/?{query}", {"name": name, "key": uuid4(), **fields}, headers=headers)


def links(client, read, query=""):
    return {link.text_content().strip(): link.get("href") for link in read(client.get(f"/{query}")).all(LINKS)}


@pytest.mark.parametrize("htmx", [True, False])
def test_a_filter_is_saved_opened_and_deleted(htmx, client_for, operator, read):
    client = client_for(operator)
    answer = save(client, "My parcels", "state=needs&owner=me&q=+parcel&other=1", htmx)
    page = read(client.get(answer.headers["Location"]) if not htmx else answer)
    assert page.one(LINKS).get("href") == f"/?{QUERY}"
    page = read(client.get(f"/?{QUERY}"))
    assert (page.says(LINKS), page.one(LINKS).get("aria-current")) == ("My parcels", "page")
    assert "Save this filter" not in page.each("summary")
    delete = page.one("form[.//button[@aria-label='Delete the filter My parcels']]").get("action")
    answer = client.post(delete, headers={"HX-Request": "true"} if htmx else {})
    assert answer.headers.get("Location") == (None if htmx else f"/?{QUERY}")
    assert links(client, read) == {}
    assert not SavedFilter.objects.exists()


def test_what_is_not_narrowed_offers_nothing_to_save(client_for, operator, read):
    client = client_for(operator)
    assert read(client.get("/")).all("summary[.='Save this filter']") == []
    assert "Save this filter" in read(client.get(f"/?{QUERY}")).each("summary")
    page = read(save(client, "Everything", "q=&state=nonsense", htmx=True))
    assert (page.status, page.error_at("name")) == (422, ["Nothing is narrowed: filter first, then save it."])


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("", 422, "Give it a name."),
        (" ", 422, "Give it a name."),
        ("x" * 61, 422, "Ensure this value has at most 60 characters (it has 61)."),
        (
            "mine",
            409,
            "You have a filter called “Mine”: choose another name, or delete that one first.",
        ),
    ],
)
def test_what_is_wrong_is_said_at_the_box_and_nothing_typed_is_lost(htmx, name, status, said, client_for, lead, read):
    client = client_for(lead)
    save(client, "Mine", "state=paused")
    page = read(save(client, name, htmx=htmx, shared="on"))
    assert (page.status, page.error_at("name")) == (status, [said])
    assert (page.box("name"), page.box("shared")) == (name.strip() or name, True)
    form = page.one("form[.//input[@name='name']]")
    assert (form.get("action"), form.getparent().get("open")) == (f"/filters/?{QUERY}", "")
    if not htmx:
        assert page.box("q") == "parcel"
        assert page.one("main").get("data-live-desk") == f"/ws/desk/?{QUERY}"
    assert SavedFilter.objects.count() == 1


def test_the_same_form_twice_saves_one(client_for, operator):
    for _ in range(2):
        assert save(client_for(operator), "Mine").status_code == 302
    assert SavedFilter.objects.count() == 1


def test_nobody_has_more_than_can_be_found_again(team, client_for, operator, read):
    for number in range(MOST_FILTERS):
        SavedFilter.objects.create(team=team, author=operator, name=f"Filter {number}", query="state=idle")
    page = read(save(client_for(operator), "One more", htmx=True))
    assert page.error_at("name") == ["You have 30 saved filters: delete one first."]


def test_a_filter_is_its_authors_unless_a_lead_shares_it(client_for, operator, lead, outsider, read):
    save(client_for(operator), "Mine", shared="on")  # who does not lead keeps it to themselves
    save(client_for(lead), "Paused", "state=paused", shared="on")
    save(client_for(lead), "Own", "state=idle")
    assert list(links(client_for(operator), read)) == ["Mine", "Paused by lead"]
    assert list(links(client_for(lead), read)) == ["Own", "Paused shared"]
    assert links(client_for(outsider), read) == {}
    shared, own, mine = (SavedFilter.objects.get(name=name) for name in ("Paused", "Own", "Mine"))
    for user, gone in ((operator, shared), (operator, own), (lead, mine), (outsider, shared)):
        assert client_for(user).post(f"/filters/{gone.pk}/remove/").status_code == 404
    assert client_for(lead).post(f"/filters/{shared.pk}/remove/").status_code == 302
    assert list(links(client_for(operator), read)) == ["Mine"]


def test_only_leads_are_offered_to_share(client_for, operator, lead, read):
    box = "input[@name='shared']"
    assert read(client_for(operator).get(f"/?{QUERY}")).all(box) == []
    assert len(read(client_for(lead).get(f"/?{QUERY}")).all(box)) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_saved(team, operator):
    def press():
        save_filter(team, "Mine", QUERY, by=operator)
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SavedFilter.objects.count() == 1
