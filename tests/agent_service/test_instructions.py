"""Plain English to steps: the sentences of the guides and of people, and what no text may break."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_service.agent import steps as s
from agent_service.agent.consent import Answer, read_answer
from agent_service.agent.credentials import parse_credentials, redact
from agent_service.agent.instructions import parse

PRICE, TITLE, RATING = (s.Question(subject) for subject in (s.Subject.PRICE, s.Subject.TITLE, s.Subject.RATING))

SENTENCES = {
    # The guides'
    "Go to amazon.com": [s.GoTo("amazon.com")],
    "Search for 'wireless keyboard'": [s.Search("wireless keyboard")],
    "Search for wireless keyboards": [s.Search("wireless keyboards")],
    "Add the first result to cart": [s.AddToCart(1)],
    "Now add the first item to cart": [s.AddToCart(1)],
    "Navigate to homepage instead": [s.GoHome()],
    "Search Google for Anthropic and return the first result": [
        s.Search("Anthropic", "google"),
        s.Return((s.Question(s.Subject.RESULT, which=1),)),
    ],
    # Places
    "Open https://example.com/a?b=1": [s.GoTo("https://example.com/a?b=1")],
    "visit localhost:8000/shop/": [s.GoTo("localhost:8000/shop/")],
    "example.org": [s.GoTo("example.org")],
    "Go to Amazon": [s.GoTo("Amazon")],
    "Go to the shop.": [s.GoToShop()],
    "go back": [s.GoBack()],
    "Go back to the results": [s.GoBack()],
    "Take me to the home page": [s.GoHome()],
    "Refresh the page": [s.Reload()],
    "Go to the cart": [s.OpenCart()],
    "Show me my basket": [s.OpenCart()],
    "Proceed to checkout": [s.GoToCheckout()],
    # Searching
    "Please search for “salt and pepper”, thanks": [s.Search("salt and pepper")],
    "Find me a desk lamp": [s.Search("desk lamp")],
    "Look up women's shoes": [s.Search("women's shoes")],
    "Search for laptops on example.com": [s.GoTo("example.com"), s.Search("laptops")],
    "google weather in Bern": [s.Search("weather in Bern", "google")],
    "Find the cheapest wireless keyboard": [s.Search("wireless keyboard"), s.OpenResult(s.Best.CHEAPEST)],
    "Search for keyboards under $60": [s.Search("keyboards", at_most=Decimal(60))],
    "find a lamp that costs less than 39.90 euros": [s.Search("lamp", at_most=Decimal("39.90"))],
    "Buy a mug for under $10": [s.Search("mug", at_most=Decimal(10)), s.AddToCart(1), s.Buy()],
    "Search for 'mugs under $10'": [s.Search("mugs under $10")],
    # Results
    "Open the first result": [s.OpenResult(1)],
    "Click on the 3rd product": [s.OpenResult(3)],
    "open result number 2": [s.OpenResult(2)],
    "Open the last item in the list": [s.OpenResult(s.LAST)],
    "Open the best rated item": [s.OpenResult(s.Best.RATED)],
    "Compare the first two results": [s.Compare(2)],
    "Compare the first and second results": [s.Compare(2)],
    "Compare the top 3 products": [s.Compare(3)],
    "Compare Arc Lamp with Dusk Lamp": [s.Compare(names=("Arc Lamp", "Dusk Lamp"))],
    # Cart and buying
    "Add it to the cart": [s.AddToCart()],
    "Add to cart": [s.AddToCart()],
    "Put the cheapest one in my basket": [s.AddToCart(s.Best.CHEAPEST)],
    "Add 'Arc LED Desk Lamp' to the cart": [s.AddToCart(name="Arc LED Desk Lamp")],
    "Add two of the first result to the cart": [s.AddToCart(1, quantity=2)],
    "Add the first 2 results to the cart": [s.AddToCart(1), s.AddToCart(2)],
    "Remove the first item from the cart": [s.RemoveFromCart(1)],
    "Check out": [s.Buy()],
    "Checkout": [s.Buy()],
    "Buy it": [s.Buy()],
    "Pay": [s.Buy()],
    "Pay for it with the saved card": [s.Buy()],
    "Place the order": [s.Buy()],
    "Buy the second result": [s.AddToCart(2), s.Buy()],
    "Buy a desk lamp": [s.Search("desk lamp"), s.AddToCart(1), s.Buy()],
    # Signing in
    "Sign in": [s.SignIn()],
    "Log in to my account": [s.SignIn()],
    "Log in as ann@example.com with password s3cret!": [s.SignIn("ann@example.com", "s3cret!")],
    "Sign in with username ann and password demo.": [s.SignIn("ann", "demo")],
    "Sign out": [s.SignOut()],
    # Hands
    "Click Sign in": [s.Click("Sign in")],
    "Click the 'Add to cart' button": [s.Click("Add to cart", "button")],
    "Click the button labelled 'Next'": [s.Click("Next", "button")],
    "Open the Keyboards category": [s.Click("Keyboards")],
    "Type hello world into the message box": [s.TypeText("hello world", "message")],
    "Type 'go to bed, then sleep' into Name": [s.TypeText("go to bed, then sleep", "Name")],
    "Fill in Email with ann@example.com": [s.TypeText("ann@example.com", "Email")],
    "Fill the Password field with hunter2": [s.TypeText("hunter2", "Password")],
    "Set the quantity to 2": [s.TypeText("2", "quantity")],
    "Select 'Price: low to high' from 'Sort by'": [s.Select("Price: low to high", "Sort by")],
    "Sort the results by price": [s.Select("price", "sort")],
    "Press Enter": [s.PressKey("Enter")],
    "Press the down arrow 3 times": [s.PressKey("ArrowDown", 3)],
    "Press Continue": [s.Click("Continue")],
    "Untick the newsletter box": [s.Tick("newsletter", on=False)],
    # Moving and waiting
    "Scroll down": [s.Scroll()],
    "Scroll up twice": [s.Scroll(s.Direction.UP, 2)],
    "scroll to the bottom of the page": [s.Scroll(s.Direction.BOTTOM)],
    "Scroll down to Reviews": [s.ScrollTo("Reviews")],
    "Wait 3 seconds": [s.Wait(3)],
    "wait for 500 ms": [s.Wait(0.5)],
    "Wait for 'Thank you'": [s.WaitFor("Thank you")],
    "Wait until “Order placed” appears": [s.WaitFor("Order placed")],
    # Telling
    "Read the page": [s.ReadPage()],
    "Return the title": [s.Return((TITLE,))],
    "What is the price?": [s.Return((PRICE,))],
    "How much does it cost?": [s.Return((PRICE,))],
    "Return the page's title and the price": [s.Return((TITLE, PRICE))],
    "Tell me its price, title and rating": [s.Return((PRICE, TITLE, RATING))],
    "Return the address": [s.Return((s.Question(s.Subject.ADDRESS),))],
    "What's the cart total?": [s.Return((s.Question(s.Subject.CART_TOTAL),))],
    "Return the names of the first 3 results": [s.Return((s.Question(s.Subject.RESULT, count=3),))],
    "Get the price of the cheapest item": [s.Return((s.Question(s.Subject.PRICE, which=s.Best.CHEAPEST),))],
    "Tell me what the first result costs": [s.Return((s.Question(s.Subject.PRICE, which=1),))],
    "Count the results": [s.Return((s.Question(s.Subject.COUNT),))],
    "How many results are there?": [s.Return((s.Question(s.Subject.COUNT),))],
    "Return the order number": [s.Return((s.Question(s.Subject.LABELLED, label="order number"),))],
    "Return the shipping cost and the price": [
        s.Return((s.Question(s.Subject.LABELLED, label="shipping cost"), PRICE)),
    ],
    "What is in my cart?": [s.Return((s.Question(s.Subject.CART),))],
    # Several at once
    "Go to amazon.com, search for wireless keyboards, open the first result and return its price.": [
        s.GoTo("amazon.com"),
        s.Search("wireless keyboards"),
        s.OpenResult(1),
        s.Return((PRICE,)),
    ],
    "1. Go to the shop\n2. Search for lamps\n3) Open the cart": [s.GoToShop(), s.Search("lamps"), s.OpenCart()],
    "1. Go to the shop 2. Search for lamps": [s.GoToShop(), s.Search("lamps")],
    "- press Tab\n- type 'x'": [s.PressKey("Tab"), s.TypeText("x")],
    "First, go to the shop. Second, search for lamps; finally scroll down": [
        s.GoToShop(),
        s.Search("lamps"),
        s.Scroll(),
    ],
    "I want you to search for mugs and cups and then open the cart": [s.Search("mugs and cups"), s.OpenCart()],
    "Log in as a@b.cd with password demo, then check out": [s.SignIn("a@b.cd", "demo"), s.Buy()],
    "Search for U.S. layout keyboards. Read the page": [s.Search("U.S. layout keyboards"), s.ReadPage()],
    # Left undone or asked about
    "Add it to the cart but do not check out": [s.AddToCart()],
    "Open the cart. Don't buy anything.": [s.OpenCart()],
    "If it costs less than $50 then buy it": [s.Unclear("If it costs less than $50 then buy it")],
    "Search for keyboards, and if there is one under $50 add it to the cart": [
        s.Search("keyboards"),
        s.Unclear("and if there is one under $50 add it to the cart"),
    ],
    "Search for 'what if' books": [s.Search("what if books")],
    "Search for what if books": [s.Search("what if books")],
    "Make me a sandwich": [s.Unclear("Make me a sandwich")],
    "Frobnicate the page and go to the cart": [s.Unclear("Frobnicate the page"), s.OpenCart()],
    "Do not be evil": [s.Unclear("Do not be evil")],
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentence_means(sentence):
    assert parse(sentence) == SENTENCES[sentence]


@given(st.text(max_size=200))
def test_any_text_parses_and_nothing_is_lost_silently(text):
    steps = parse(text)
    assert steps or not any(character.isalnum() for character in text) or is_only_filler(text)


def test_a_last_paragraph_of_background_is_no_instruction():
    told = "Press Enter\n\nBackground: This goes on with other work.\nAlready done:\n- Search for 'mugs' → 6 results"
    assert parse(told) == [s.PressKey("Enter")]
    assert parse("Background: press Enter") != []


def is_only_filler(text):
    """Words like "please", list numbers and refusals carry no step."""
    return parse(f"Press Enter. {text}")[:1] == [s.PressKey("Enter")]


WORDS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="\"'“”‘’«»„`"), min_size=1)


@given(st.lists(WORDS, min_size=1, max_size=6).map(" ".join))
def test_quoted_text_is_never_read_as_an_instruction(text):
    assert parse(f'Search for "{text}"') == [s.Search(text)]
    assert parse(f"Open the cart and then type “{text}” into Name") == [s.OpenCart(), s.TypeText(text, "Name")]


CLAUSES = {
    "go to the shop": s.GoToShop(),
    "search for desk lamps": s.Search("desk lamps"),
    "open the first result": s.OpenResult(1),
    "add it to the cart": s.AddToCart(),
    "press Enter": s.PressKey("Enter"),
    "scroll down": s.Scroll(),
    "read the page": s.ReadPage(),
    "sign in": s.SignIn(),
    "return the title": s.Return((TITLE,)),
}


@given(
    st.lists(st.sampled_from(sorted(CLAUSES)), min_size=1, max_size=5),
    st.sampled_from([", ", " and ", ", and ", ", then ", " and then ", ". ", "; ", "\n", ". Then ", ". Please "]),
)
def test_every_way_to_join_clauses_gives_the_same_steps(clauses, joint):
    assert parse(joint.join(clauses)) == [CLAUSES[clause] for clause in clauses]


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.com / s3cret",
        "ann@example.com s3cret",
        "ann@example.com, s3cret",
        "ann@example.com:s3cret",
        "ann@example.com\ns3cret",
        "user ann@example.com password s3cret",
        "Email: ann@example.com\nPassword: s3cret",
        "my e-mail is ann@example.com and the password is s3cret",
        "username=ann@example.com, password=s3cret",
        '{"email": "ann@example.com", "password": "s3cret"}',
        '{"username": "ann@example.com", "pass": "s3cret"}',
        "password: 's3cret', user: ann@example.com",
        "  ann@example.com  /  “s3cret”  ",
    ],
)
def test_credentials_are_read_in_many_shapes(text):
    credentials = parse_credentials(text)
    assert credentials is not None
    assert (credentials.username, credentials.password) == ("ann@example.com", "s3cret")


def test_a_user_name_need_not_be_an_address():
    credentials = parse_credentials("ann / s3cret")
    assert credentials is not None
    assert (credentials.username, credentials.password) == ("ann", "s3cret")


@pytest.mark.parametrize("text", ["", "no", "ann@example.com", "I do not have any", "{}", "[1]", "password: x"])
def test_half_a_sign_in_is_none(text):
    assert parse_credentials(text) is None


@given(st.text(max_size=120))
def test_any_answer_can_be_read_as_credentials_or_not(text):
    parse_credentials(text)


def test_credentials_do_not_show_themselves():
    assert "s3cret" not in repr(parse_credentials("ann / s3cret"))
    assert "s3cret" not in repr(parse("Log in as ann with password s3cret"))
    assert "s3cret" not in redact("Authenticate ann with the password s3cret quickly")


@pytest.mark.parametrize("text", ["yes", "Yes, go ahead", "ok", "OK.", "approve", "Approved", "go on", "sure, do it"])
def test_yes(text):
    assert read_answer(text) is Answer.YES


@pytest.mark.parametrize("text", ["no", "No, thanks", "stop", "don't", "cancel it", "do not buy it", "not now"])
def test_no(text):
    assert read_answer(text) is Answer.NO


@pytest.mark.parametrize(
    "text", ["", "yes but only one of them", "maybe", "ok, remove the lamp first", "what does it cost?", "yesterday"]
)
def test_anything_else_is_no_consent(text):
    assert read_answer(text) is Answer.OTHER
