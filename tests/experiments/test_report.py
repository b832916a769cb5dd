"""Tables and pages."""

from experiments.report import draw_curves, html_table, text_table, write_page

ROWS = [{"epoch": i, "train_loss": 1 / i, "test_loss": 1.1 / i, "test_accuracy": i / 10} for i in (1, 2, 3)]


def test_text_table_lines_up():
    lines = text_table(["name", "n"], [["a", "1"], ["longer", "22"]]).splitlines()
    assert lines == ["name     n", "------  --", "a        1", "longer  22"]


def test_html_is_escaped():
    assert "<td>&lt;b&gt;</td>" in html_table(["x"], [["<b>"]])


def test_a_page_carries_its_picture(tmp_path):
    draw_curves({"A": [ROWS, ROWS], "B": [ROWS]}, tmp_path / "c.png")
    write_page(tmp_path / "p.html", "A & B", [("Part", "<p>text</p>")], tmp_path / "c.png")
    page = (tmp_path / "p.html").read_text()
    assert "<title>A &amp; B</title>" in page
    assert "data:image/png;base64,iVBOR" in page
    write_page(tmp_path / "q.html", "none", [])
    assert "<img" not in (tmp_path / "q.html").read_text()
