"""The report's page: it is whole, stands alone, and shows."""

import base64
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.image import imread

from marsjax.eval.families import MEAN
from marsjax.plot.evaluation_all import PICTURES, png_of
from marsjax.plot.evaluation_scores import score_overview
from marsjax.plot.page import html_page, terminal_summary
from marsjax.plot.page_parts import MISSING, figures_of, standing
from marsjax.plot.page_summary import standings
from tests.plot.evaluation_report import make_report

VOID = {"meta", "img", "br", "link", "hr", "input"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--hide-scrollbars --window-size=1000,1800"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'


class Page(HTMLParser):
    """What is in a page; fails on tags that are not balanced."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes another"

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def report():
    return make_report()


@pytest.fixture(scope="module")
def page(report):
    """With one picture of two kinds, so that drawing does not take long."""
    shown = dict.fromkeys(PICTURES, SVG)
    return html_page(report, shown | {"scores": png_of(score_overview(report), 60)})


def test_stands_alone(page):
    found = Page(page)
    for _, attributes in found.tags:
        for name in ("src", "href", "srcset", "action", "poster", "data"):
            target = attributes.get(name)
            assert target is None or target.startswith(("data:", "#")), target
    assert "http" not in page.replace(base64.b64encode(SVG).decode(), "")
    assert "url(" not in page and "@import" not in page
    assert not found.all("script") and not found.all("link")
    assert len(found.all("img")) == len(PICTURES) == len(found.all("figcaption"))
    for image in found.all("img"):
        assert len(image["alt"]) > 20
    ids = [a["id"] for _, a in found.tags if "id" in a]
    assert len(set(ids)) == len(ids)
    for link in found.all("a"):
        assert link["href"][1:] in ids


def test_is_semantic_and_escaped(page, report):
    found = Page(page)
    assert len(found.all("h1")) == 1 and len(found.all("h2")) >= 8
    assert len(found.all("table")) == len(found.all("caption"))
    assert {cell.get("scope") for cell in found.all("th")} == {"row", "col"}
    assert found.all("html") == [{"lang": "en"}]
    words = " ".join(found.words)
    assert report["title"] in words and "zero <intel>" in words
    assert "<intel>" not in page and "longest match <b>" in words
    assert "prefers-color-scheme: dark" in page and "@media print" in page


def test_tells_the_result(page, report):
    words = " ".join(" ".join(Page(page).words).split())
    # 24 scores of distributions in three metrics, one of them without a number.
    where = standings(report["systems"]["model"])
    assert sum(map(len, where.values())) == 27
    assert f"is at the floor in {len(where['at'])} of 27 scores (1 could not" in words
    assert "over the floor, distributions (L1), is 0.010 [-0.002, 0.022]" in words
    assert "3 events at <one-sided> books" in words
    assert "Is model nearer to real data?" in words
    assert report["warnings"][0] in words
    assert "ab" * 32 in words and "marsjax <x>" in words
    assert "Could not be computed (1)" in words and "volume per minute." in words
    assert "0.610 [0.550, 0.660]" in words and "0.5: no better" in words
    for score in report["systems"]["replay"][:5]:
        assert figures_of(score["excess"][0]) in words


def test_what_is_missing_is_said():
    page = html_page({"title": "none", "systems": {}}, {})
    words = " ".join(Page(page).words)
    assert "holds no system" in words and "No picture" in words
    assert "No stylised fact" in words
    one = {"systems": {"a": [_score([None] * 3)]}}
    words = " ".join(Page(html_page(one, {})).words).lower()
    assert not re.search(r"nan|none", words) and MISSING in words


def _score(excess, name="spread", metric="L1") -> dict:
    estimates = {"value": [0.1, 0, 0.2], "floor": [0.1, 0, 0.2], "excess": excess}
    return {"name": name, "family": "marginal", "metric": metric, **estimates}


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ([0.2, 0.1, 0.3], "above"),
        ([0.2, -0.1, 0.3], "at"),
        ([-0.2, -0.3, -0.1], "below"),
        ([0.2, None, None], "unknown"),
        (None, "unknown"),
    ],
)
def test_standing(value, where):
    assert standing(value) == where


def test_terminal_summary():
    scores = [
        _score([0.2, 0.1, 0.3]),
        _score([0.0, -0.1, 0.1], metric="W1"),
        _score([0.0, -0.1, 0.1], "imbalance"),
        _score([-0.4, -0.5, -0.3], "depth"),
        _score([None] * 3, "level"),
        _score([0.1, 0.0, 0.2], MEAN + "distributions"),
        _score([-0.3, -0.4, -0.2], "returns", "overlap"),
    ]
    fact = {"name": "heavy tails", "verdict": "holds"}
    other = {"name": "leverage", "verdict": "cannot tell"}
    report = {
        "systems": {"model": scores, "replay": []},
        "facts": {"reference": [fact, other], "model": [fact, other]},
    }
    rows = {row.pop(""): row for row in terminal_summary(report)}
    missing = {"replay": MISSING}
    assert rows["excess, distributions (L1)"] == {
        "model": "0.100 [0.000, 0.200]",
        **missing,
    }
    assert rows["scores at the floor"] == {"model": 2, "replay": 0}
    assert rows["scores above it"] == {"model": 2, "replay": 0}
    assert rows["scores not computed"] == {"model": 1, "replay": 0}
    assert rows["facts: holds"] == {"model": 1, **missing}
    assert rows["facts as in real data"] == {"model": "1 of 1", **missing}


def screenshot(browser, page, path, tmp_path, *more) -> np.ndarray:
    """A page in headless Chromium as grey values, ``[height, width]``."""
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    options = OPTIONS.split()
    command = [browser, *options, *more, f"--user-data-dir={tmp_path / 'profile'}"]
    command += [f"--screenshot={path}", (tmp_path / "page.html").as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return imread(path)[..., :3].mean(axis=-1)


def test_shows_in_a_browser(page, tmp_path):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"needs one of {', '.join(BROWSERS)} to open the page")
    light = screenshot(browser, page, tmp_path / "light.png", tmp_path)
    assert light.shape == (1800, 1000)
    assert np.median(light) > 0.95 and 0.01 < (light < 0.5).mean() < 0.5
    assert (light < 0.5).any(axis=1)[:900].mean() > 0.2  # text from the top on
    dark_on = "--blink-settings=preferredColorScheme=0"
    dark = screenshot(browser, page, tmp_path / "dark.png", tmp_path, dark_on)
    assert np.median(dark) < 0.2 and (dark > 0.6).mean() > 0.01
