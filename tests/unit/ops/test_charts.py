from divescore.ops.charts import drawn, svg


def picture() -> str:
    with drawn(4, 3) as figure:
        axes = figure.subplots()
        axes.plot([0, 1, 2], [3, 1, 2], label="dives")
        axes.set_title("Dives & scores")
        return svg(figure, "Three dives")


def test_the_same_data_gives_the_same_bytes() -> None:
    assert picture() == picture()


def test_text_stays_text_and_a_screen_reader_has_a_title() -> None:
    text = picture()
    assert "Dives &amp; scores" in text
    assert "Three dives" in text


def test_nothing_of_the_day_or_the_machine_is_in_it() -> None:
    assert "dc:date" not in picture()
