"""Cells: what too few stand behind is withheld and said to be."""

from bench.html_cells import HEAD, distribution, facts, ms, share, table, timed
from bench.summary import distribution as summed
from bench.summary import rate


def test_rates_of_fewer_than_ten_events_are_withheld():
    assert "withheld, n 9" in share(rate([True] * 9)) and "100" not in share(rate([True] * 9))
    assert "90.0 %" in share(rate([True] * 9 + [False])) and "9 of 10" in share(rate([True] * 9 + [False]))


def test_percentiles_of_fewer_than_ten_and_p99_of_fewer_than_300_are_withheld():
    few = distribution(summed({"a": [0.1] * 9}))
    assert few[0] == "9" and "withheld, n &lt; 10" in few[1] and not any("100 ms" in cell for cell in few)
    some = distribution(summed({"a": [0.1] * 150, "b": [0.2] * 149}))
    assert "withheld, n &lt; 300" in some[4] and "200 ms" in some[5]
    many = distribution(summed({"a": [0.1] * 150, "b": [0.2] * 150}))
    assert many[4] == "200 ms"


def test_text_in_names_and_captions_cannot_become_markup():
    told = table("<b>caption", ("<i>",), [("row", "cell")]) + facts([("<u>", "<script>")])
    assert "<b>" not in told and "<i>" not in told and "<script>" not in told and "&lt;script&gt;" in told


def test_a_table_without_rows_is_nothing_and_a_negative_time_keeps_its_sign():
    assert table("caption", ("a",), []) == ""
    assert ms(-0.0504) == "−50 ms"


def test_a_table_is_the_same_on_the_page_and_in_markdown():
    from bench.html_cells import Table

    found = Table("caption", ("", "value"), (("<strong>a|b</strong>", "1 &lt; 2"),), "note <i>")
    assert "<strong>a|b</strong>" in found.html() and "note &lt;i&gt;" in found.html()
    assert "| a\\|b | 1 &lt; 2 |" in found.markdown() and "note &lt;i>" in found.markdown()
    assert Table("caption", ("", "value"), ()).html() == Table("caption", ("",), ()).markdown() == ""


def test_a_column_in_which_all_is_withheld_becomes_a_sentence():
    few, some, many = (("row", *distribution(summed({"a": [0.1] * count}))) for count in (9, 299, 300))
    found = timed("caption", ("scenario", *HEAD), [few, some], "More.")
    assert "p99" not in found.head and all(len(row) == len(found.head) for row in found.rows)
    assert found.note == "More. No 99th percentile: n < 300 in every row." and found.rows[1][-1] == "100 ms"
    kept = timed("caption", ("scenario", *HEAD), [few, some, many], "More.")
    assert kept.head == ("scenario", *HEAD) and kept.note == "More." and "withheld" in kept.rows[1][5]
