"""The picture of a burst: scores shown, dives that wait and workers at work, over minutes."""

from collections.abc import Sequence

from divescore.lab.capacity.burst import Scenario
from divescore.ops.charts import drawn, svg

DASHES = ("-", "--", ":", "-.", (0, (5, 1)))


def picture(jobs: int, seconds: float, scenarios: Sequence[Scenario]) -> str:
    """The scenarios as one SVG element. The first, which may take far longer than the others, is cut where they end."""
    longest = max(scenario.trace.times[-1] for scenario in scenarios[1:] or scenarios)
    title = f"{jobs:,} uploads within {seconds / 60:g} minutes"
    with drawn(9, 11) as figure:
        figure.suptitle(title, fontsize="large")
        panels = figure.subplots(3, sharex=True)
        for scenario, dashes in zip(scenarios, DASHES, strict=False):
            trace = scenario.trace
            minutes = [time / 60 for time in trace.times if time <= longest]
            for axes, values in zip(panels, (trace.done, trace.waiting, trace.busy), strict=True):
                axes.plot(minutes, values[: len(minutes)], linestyle=dashes, label=scenario.name)
        for axes, name, unit in zip(
            panels,
            ("Scores shown", "Waiting for a worker", "Workers at work"),
            ("dives", "dives", "at once"),
            strict=True,
        ):
            axes.set(title=name, ylabel=unit, xlim=0, ylim=0)
            axes.yaxis.set_major_formatter("{x:,.0f}")
        panels[-1].set_xlabel("minutes")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left")
        return svg(figure, title)
