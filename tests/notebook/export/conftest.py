"""A book, asked as the page asks it."""

from __future__ import annotations

import json

import pytest

from lellm_nb.notebook.export.html import data_text
from tests.notebook.page_scripts import asking

ASK = """
import { bookModel } from "./offline/model.js";
import { readFileSync } from "node:fs";
const { book, line, questions } = JSON.parse(readFileSync(0, "utf8"));
const model = bookModel(book);
const replies = [];
const hear = (message) => message.kind === "reply" && replies.push(message.answer);
model.on("msg:custom", hear);
model.send({ do: "line", line });
questions.forEach((question, at) => model.send({ ...question, re: String(at + 1) }));
setTimeout(() => process.stdout.write(JSON.stringify(replies)), 0);
"""


@pytest.fixture(scope="module")
def ask_book(tmp_path_factory):
    """Ask a book in a JavaScript engine, as the page does."""
    program = asking(tmp_path_factory.mktemp("book"), ASK)

    def ask(book, line, questions):
        return program({"book": json.loads(data_text(book)), "line": line, "questions": questions})

    return ask
