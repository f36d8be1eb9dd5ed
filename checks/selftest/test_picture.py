"""The pictures: whatever they show, they are well-formed, and those of the kit are as they are drawn now."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from lab.picture import MOST_ROWS, figure, of_story, short
from typed import TOP

STORY = ['alice -> {"type": "join", "user": "alice"}', 'alice <- {"type": "system", "text": "alice has joined"}',
         "bob -- breaks off (reset)", "... 12 steps ...", 'the next bob -> {"type": "chat", "text": "<script>alert(1)</script> & \\u0000"}   (3 times)']
THREADS = ["thread of bob: sends to alice, holds `lock` since server.py:24, at server.py:28 in broadcast",
           "thread of carol: waits for `lock` (the thread of bob holds it since server.py:24), at server.py:24 in broadcast"]


def words_of(svg):
    """All texts of a picture, which is read as XML."""
    return [one.text for one in ElementTree.fromstring(svg).iter() if one.tag.endswith("}text")]


def test_a_story_is_drawn():
    words = words_of(of_story("a title", STORY, THREADS, "carol gets no answer"))
    assert {"alice", "bob", "server", "join alice", "system alice has joined", "breaks off (reset)", "…", "carol gets no answer"} <= set(words)
    assert any(word.startswith("thread of carol: waits for `lock`") for word in words)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\0\x1b[31m", "\udcff\ud800", "]]>", '"' * 300, "Алёна 🎉", ""])
def test_whatever_was_said(text):
    words_of(of_story(text, [f"{text or 'x'} -> {text}", f"bob -- {text}", f"bob <- {text}"], [text], text))
    html = figure("05_broadcast", {"rule": "05.1", "title": text, "verdict": "failed", "message": text or "x", "transcript": [f"bob -> {text}"],
                                   "detail": [("Where your server stands", [text])]})
    assert html.startswith("<img ") and html.count("<") == 1 and html.count(">") == 1


def test_a_long_story_loses_its_middle():
    words = words_of(of_story("a title", [f"alice -> {number}" for number in range(500)]))
    assert "0" in words and "499" in words and "250" not in words and len(words) <= MOST_ROWS + 4


def test_no_story_no_picture():
    assert figure("01_echo", {"rule": "01.1", "title": "", "verdict": "failed", "message": "", "transcript": []}) == ""


def test_a_message_in_a_few_words():
    assert short('{"type": "chat", "user": "bob", "text": "hi"}') == "chat bob: hi"
    assert short('{"type": "dance"}') == '{"type": "dance"}'
    assert short("hello") == "hello" and short("7") == "7" and short("[" * 9999) == "[" * 9999


def test_assets_are_as_they_are_drawn_now():
    """If not: python -m assets, and look at what has changed."""
    done = subprocess.run([sys.executable, "-m", "assets", "--check"], cwd=TOP, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
