"""Answers what the page says, in a sentence or a short list."""

import asyncio
import re
from typing import Any

from agent_service.agent.interface import TaskFailed
from agent_service.agent.seeing import LOOK_SECONDS, PageView, Result
from agent_service.agent.skills.carting import go_to_cart
from agent_service.agent.skills.searching import choice_name, choose, no_more, results
from agent_service.agent.steps import Question, ReadPage, Return, Subject
from agent_service.agent.work import Work

READ_LINES = 24
LINKS = 20
MENTIONS = 3
PLAIN_FACTS = {Subject.TITLE, Subject.HEADING, Subject.ADDRESS, Subject.NAME, Subject.PRICE, Subject.RATING}
# Finds a value by its label: a term's description, the cell next to a heading cell, or "Name: value".
VALUE_OF = """
(wanted) => {
  const squeeze = (text) => (text || "").replace(/\\s+/g, " ").trim();
  const plain = (text) => squeeze(text).toLowerCase().replace(/[^\\p{L}\\p{N}]+/gu, " ").trim();
  const target = plain(wanted);
  const root = document.querySelector("main, [role=main]") || document.body;
  for (const el of root.querySelectorAll("dt, th, td, label, b, strong, span, p, div, li, h2, h3, h4")) {
    const own = squeeze(el.innerText);
    if (!own || own.length > 200 || !el.checkVisibility()) continue;
    const cut = own.indexOf(":");
    const after = squeeze(own.slice(cut + 1));
    if (cut > 0 && plain(own.slice(0, cut)) === target && after) return after;
    if (plain(own) !== target && plain(own.replace(/\\(.*?\\)/g, "")) !== target) continue;
    const field = el.control;
    const next = field ? field.value : el.nextElementSibling?.innerText;
    if (squeeze(next)) return squeeze(next).slice(0, 400);
  }
  return "";
}
"""


async def tell(work: Work, step: Return) -> str:
    answers = [await answer(work, question) for question in step.questions]
    if len(answers) > 1:
        answers = [with_name(question, text) for question, text in zip(step.questions, answers, strict=True)]
    return "\n".join(answers)


def with_name(question: Question, text: str) -> str:
    """Prefix an answer with its name, to tell several answers apart."""
    if question.subject in PLAIN_FACTS and question.which is None and "\n" not in text:
        return f"{question.subject.name.capitalize()}: {text}"
    return text


async def answer(work: Work, question: Question) -> str:
    about_results = question.subject is Subject.RESULT or question.which is not None
    if question.subject in {Subject.CART, Subject.CART_TOTAL}:
        view = await cart_or_order(work)
    else:
        view = await (results(work) if about_results else work.see())
    await work.say(f"I will read {what_is_read(question)} from “{view.name}”.")
    await work.act("read_page", view.name, "read the page", no_more, leads=False)
    if question.subject is Subject.LABELLED:
        return await labelled_value(work, view, question.label)
    if about_results:
        return of_results(view, question)
    return of_page(view, question.subject)


def what_is_read(question: Question) -> str:
    if question.subject is Subject.LABELLED:
        return f"“{question.label}”"
    if question.count:
        return f"the first {question.count} results"
    name = question.subject.name.lower().replace("_", " ")
    if question.which is None:
        return f"the {name}"
    of = choice_name(question.which)
    return of if question.subject is Subject.RESULT else f"the {name} of {of}"


async def cart_or_order(work: Work) -> PageView:
    """Look at the cart, unless the page shows a total of its own (a checkout or a confirmation)."""
    view = await work.see()
    return view if view.total else await go_to_cart(work)


def of_results(view: PageView, question: Question) -> str:
    if question.which is None:
        lines = [f"{at}. {result.described}" for at, result in enumerate(view.results[: question.count], start=1)]
        return "\n".join(lines)
    result = choose(view, question.which)
    return of_result(result, question.subject)


def of_result(result: Result, subject: Subject) -> str:
    match subject:
        case Subject.PRICE:
            return f"{result.title}: {result.price}" if result.price else missing("price", result.title)
        case Subject.RATING:
            return f"{result.title}: {result.rating} out of 5" if result.rating else missing("rating", result.title)
        case Subject.NAME:
            return result.title
        case _:
            return result.described


def of_page(view: PageView, subject: Subject) -> str:
    match subject:
        case Subject.TITLE:
            return view.title or missing("title", view.url)
        case Subject.HEADING:
            return view.heading or missing("heading", view.name)
        case Subject.ADDRESS:
            return view.url
        case Subject.NAME:
            return view.name
        case Subject.LINKS:
            return "\n".join(view.links[:LINKS]) or missing("link", view.name)
        case Subject.TEXT:
            return reading(view)
        case Subject.COUNT:
            return counted(view)
        case _:
            return figure(view, subject)


def figure(view: PageView, subject: Subject) -> str:
    match subject:
        case Subject.PRICE:
            return view.price or price_of_first(view)
        case Subject.RATING:
            return f"{view.rating} out of 5" if view.rating else missing("rating", view.name)
        case Subject.CART:
            items = "\n".join(f"- {item}" for item in view.order_items)
            return f"{view.name}: {view.total or 'no total'}\n{items}".strip()
        case _:
            return f"The total is {view.total}." if view.total else missing("total", view.name)


def price_of_first(view: PageView) -> str:
    priced = next((result for result in view.results if result.price), None)
    return f"{priced.title}: {priced.price}" if priced else missing("price", view.name)


def counted(view: PageView) -> str:
    count = view.result_count
    return f"There {'is' if count == 1 else 'are'} {count} {'result' if count == 1 else 'results'} on “{view.name}”."


def missing(what: str, where: str) -> str:
    raise TaskFailed(f"I could not find a {what} on “{where}”.")


async def labelled_value(work: Work, view: PageView, label: str) -> str:
    async with asyncio.timeout(LOOK_SECONDS):
        found: Any = await work.page.evaluate(VALUE_OF, label)
    if value := str(found):
        return f"{label[:1].upper()}{label[1:]}: {value}"
    if mentions := mentioning(view, label):
        return f"The page does not name “{label}”, but it says: {'; '.join(mentions)}"
    starts = "; ".join(line[:60] for line in view.lines[:6])
    raise TaskFailed(f"I could not find “{label}” on “{view.name}”. The page begins: {starts}")


def mentioning(view: PageView, label: str) -> list[str]:
    """The first few short lines that hold the most words of the label."""
    words = {word for word in re.findall(r"\w+", label.lower()) if len(word) > 3}
    lines = [(len(words & set(re.findall(r"\w+", line.lower()))), line) for line in view.lines if len(line) < 200]
    most = max((count for count, _ in lines), default=0)
    return [line for count, line in lines if count and count == most][:MENTIONS]


async def read_page(work: Work, step: ReadPage) -> str:
    view = await work.see()
    await work.say(f"I will read “{view.name}”.")
    await work.act("read_page", view.name, "read the page", no_more, leads=False)
    return reading(view)


def reading(view: PageView) -> str:
    body = "\n".join(view.lines[:READ_LINES])
    more = "\n…" if len(view.lines) > READ_LINES else ""
    return f"{view.title}\n{body}{more}".strip() or "The page is empty."
