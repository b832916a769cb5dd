from html.parser import HTMLParser

from minigrad import nn


class Outline(HTMLParser):
    """Checks that every element is closed, and collects text and depth."""

    def __init__(self, html):
        super().__init__()
        self.open, self.rows, self.deepest = [], [], 0
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.deepest = max(self.deepest, self.open.count("details"))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.rows.append(data)


def test_modules_unfold_and_count_their_parameters():
    model = nn.Sequential(nn.Linear(1000, 2), nn.Sequential(nn.ReLU(), nn.Linear(2, 2)))
    html = model._repr_html_()
    outline = Outline(html)
    assert outline.deepest == 2
    text = "".join(outline.rows)
    assert "Sequential2,008 parameters" in text
    assert "0 Linear(in_features=1000, out_features=2, bias=True)2,002 parameters" in text
    assert "ReLU0 parameters" not in text
    assert html.count("<details open") == 1


def test_text_is_escaped():
    class Odd(nn.Module):
        def extra_repr(self):
            return "<b>&"

    assert "(&lt;b&gt;&amp;)" in Odd()._repr_html_()
    assert Outline(Odd()._repr_html_()).deepest == 0
