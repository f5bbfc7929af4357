# SPDX-License-Identifier: Apache-2.0
"""pictor explain and pictor url: what a URL means, and how it is said."""
import base64
import json

import pytest

from cli import bad, good, run


def dit(request):
    return "/dit/" + base64.b64encode(json.dumps(request).encode()).decode()


def read_dit(url):
    assert url.startswith("/dit/")
    return json.loads(base64.b64decode(url[5:]))


# ---- explain ----

def test_explain_says_all():
    text = good("explain", "/a/cat.jpg?w=300&rotate=90&blur=2&keep=icc")
    for line in ("mount  query at /, language query",
            "  1. a/cat.jpg is read from the store files.",
            "  2. autoorient: ", "  3. rotate: ", "       angle = 90 degrees",
            "  4. resize: ", "       width = 300 px", "       fit = inside",
            "  5. blur: ", "       sigma = 2 px", "keep = icc"):
        assert line in text
    assert "key    " in text and "cost   about " in text
    assert max(map(len, text.splitlines())) < 80


def test_explain_with_accept():
    one = good("explain", "/a.jpg?format=auto")
    two = good("explain", "--accept", "image/webp", "/a.jpg?format=auto")
    assert "webp" not in one.split("What happens")[0]
    assert "accepts=jpeg,png,webp,gif" in two.replace("\n       ", " ")


def test_explain_of_what_is_stored():
    assert "The stored bytes are answered as they are." in \
        good("explain", dit({"key": "a.jpg"}))


@pytest.mark.parametrize("url, line", [
    ("/a.jpg?widht=3", "there is no such parameter: widht=3; accepted: a "
        "parameter of pictor-url(7); did you mean width?"),
    ("/a.jpg?w=0", "a parameter has a value that is not accepted: w=0; "
        "accepted: a whole number from 1 to 65535 px"),
    ("a.jpg", "a URL starts with / or with http://"),
])
def test_explain_refuses(url, line):
    assert bad(1, "explain", url) == line


def test_explain_in_other_words():
    """DIT names no range, but the error that its clients know."""
    assert bad(1, "explain", dit({"key": "a.jpg", "edits": {"blur": -1}})) \
        == ("a parameter has a value that is not accepted: blur; the server "
            "answers ProcessingFailure")


def test_explain_with_a_configuration(tmp_path):
    conf = tmp_path / "c.conf"
    conf.write_text("[store.pictures]\nroot = .\n"
        "[mount.site]\npath = /img/\nstores = pictures\nmax_width = 100\n")
    text = good("explain", "-c", conf, "https://x.example/img/a.jpg?w=100")
    assert "mount  site at /img/" in text and "store pictures" in text
    assert "w" in bad(1, "explain", "-c", conf, "/img/a.jpg?w=101")


# ---- url ----

def test_url_is_made():
    assert good("url", "b/cat 1ä.jpg", "w=300", "fit=inside", "format=webp") \
        == "/b/cat%201%C3%A4.jpg?width=300&format=webp\n"
    assert good("url", "a.jpg") == "/a.jpg\n"
    assert good("url", "--base", "https://x.example/", "a.jpg", "w=5") \
        == "https://x.example/a.jpg?width=5\n"


def test_url_is_shortened():
    assert good("url", "http://h/a.jpg?h=20&w=30&autoorient=true&fit=cover") \
        == "/a.jpg?width=30&height=20\n"


def test_url_is_checked():
    assert "did you mean width" in bad(1, "url", "a.jpg", "widht=3")
    assert "w=0" in bad(1, "url", "a.jpg", "w=0")
    assert "did you mean dit" in bad(1, "url", "a.jpg", "-d", "ditt")


def test_url_of_a_url_takes_no_parameters():
    assert bad(1, "url", "/a.jpg", "w=3") == \
        "parameters stand in the URL, not behind it"


def test_url_in_the_same_language():
    request = {"key": "a.jpg", "edits": {"flip": True, "resize": {"width": 9}}}
    said = read_dit(good("url", "-d", "dit", dit(request)).strip())
    assert said["key"] == "a.jpg" and said["edits"]["flip"] is True
    assert said["edits"]["resize"]["width"] == 9
    # Behind --from the mount's path may be left out.
    assert good("url", "-d", "dit", "--from", "dit", dit(request)[4:]) \
        == good("url", "-d", "dit", dit(request))


def test_translation_says_what_differs():
    line = bad(1, "url", "-d", "dit", "a.jpg", "w=300")
    assert line.endswith("--near prints the nearest that it can say")
    done = run("url", "--near", "-d", "dit", "a.jpg", "w=300", "flip=true")
    assert done.returncode == 0
    said = read_dit(done.stdout.strip())
    assert said["edits"]["resize"]["width"] == 300 and said["edits"]["flip"]
    assert "asked: resize sizing=exact" in done.stderr
    assert "said:  resize sizing=sharp" in done.stderr
    back = run("url", "--near", done.stdout.strip())
    assert back.returncode == 0
    assert "width=300" in back.stdout and "flip=true" in back.stdout


@pytest.mark.parametrize("word", ["auto", "info"])
def test_a_format_that_the_other_language_lacks(word):
    done = run("url", "--near", "-d", "dit", "a.jpg", "w=9", f"format={word}")
    assert done.returncode == 0, done.stderr
    assert read_dit(done.stdout.strip())["edits"]["resize"]["width"] == 9
    assert f"asked: out format={word}" in done.stderr
    assert "said:  " in done.stderr and "out format=same" in done.stderr


def test_url_with_a_configuration(tmp_path):
    conf = tmp_path / "c.conf"
    conf.write_text("[mount.site]\npath = /img/\nmax_width = 100\n")
    assert good("url", "-c", conf, "a.jpg", "w=100") == \
        "/img/a.jpg?width=100\n"
    bad(1, "url", "-c", conf, "a.jpg", "w=101")
    assert bad(1, "url", "-c", conf, "-d", "dit", "a.jpg") == \
        "no mount of the configuration has the language dit"


def test_a_path_that_has_a_url_in_it(tmp_path):
    conf = tmp_path / "c.conf"
    conf.write_text("[store.web]\ntype = http\nallow = https://h.example/\n"
        "[mount.web]\npath = /\nstores = web\n")
    text = good("explain", "-c", conf, "/https://h.example/a.jpg?w=9")
    assert "1. https://h.example/a.jpg is read from the store web." in text
    text = good("explain", "/a.jpg?overlay=https://h.example/b.png")
    assert "1. a.jpg is read from the store files." in text


def test_a_url_that_names_no_host(tmp_path):
    conf = tmp_path / "c.conf"
    conf.write_text("[store.web]\ntype = http\nendpoint = http://h.example/\n"
        "[mount.web]\npath = /\nstores = web\n")
    url = good("url", "-c", conf, "//b.example//a.jpg?w=9")
    assert url == "/%2Fb.example//a.jpg?width=9\n"
    assert good("url", "-c", conf, url.strip()) == url
