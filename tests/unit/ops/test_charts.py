import re
from xml.etree import ElementTree

from divescore.ops.charts import COLOURS, FAINT, INK, drawn, inline_svg, svg


def picture(inline: bool = False) -> str:
    with drawn(4, 3) as figure:
        axes = figure.subplots()
        axes.plot([0, 1, 2], [3, 1, 2], label="dives")
        axes.set_title("Dives & scores")
        return (inline_svg if inline else svg)(figure, "Three dives")


def test_the_same_data_gives_the_same_bytes() -> None:
    assert picture() == picture()


def test_text_stays_text_and_a_screen_reader_has_a_title() -> None:
    text = picture()
    assert "Dives &amp; scores" in text
    assert "Three dives" in text


def test_nothing_of_the_day_or_the_machine_is_in_it() -> None:
    assert "dc:date" not in picture()


def test_in_a_page_it_takes_the_page_s_colours_and_font() -> None:
    text = picture(inline=True)
    colours = set(re.findall(r"var\(--\w+,(#\w+)\)", text))
    assert colours == {INK, FAINT, COLOURS[0]}
    assert re.sub(r"var\(--\w+,#\w+\)", "", text).count("#") == text.count("url(#")  # and has no others
    assert "font-family" not in text


def test_in_a_page_it_is_one_small_element_with_a_title() -> None:
    text = picture(inline=True)
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "Three dives"
    assert "Dives &amp; scores" in text
    assert len(text) < 0.6 * len(picture())
